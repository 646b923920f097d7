//! How long things may take: leases, pauses and ages of dispatching. All settings, so that no test waits for a default.

use std::time::Duration;

use super::{ConfigError, Variables};

/// The ages and pauses of dispatching.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgesConfig {
    /// How long an attempt's lease lasts without renewal; then its outcome counts as unknown (`ZEPHYR_ATTEMPT_LEASE_MS`).
    pub attempt_lease: Duration,
    /// After this long in the queue without an attempt a job is sent again (`ZEPHYR_REDISPATCH_MS`).
    pub redispatch: Duration,
    /// The pause before another attempt after a definite refusal (`ZEPHYR_RETRY_MS`).
    pub retry: Duration,
    /// How long a chat or an image may let us wait for its answer to begin (`ZEPHYR_UPSTREAM_ANSWER_MS`).
    pub upstream_answer: Duration,
    /// The pause before the first question about an accepted task (`ZEPHYR_POLL_FIRST_MS`).
    pub poll_first: Duration,
    /// The pause between two questions about a task (`ZEPHYR_POLL_EVERY_MS`).
    pub poll_every: Duration,
    /// The pause between two tries to learn an unknown outcome (`ZEPHYR_RECONCILE_EVERY_MS`).
    pub reconcile_every: Duration,
    /// The ages that capabilities declare are divided by this (`ZEPHYR_POLICY_TIME_DIVISOR`).
    pub policy_time_divisor: u32,
    /// How long a job may take in all before it expires (`ZEPHYR_JOB_EXPIRY_MS`).
    pub job_expiry: Duration,
    /// How long a provider key is passed over for a model that it was refused for (`ZEPHYR_KEY_COOL_DOWN_MS`).
    pub key_cool_down: Duration,
    /// The pause before a key that a rule disabled is probed (`ZEPHYR_KEY_PROBE_MS`).
    pub key_probe: Duration,
    /// How long a place among a key's concurrent calls outlives a holder that died (`ZEPHYR_KEY_LEASE_MS`).
    pub key_lease: Duration,
    /// How long a caller waits for a key when all are busy (`ZEPHYR_KEY_WAIT_MS`).
    pub key_wait: Duration,
    /// How long a queued job does, before it is put off (`ZEPHYR_KEY_WAIT_QUEUED_MS`).
    pub key_wait_queued: Duration,
    /// How long the caller of a streamed answer may take nothing of it before it counts as gone
    /// (`ZEPHYR_CALLER_TAKES_MS`).
    pub caller_takes: Duration,
}

impl AgesConfig {
    /// Reads the section.
    ///
    /// # Errors
    /// The first variable that can't be used.
    pub fn read(variables: &Variables) -> Result<Self, ConfigError> {
        let seconds = Duration::from_secs;
        let policy_time_divisor = variables.parsed("ZEPHYR_POLICY_TIME_DIVISOR", 1)?;
        if policy_time_divisor == 0 {
            return Err(ConfigError::Unusable {
                name: "ZEPHYR_POLICY_TIME_DIVISOR",
                why: "nothing is divided by 0".into(),
            });
        }
        Ok(Self {
            attempt_lease: variables.milliseconds("ZEPHYR_ATTEMPT_LEASE_MS", seconds(30))?,
            redispatch: variables.milliseconds("ZEPHYR_REDISPATCH_MS", seconds(30))?,
            retry: variables.milliseconds("ZEPHYR_RETRY_MS", seconds(1))?,
            upstream_answer: variables.milliseconds("ZEPHYR_UPSTREAM_ANSWER_MS", seconds(600))?,
            poll_first: variables.milliseconds("ZEPHYR_POLL_FIRST_MS", seconds(2))?,
            poll_every: variables.milliseconds("ZEPHYR_POLL_EVERY_MS", seconds(5))?,
            reconcile_every: variables.milliseconds("ZEPHYR_RECONCILE_EVERY_MS", seconds(15))?,
            policy_time_divisor,
            job_expiry: variables.milliseconds("ZEPHYR_JOB_EXPIRY_MS", Duration::from_hours(48))?,
            key_cool_down: variables.milliseconds("ZEPHYR_KEY_COOL_DOWN_MS", seconds(1))?,
            key_probe: variables.milliseconds("ZEPHYR_KEY_PROBE_MS", seconds(30))?,
            key_lease: variables.milliseconds("ZEPHYR_KEY_LEASE_MS", seconds(15))?,
            key_wait: variables.milliseconds("ZEPHYR_KEY_WAIT_MS", seconds(10))?,
            key_wait_queued: variables.milliseconds("ZEPHYR_KEY_WAIT_QUEUED_MS", seconds(10))?,
            caller_takes: variables.milliseconds("ZEPHYR_CALLER_TAKES_MS", seconds(60))?,
        })
    }
}
