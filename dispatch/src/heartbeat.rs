//! The heartbeat of an attempt: while its call lasts, its lease is renewed, which is
//! apart from the key's place among the concurrent calls (see `pool::seat`). When this process dies the lease lapses, and whoever finds it records the outcome as unknown.

use domain::id::{AttemptId, JobId};
use tokio::task::JoinHandle;

use crate::Dispatcher;

/// Stops when it is dropped.
pub(crate) struct Heartbeat(JoinHandle<()>);

impl Drop for Heartbeat {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Dispatcher {
    /// Begins to renew the lease of an attempt.
    pub(crate) fn heartbeat(&self, job_id: &JobId, attempt_id: &AttemptId) -> Heartbeat {
        let dispatcher = self.clone();
        let (job, attempt) = (job_id.to_string(), attempt_id.to_string());
        Heartbeat(tokio::spawn(async move {
            let parts = dispatcher.parts();
            loop {
                tokio::time::sleep(parts.ages.lease / 3).await;
                let due = parts.store.now() + parts.ages.lease;
                if let Err(error) = store::timers::renew(parts.store.pool(), &job, &attempt, due).await {
                    tracing::warn!(%error, job_id = job, "a lease was not renewed");
                }
            }
        }))
    }
}
