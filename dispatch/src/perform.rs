//! Calls that upstream answers at once: text, vectors, images. The answer is kept, and the job settled, before anyone
//! hears of it.

use domain::{
    Credits,
    capability::CapabilityKind,
    job::{JobEvent, Output},
    stream::Event,
};
use providers::{Call, ImageItem, ImageSource, ImagesAnswer, UpstreamError, Verdict, code};
use serde_json::Value;
use store::{
    Committed,
    contents::{JobText, TextKind},
};

use crate::{
    Dispatcher, Run,
    follow::{definite, no_adapter},
    outputs::{Made, Source},
    pool::Chosen,
    queued::HandleError,
};

/// How often an output that came with its answer is tried to be kept.
const KEEP_TRIES: u32 = 3;

/// What upstream answered, kept.
#[derive(Clone, Debug)]
pub enum Answer {
    /// A chat completion or a list of embeddings, in OpenAI's shape.
    Body(Value),
    /// Images in object storage, and how many were refused.
    Images {
        /// What was made.
        outputs: Vec<Output>,
        /// The code and the words for each image that was not.
        failures: Vec<(String, String)>,
    },
}

/// An answer and what it cost.
#[derive(Clone, Debug)]
pub struct Finished {
    /// What upstream answered.
    pub answer: Answer,
    /// What the job was charged.
    pub cost: Credits,
}

impl Dispatcher {
    /// Calls upstream, keeps what it answers and settles the job. The inner error is upstream's, and nothing is settled.
    pub(crate) async fn perform(
        &self,
        run: &Run,
        chosen: &Chosen,
        call: &Call,
    ) -> Result<Result<Finished, UpstreamError>, HandleError> {
        let Some(adapter) = self.adapter(&chosen.settings.adapter) else { return Ok(Err(no_adapter())) };
        let endpoint = &chosen.endpoint;
        self.pool.about_to_call(chosen).await;
        match run.callable.kind {
            CapabilityKind::Chat => match self.heard(chosen, adapter.chat(endpoint, call).await).await {
                Ok(answer) => self.keep_body(run, call, answer.body, answer.usage).await,
                Err(error) => Ok(Err(error)),
            },
            CapabilityKind::Embedding => match self.heard(chosen, adapter.embeddings(endpoint, call).await).await {
                Ok(answer) => self.settle_body(run, call, answer.body, answer.usage).await,
                Err(error) => Ok(Err(error)),
            },
            _ => match self.heard(chosen, adapter.images(endpoint, call).await).await {
                Ok(answer) => self.keep_images(run, call, answer).await,
                Err(error) => Ok(Err(error)),
            },
        }
    }

    async fn keep_body(
        &self,
        run: &Run,
        call: &Call,
        body: Value,
        usage: domain::job::Usage,
    ) -> Result<Result<Finished, UpstreamError>, HandleError> {
        self.keep_text(run, TextKind::Response, body.to_string()).await;
        self.settle_body(run, call, body, usage).await
    }

    async fn settle_body(
        &self,
        run: &Run,
        call: &Call,
        body: Value,
        usage: domain::job::Usage,
    ) -> Result<Result<Finished, UpstreamError>, HandleError> {
        let committed = self.succeed(run, &call.attempt_id, vec![], usage).await?;
        Ok(finished(Answer::Body(body), &committed))
    }

    /// Keeps a text beside the job. One that is too long is not kept, and the job goes on.
    pub(crate) async fn keep_text(&self, run: &Run, kind: TextKind, body: String) {
        let text = JobText { index: 0, kind, body };
        if let Err(error) = self.parts().contents.put_text(&run.job_id, &text).await {
            tracing::warn!(%error, job_id = %run.job_id, "a text was not kept");
        }
    }

    async fn keep_images(
        &self,
        run: &Run,
        call: &Call,
        answer: ImagesAnswer,
    ) -> Result<Result<Finished, UpstreamError>, HandleError> {
        let (pictures, failures) = split(answer.items);
        if pictures.is_empty() {
            return Ok(Err(none_made(failures)));
        }
        let mut tries = 1;
        let outputs = loop {
            match self.keep_outputs(run, &call.attempt_id, pictures.iter().map(made).collect()).await {
                Ok(outputs) => break outputs,
                Err(error) if tries < KEEP_TRIES => {
                    tries += 1;
                    tracing::warn!(%error, job_id = %run.job_id, "an output is not kept yet");
                }
                Err(error) => {
                    tracing::error!(%error, job_id = %run.job_id, "an output can't be kept; the job fails");
                    self.fail_for_good(run, &call.attempt_id, &definite("output_not_kept")).await?;
                    let message = "the result could not be stored";
                    return Ok(Err(UpstreamError::ours(Verdict::Fail, "output_not_kept", message)));
                }
            }
        };
        let committed = self.succeed(run, &call.attempt_id, outputs.clone(), answer.usage).await?;
        let failures = failures.into_iter().map(|(code, message)| (code.to_owned(), message)).collect();
        Ok(finished(Answer::Images { outputs, failures }, &committed))
    }
}

type Refused = (&'static str, String);

fn split(items: Vec<ImageItem>) -> (Vec<providers::Picture>, Vec<Refused>) {
    let (mut pictures, mut failures) = (Vec::new(), Vec::new());
    for item in items {
        match item {
            ImageItem::Made(picture) => pictures.push(picture),
            ImageItem::Failed { code, message, .. } => failures.push((code, message)),
        }
    }
    (pictures, failures)
}

fn made(picture: &providers::Picture) -> Made {
    let source = match &picture.source {
        ImageSource::Url(url) => Source::Url(url.clone()),
        ImageSource::Bytes(bytes) => Source::Bytes(bytes.clone()),
    };
    Made { index: picture.index, source, content_type: picture.content_type.clone(), size: picture.size }
}

fn none_made(failures: Vec<Refused>) -> UpstreamError {
    let first = failures.into_iter().next();
    let (code, message) = first.unwrap_or((code::MALFORMED, "upstream made no image".into()));
    UpstreamError::ours(Verdict::Fail, code, message)
}

/// The end of a job that was settled: its cost, or that its usage could not be charged.
pub(crate) fn finished(answer: Answer, committed: &Committed) -> Result<Finished, UpstreamError> {
    let cost = committed.events.iter().find_map(|recorded| match &recorded.event {
        Event::Job(JobEvent::JobSucceeded { cost, .. } | JobEvent::JobCanceled { cost, .. }) => Some(*cost),
        _ => None,
    });
    let invalid = || {
        let message = "the provider reported a usage that can't be charged; nothing was charged";
        UpstreamError::ours(Verdict::Fail, code::INVALID_USAGE, message)
    };
    cost.map(|cost| Finished { answer, cost }).ok_or_else(invalid)
}
