//! The providers by name, behind one set of calls. The only file to change when a folder is added.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::{
    Call, CancelOutcome, ChatAnswer, ChatStream, Download, EmbeddingsAnswer, Endpoint, HttpError, ImagesAnswer,
    TaskState, Trusted, UpstreamError, ark::Ark,
};

/// A provider's translation. Cheap to clone; all clones share the client's connections.
#[derive(Clone, Debug)]
pub enum Adapter {
    /// Volcengine Ark.
    Ark(Ark),
}

impl Adapter {
    /// The adapter of a provider's kind, such as `ark`.
    #[must_use]
    pub fn named(name: &str, http: &Trusted) -> Option<Self> {
        match name {
            "ark" => Some(Self::Ark(Ark::new(http.clone()))),
            _ => None,
        }
    }

    /// Asks for a whole chat answer.
    ///
    /// # Errors
    /// As [`UpstreamError`] says.
    pub async fn chat(&self, endpoint: &Endpoint, call: &Call) -> Result<ChatAnswer, UpstreamError> {
        match self {
            Self::Ark(ark) => ark.chat(endpoint, call).await,
        }
    }

    /// Asks for a chat answer as it comes. Usage is always asked for.
    ///
    /// # Errors
    /// As [`UpstreamError`] says; later ones come in the stream.
    pub async fn chat_stream(&self, endpoint: &Endpoint, call: &Call) -> Result<ChatStream, UpstreamError> {
        match self {
            Self::Ark(ark) => ark.chat_stream(endpoint, call).await,
        }
    }

    /// Makes images.
    ///
    /// # Errors
    /// As [`UpstreamError`] says; single images may fail without one.
    pub async fn images(&self, endpoint: &Endpoint, call: &Call) -> Result<ImagesAnswer, UpstreamError> {
        match self {
            Self::Ark(ark) => ark.images(endpoint, call).await,
        }
    }

    /// Makes vectors.
    ///
    /// # Errors
    /// As [`UpstreamError`] says.
    pub async fn embeddings(&self, endpoint: &Endpoint, call: &Call) -> Result<EmbeddingsAnswer, UpstreamError> {
        match self {
            Self::Ark(ark) => ark.embeddings(endpoint, call).await,
        }
    }

    /// Submits a task and returns upstream's id of it.
    ///
    /// # Errors
    /// As [`UpstreamError`] says; when the outcome is unknown, [`Self::find_task`] may tell.
    pub async fn submit_task(&self, endpoint: &Endpoint, call: &Call) -> Result<String, UpstreamError> {
        match self {
            Self::Ark(ark) => ark.submit_task(endpoint, call).await,
        }
    }

    /// Reads many tasks at once; each id is answered for exactly once, unknown ones as `Gone`.
    ///
    /// # Errors
    /// As [`UpstreamError`] says; reading can always be repeated.
    pub async fn task_states(&self, endpoint: &Endpoint, ids: &[String]) -> Result<Vec<TaskState>, UpstreamError> {
        match self {
            Self::Ark(ark) => ark.task_states(endpoint, ids).await,
        }
    }

    /// Looks for the task of an attempt whose answer was lost, among those taken since then.
    ///
    /// # Errors
    /// As [`UpstreamError`] says; also when there are too many tasks to be sure that it is not among them.
    pub async fn find_task(
        &self,
        endpoint: &Endpoint,
        upstream_model: &str,
        attempt_id: &domain::id::AttemptId,
        since: DateTime<Utc>,
    ) -> Result<Option<TaskState>, UpstreamError> {
        match self {
            Self::Ark(ark) => ark.find_task(endpoint, upstream_model, attempt_id, since).await,
        }
    }

    /// Cancels a task if it still can be canceled; never erases the record of one that has ended.
    ///
    /// # Errors
    /// As [`UpstreamError`] says.
    pub async fn cancel_task(&self, endpoint: &Endpoint, id: &str) -> Result<CancelOutcome, UpstreamError> {
        match self {
            Self::Ark(ark) => ark.cancel_task(endpoint, id).await,
        }
    }

    /// The task that a callback speaks of. Nothing else in it is believed: it only wakes a reading.
    #[must_use]
    pub fn parse_callback(&self, body: &[u8]) -> Option<String> {
        match self {
            Self::Ark(_) => Ark::parse_callback(body),
        }
    }

    /// Fetches an output, without any key.
    ///
    /// # Errors
    /// It can't be reached, or the answer is not a file.
    pub async fn download(&self, url: &str) -> Result<Download, HttpError> {
        match self {
            Self::Ark(ark) => ark.download(url).await,
        }
    }

    /// How long after an unknown submit its task can be expected to show up in [`Self::find_task`].
    #[must_use]
    pub const fn visibility_delay(&self) -> Duration {
        match self {
            Self::Ark(_) => Ark::VISIBILITY_DELAY,
        }
    }
}
