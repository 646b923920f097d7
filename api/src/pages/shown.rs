//! A job with all that its pages show: read once, rendered as a page, as the part that changes, or as a card.

use domain::{capability::CapabilityKind, id::JobId, pricing::Charge};
use projections::rows::{JobEventRow, JobRow};
use serde_json::Value;
use store::contents::TextKind;
use templates_maud::{
    Words,
    portal::job::{Answer, JobShown, Media},
};

use uuid::Uuid;

use crate::{
    caller::Caller,
    error::{ApiError, ApiResult},
    generation::{
        jobs::{in_words, present, receipt},
        watch::whole_job_of,
    },
    state::AppState,
};

/// Everything about a job that its pages show.
pub struct Loaded {
    row: JobRow,
    events: Vec<JobEventRow>,
    params: Value,
    media: Vec<Media>,
    answers: Vec<Answer>,
    charge: Option<Charge>,
    failure: Option<String>,
    progress: Option<u8>,
    usual_ms: Option<u64>,
    once: String,
}

impl Loaded {
    /// Reads a job of the caller's tenant.
    ///
    /// # Errors
    /// `not_found`, also for a job of another tenant; when the database is out of reach.
    pub async fn read(state: &AppState, caller: &Caller, job_id: &str) -> ApiResult<Self> {
        let (row, events, job) = whole_job_of(state, caller, job_id).await?;
        let id: JobId = job_id.parse().map_err(|_| ApiError::not_found("job"))?;
        let contents = &state.parts.dispatcher.parts().contents;
        let params = contents.job_inputs(&id).await?.map_or(Value::Null, |inputs| inputs.params);
        let answers = contents.texts(&id).await?.into_iter().flat_map(|text| answers(text.kind, &text.body)).collect();
        let view = present(state, &row, Value::Null);
        let kind = row.capability.parse::<CapabilityKind>().ok();
        let usual_ms = kind.and_then(|kind| state.pulses.of(&row.model, kind).median_ms);
        let once = Uuid::now_v7().to_string();
        let media = view.outputs.into_iter().map(|output| Media {
            size: output.width.zip(output.height),
            asset_id: output.asset_id,
            url: output.url,
            content_type: output.content_type,
            bytes: output.bytes,
        });
        let charge = receipt::explained(state, &job);
        let failure = row.error_code.as_deref().map(in_words);
        Ok(Self {
            events,
            params,
            media: media.collect(),
            answers,
            charge,
            failure,
            progress: view.progress,
            usual_ms,
            once,
            row,
        })
    }

    /// As `GET /v1/jobs/{id}` answers.
    #[must_use]
    pub fn raw(&self, state: &AppState) -> String {
        let view = present(state, &self.row, self.params.clone());
        serde_json::to_string_pretty(&view).unwrap_or_default()
    }

    /// As its pages show it.
    #[must_use]
    pub fn shown<'a>(&'a self, words: &'static Words, form_token: &'a str) -> JobShown<'a> {
        JobShown {
            words,
            form_token,
            job: &self.row,
            events: &self.events,
            params: &self.params,
            media: &self.media,
            answers: &self.answers,
            charge: self.charge.as_ref(),
            failure: self.failure.as_deref(),
            progress: self.progress,
            usual_ms: self.usual_ms,
            once: &self.once,
        }
    }
}

/// What a model wrote, out of what was kept of it: a streamed answer, or the provider's whole response.
fn answers(kind: TextKind, body: &str) -> Vec<Answer> {
    let Ok(kept) = serde_json::from_str::<Value>(body) else { return vec![] };
    let messages = match kind {
        TextKind::Text => vec![&kept],
        TextKind::Response => kept["choices"].as_array().into_iter().flatten().map(|one| &one["message"]).collect(),
    };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let answers = messages
        .into_iter()
        .map(|message| Answer { reasoning: text(&message["reasoning_content"]), content: text(&message["content"]) });
    answers.filter(|answer| !answer.content.is_empty() || !answer.reasoning.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_from_streams_and_from_whole_responses() {
        let streamed = answers(TextKind::Text, r#"{"content":"a","reasoning_content":"why","finish_reason":"stop"}"#);
        assert_eq!((streamed[0].content.as_str(), streamed[0].reasoning.as_str()), ("a", "why"));
        let whole = answers(TextKind::Response, r#"{"choices":[{"message":{"content":"b"}}]}"#);
        assert_eq!((whole.len(), whole[0].content.as_str()), (1, "b"));
        assert!(answers(TextKind::Response, r#"{"data":[{"embedding":[1]}]}"#).is_empty());
    }
}
