//! How a provider key does: whether it is used for a model now, and if not, why and until when.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// How a key, or a key for one model, was disabled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disabled {
    /// The rule, or the admin's words.
    pub reason: String,
    /// Whether a rule did it: then a probe may enable it again.
    pub automatic: bool,
    /// When a probe is due, if a rule did it and said when.
    pub probe_at: Option<DateTime<Utc>>,
    /// How many probes have failed since.
    pub probes_failed: u32,
}

/// A pause of a key for one model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cooling {
    /// Its end.
    pub until: DateTime<Utc>,
    /// How long it was; the next one soon after is twice as long.
    pub pause_ms: u64,
    /// Why.
    pub reason: String,
}

/// How a key does with one model.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelHealth {
    /// Not used for it, if so.
    pub disabled: Option<Disabled>,
    /// The last pause.
    pub cooling: Option<Cooling>,
}

/// Whether a key is used for a model now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing<'a> {
    /// It is.
    Ready,
    /// It is passed over for a while.
    CoolingDown(&'a Cooling),
    /// It is not, for this model or for any.
    Disabled {
        /// How it was disabled.
        disabled: &'a Disabled,
        /// Whether that is about this model alone.
        only_this_model: bool,
    },
    /// Never again.
    Revoked,
}

impl Disabled {
    /// When one request may be let through to see whether it is well again. Never, if an admin disabled it.
    #[must_use]
    pub fn probe_due(&self) -> Option<DateTime<Utc>> {
        self.automatic.then(|| self.probe_at.unwrap_or(DateTime::UNIX_EPOCH))
    }
}
