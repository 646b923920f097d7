//! How long things may take. All settings, so that a test never waits for a default.

use std::time::Duration;

/// The ages and pauses of dispatching.
#[derive(Clone, Debug)]
pub struct Ages {
    /// After this long in the queue without an attempt, a job is sent again.
    pub redispatch: Duration,
    /// The pause before another attempt after a definite refusal; it doubles with each.
    pub retry: Duration,
    /// How long an attempt's lease lasts. Its process renews it at a third of that.
    pub lease: Duration,
    /// The pause before the first question about an accepted task.
    pub poll_first: Duration,
    /// The pause between two questions about a task.
    pub poll_every: Duration,
    /// The pause between two tries to learn an unknown outcome.
    pub reconcile_every: Duration,
    /// The ages that capabilities declare (such as the release of an unknown outcome) are divided by this.
    pub policy_divisor: u32,
    /// How long a job may take in all before it expires.
    pub expire_after: Duration,
    /// How long a key that was refused is passed over.
    pub cool_down: Duration,
}

impl Default for Ages {
    fn default() -> Self {
        Self {
            redispatch: Duration::from_secs(30),
            retry: Duration::from_secs(1),
            lease: Duration::from_secs(30),
            poll_first: Duration::from_secs(2),
            poll_every: Duration::from_secs(5),
            reconcile_every: Duration::from_secs(15),
            policy_divisor: 1,
            expire_after: Duration::from_hours(48),
            cool_down: Duration::from_secs(20),
        }
    }
}

impl Ages {
    /// The pause before attempt number `next`, at most a minute.
    pub(crate) fn retry_pause(&self, next: u32) -> Duration {
        let doublings = next.saturating_sub(2).min(6);
        (self.retry * 2_u32.pow(doublings)).min(Duration::from_mins(1))
    }

    /// An age that a capability declares in seconds.
    pub(crate) fn policy(&self, seconds: u64) -> Duration {
        Duration::from_secs(seconds) / self.policy_divisor.max(1)
    }
}
