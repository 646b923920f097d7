//! Volcengine Ark: chat, images, embeddings, video tasks.
//!
//! | file | what it holds |
//! |---|---|
//! | `verdicts` | the table of Ark's error codes: fate, our code, what becomes of the key |
//! | `chat`, `images`, `embeddings` | calls that answer at once |
//! | `video` | parameters of a video as Ark wants them |
//! | `tasks` | submit, read, find, cancel |
//!
//! It never deletes the record of a task that has ended, and never submits twice.

mod chat;
mod embeddings;
mod images;
mod tasks;
mod verdicts;
mod video;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::id::AttemptId;

use crate::{
    Call, CancelOutcome, ChatAnswer, ChatStream, EmbeddingsAnswer, Endpoint, ImagesAnswer, Provider, TaskState,
    Trusted, UpstreamError,
    wire::{Request, Wire},
};

/// The translation of Ark.
#[derive(Debug)]
pub struct Ark {
    wire: Wire,
}

impl Ark {
    pub fn new(http: &Trusted) -> Self {
        Self { wire: Wire::new(http, verdicts::judge, &[]) }
    }
}

#[async_trait]
impl Provider for Ark {
    async fn check(&self, endpoint: &Endpoint) -> Result<(), UpstreamError> {
        self.wire.json(endpoint, Request::get("/models".to_owned(), Vec::new())).await.map(drop)
    }

    async fn chat(&self, endpoint: &Endpoint, call: &Call) -> Result<ChatAnswer, UpstreamError> {
        self.complete(endpoint, call).await
    }

    async fn chat_stream(&self, endpoint: &Endpoint, call: &Call) -> Result<ChatStream, UpstreamError> {
        self.stream(endpoint, call).await
    }

    async fn images(&self, endpoint: &Endpoint, call: &Call) -> Result<ImagesAnswer, UpstreamError> {
        self.make_images(endpoint, call).await
    }

    async fn embeddings(&self, endpoint: &Endpoint, call: &Call) -> Result<EmbeddingsAnswer, UpstreamError> {
        self.embed(endpoint, call).await
    }

    async fn submit_task(&self, endpoint: &Endpoint, call: &Call) -> Result<String, UpstreamError> {
        self.submit(endpoint, call).await
    }

    async fn task_states(&self, endpoint: &Endpoint, ids: &[String]) -> Result<Vec<TaskState>, UpstreamError> {
        self.states(endpoint, ids).await
    }

    async fn find_task(
        &self,
        endpoint: &Endpoint,
        upstream_model: &str,
        attempt_id: &AttemptId,
        since: DateTime<Utc>,
    ) -> Result<Option<TaskState>, UpstreamError> {
        self.find(endpoint, upstream_model, attempt_id, since).await
    }

    async fn cancel_task(&self, endpoint: &Endpoint, id: &str) -> Result<CancelOutcome, UpstreamError> {
        self.cancel(endpoint, id).await
    }
}
