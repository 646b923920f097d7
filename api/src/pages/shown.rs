//! A job with all that its pages show: read once, rendered as a page, as the part that changes, or as a card.

use domain::{id::JobId, pricing::Charge};
use projections::rows::{JobEventRow, JobRow};
use serde_json::Value;
use store::contents::TextKind;
use templates_maud::{
    Words,
    portal::job::{JobShown, Media},
};

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
    texts: Vec<String>,
    charge: Option<Charge>,
    failure: Option<String>,
    progress: Option<u8>,
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
        let texts = contents.texts(&id).await?.into_iter().filter(|text| text.kind == TextKind::Text);
        let view = present(state, &row, Value::Null);
        let media = view.outputs.into_iter().map(|output| Media {
            size: output.width.zip(output.height),
            asset_id: output.asset_id,
            url: output.url,
            content_type: output.content_type,
            bytes: output.bytes,
        });
        let charge = receipt::explained(state, &job);
        let failure = row.error_code.as_deref().map(in_words);
        let texts = texts.map(|text| text.body).collect();
        Ok(Self { events, params, media: media.collect(), texts, charge, failure, progress: view.progress, row })
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
            texts: &self.texts,
            charge: self.charge.as_ref(),
            failure: self.failure.as_deref(),
            progress: self.progress,
        }
    }
}
