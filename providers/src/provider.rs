//! What a provider's translation can be asked. A folder implements what its provider offers; everything else is refused.

use std::fmt::Debug;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{capability::CapabilityKind, id::AttemptId};

use crate::{
    Call, CancelOutcome, ChatAnswer, ChatStream, EmbeddingsAnswer, Endpoint, ImagesAnswer, TaskState, UpstreamError,
    Verdict, code,
};

/// One provider's translation: our calls into its own, and its answers back.
#[async_trait]
pub trait Provider: Debug + Send + Sync {
    /// Whether it can be asked for this. Routes to what it does not offer are not published.
    fn offers(&self, _kind: CapabilityKind) -> bool {
        true
    }

    /// Asks something that costs nothing, to see whether the address answers and takes the key.
    ///
    /// # Errors
    /// As [`UpstreamError`] says.
    async fn check(&self, _endpoint: &Endpoint) -> Result<(), UpstreamError> {
        Err(not_offered("check"))
    }

    /// Asks for a whole chat answer.
    ///
    /// # Errors
    /// As [`UpstreamError`] says.
    async fn chat(&self, _endpoint: &Endpoint, _call: &Call) -> Result<ChatAnswer, UpstreamError> {
        Err(not_offered("chat"))
    }

    /// Asks for a chat answer as it comes. Usage is always asked for.
    ///
    /// # Errors
    /// As [`UpstreamError`] says; later ones come in the stream.
    async fn chat_stream(&self, _endpoint: &Endpoint, _call: &Call) -> Result<ChatStream, UpstreamError> {
        Err(not_offered("streamed chat"))
    }

    /// Makes images, from texts or from images.
    ///
    /// # Errors
    /// As [`UpstreamError`] says; single images may fail without one.
    async fn images(&self, _endpoint: &Endpoint, _call: &Call) -> Result<ImagesAnswer, UpstreamError> {
        Err(not_offered("images"))
    }

    /// Makes vectors.
    ///
    /// # Errors
    /// As [`UpstreamError`] says.
    async fn embeddings(&self, _endpoint: &Endpoint, _call: &Call) -> Result<EmbeddingsAnswer, UpstreamError> {
        Err(not_offered("embeddings"))
    }

    /// Whether such work is a task here, which upstream keeps and works on while nobody waits: videos, unless it says otherwise.
    fn works_by_tasks(&self, kind: CapabilityKind) -> bool {
        matches!(kind, CapabilityKind::TextToVideo | CapabilityKind::ImageToVideo)
    }

    /// Whether upstream lists its tasks, so that [`Self::find_task`] can find one whose answer was lost.
    fn lists_tasks(&self) -> bool {
        true
    }

    /// Submits a task and returns upstream's id of it.
    ///
    /// # Errors
    /// As [`UpstreamError`] says; when the outcome is unknown, [`Self::find_task`] may tell.
    async fn submit_task(&self, _endpoint: &Endpoint, _call: &Call) -> Result<String, UpstreamError> {
        Err(not_offered("tasks"))
    }

    /// Reads many tasks at once; each id is answered for at most once, unknown ones as `Gone`. Where they are read one by one,
    /// those that can't be read now are left out, as long as others can.
    ///
    /// # Errors
    /// As [`UpstreamError`] says; reading can always be repeated.
    async fn task_states(&self, _endpoint: &Endpoint, _ids: &[String]) -> Result<Vec<TaskState>, UpstreamError> {
        Err(not_offered("tasks"))
    }

    /// Looks for the task of an attempt whose answer was lost, among those taken since then.
    ///
    /// # Errors
    /// As [`UpstreamError`] says; also when there are too many tasks to be sure that it is not among them.
    async fn find_task(
        &self,
        _endpoint: &Endpoint,
        _upstream_model: &str,
        _attempt_id: &AttemptId,
        _since: DateTime<Utc>,
    ) -> Result<Option<TaskState>, UpstreamError> {
        Err(not_offered("tasks"))
    }

    /// Cancels a task if it still can be canceled; never erases the record of one that has ended.
    ///
    /// # Errors
    /// As [`UpstreamError`] says.
    async fn cancel_task(&self, _endpoint: &Endpoint, _id: &str) -> Result<CancelOutcome, UpstreamError> {
        Err(not_offered("tasks"))
    }
}

/// The catalog routes to a provider that has no such call: nothing was sent, and no other key would help.
fn not_offered(what: &str) -> UpstreamError {
    UpstreamError::ours(Verdict::Fail, code::NOT_OFFERED, format!("The provider of this route offers no {what}."))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Nothing;
    impl Provider for Nothing {}

    #[tokio::test]
    async fn what_a_provider_does_not_offer_is_a_final_refusal() {
        let endpoint = Endpoint { base_url: "http://127.0.0.1:9".to_owned(), key: "k".into() };
        let refused = Nothing.task_states(&endpoint, &[]).await.unwrap_err();
        assert_eq!((refused.fate, refused.code, refused.status), (Verdict::Fail, code::NOT_OFFERED, None));
    }
}
