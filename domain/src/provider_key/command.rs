//! What may be asked of a provider key. The clock comes with the command.

use chrono::{DateTime, Utc};

use super::{KeyLimits, KeyRegistration};

/// How pauses grow: the first, doubled each time, up to the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The first pause, in milliseconds.
    pub first_ms: u64,
    /// The longest pause, in milliseconds.
    pub most_ms: u64,
}

/// A command to a provider key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProviderKeyCommand {
    /// Takes the key into the pool.
    RegisterKey(KeyRegistration),
    /// Changes its share.
    ChangeWeight {
        /// The new share.
        weight: u32,
    },
    /// Changes what it may bear.
    ChangeLimits {
        /// The new limits.
        limits: KeyLimits,
    },
    /// Changes which account it is known to belong to.
    ChangeAccount {
        /// What admins call the account.
        account: Option<String>,
    },
    /// Passes it over for one model, for longer each time that it happens again soon after.
    CoolDown {
        /// The provider's model.
        model: String,
        /// Why.
        reason: String,
        /// What time it is.
        now: DateTime<Utc>,
        /// How long.
        pauses: Backoff,
    },
    /// Stops using it: a rule until a probe succeeds, an admin until an admin enables it.
    DisableKey {
        /// The rule, or the admin's words.
        reason: String,
        /// Whether a rule did it.
        automatic: bool,
        /// When a rule wants it to be probed.
        probe_at: Option<DateTime<Utc>>,
    },
    /// Uses it again, at an admin's word.
    EnableKey,
    /// Stops using it for one model, in the same ways.
    DisableModel {
        /// The provider's model.
        model: String,
        /// The rule, or the admin's words.
        reason: String,
        /// Whether a rule did it.
        automatic: bool,
        /// When a rule wants it to be probed.
        probe_at: Option<DateTime<Utc>>,
    },
    /// Uses it for the model again, at an admin's word.
    EnableModel {
        /// The provider's model.
        model: String,
    },
    /// One request was let through to see whether a key that a rule disabled is well again, and it is.
    ProbeSucceeded {
        /// The provider's model that was asked for.
        model: String,
    },
    /// One request was let through, and it is not. The next probe comes later.
    ProbeFailed {
        /// The provider's model that was asked for.
        model: String,
        /// What went wrong.
        reason: String,
        /// What time it is.
        now: DateTime<Utc>,
        /// How long until the next.
        pauses: Backoff,
    },
    /// Never uses it again.
    RevokeKey,
}
