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
    /// How long a key is passed over for a model that it was refused for; each time soon after, twice as long.
    pub cool_down: Duration,
    /// The pause before a key that a rule disabled is probed; after each failed probe, twice as long.
    pub key_probe: Duration,
    /// How long a place among a key's concurrent calls outlives a holder that died. It is renewed at a third of that.
    pub key_lease: Duration,
    /// How long somebody who waits for an answer waits for a key when all are busy.
    pub key_wait: Duration,
    /// How long a queued job waits for a key before its timer takes it back; at most half of `redispatch`.
    pub key_wait_queued: Duration,
    /// How long the caller of a streamed answer may take nothing of it before it counts as gone.
    pub caller_takes: Duration,
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
            cool_down: Duration::from_secs(1),
            key_probe: Duration::from_secs(30),
            key_lease: Duration::from_secs(15),
            key_wait: Duration::from_secs(10),
            key_wait_queued: Duration::from_secs(10),
            caller_takes: Duration::from_mins(1),
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
