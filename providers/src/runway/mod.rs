//! Runway: videos and images, both by tasks.
//!
//! | file | what it holds |
//! |---|---|
//! | `body` | parameters as Runway wants them, and what is refused before any call |
//! | `tasks` | submit, read, cancel |
//! | `verdicts` | what its refusals and the failures of its tasks mean |
//!
//! It lists no tasks: what became of a submit whose answer was lost, nobody can learn. Such a job waits for the age that its
//! capability declares, then its hold is released and the platform bears what Runway may charge; it is never submitted again.
//! It never deletes a task that has ended, nor one that runs: that would cost as much and give nothing.

mod body;
mod tasks;
mod verdicts;

use async_trait::async_trait;
use domain::capability::CapabilityKind;

use crate::{
    Call, CancelOutcome, Endpoint, Provider, TaskState, Trusted, UpstreamError,
    wire::{Request, Wire},
};

/// The version of the API, which every call names.
const VERSION: (&str, &str) = ("X-Runway-Version", "2024-11-06");

/// The translation of Runway.
#[derive(Clone, Debug)]
pub struct Runway {
    wire: Wire,
}

impl Runway {
    pub(crate) fn new(http: &Trusted) -> Self {
        Self { wire: Wire::new(http, verdicts::judge, &[VERSION]) }
    }
}

#[async_trait]
impl Provider for Runway {
    fn offers(&self, kind: CapabilityKind) -> bool {
        self.works_by_tasks(kind)
    }

    fn works_by_tasks(&self, kind: CapabilityKind) -> bool {
        !matches!(kind, CapabilityKind::Chat | CapabilityKind::Embedding)
    }

    fn lists_tasks(&self) -> bool {
        false
    }

    async fn check(&self, endpoint: &Endpoint) -> Result<(), UpstreamError> {
        self.wire.json(endpoint, Request::get("/organization".to_owned(), Vec::new())).await.map(drop)
    }

    async fn submit_task(&self, endpoint: &Endpoint, call: &Call) -> Result<String, UpstreamError> {
        self.submit(endpoint, call).await
    }

    async fn task_states(&self, endpoint: &Endpoint, ids: &[String]) -> Result<Vec<TaskState>, UpstreamError> {
        self.states(endpoint, ids).await
    }

    async fn cancel_task(&self, endpoint: &Endpoint, id: &str) -> Result<CancelOutcome, UpstreamError> {
        self.cancel(endpoint, id).await
    }
}
