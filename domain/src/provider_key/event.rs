//! What happened to a provider key.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{KeyLimits, KeyRegistration};
use crate::decide::domain_event;

/// An event of a provider key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields are documented on the commands")]
pub enum ProviderKeyEvent {
    KeyRegistered(KeyRegistration),
    KeyWeightChanged {
        weight: u32,
    },
    KeyLimitsChanged {
        limits: KeyLimits,
    },
    KeyAccountChanged {
        account: Option<String>,
    },
    KeyCooledDown {
        model: String,
        reason: String,
        until: DateTime<Utc>,
        pause_ms: u64,
    },
    KeyDisabled {
        reason: String,
        automatic: bool,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        probe_at: Option<DateTime<Utc>>,
    },
    KeyEnabled {},
    KeyModelDisabled {
        model: String,
        reason: String,
        automatic: bool,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        probe_at: Option<DateTime<Utc>>,
    },
    KeyModelEnabled {
        model: String,
    },
    /// A probe failed. One that succeeds is `KeyEnabled` or `KeyModelEnabled`.
    KeyProbed {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        model: Option<String>,
        reason: String,
        failures: u32,
        probe_at: DateTime<Utc>,
    },
    KeyRevoked {},
}

domain_event!(
    ProviderKeyEvent,
    "1",
    [
        KeyRegistered,
        KeyWeightChanged,
        KeyLimitsChanged,
        KeyAccountChanged,
        KeyCooledDown,
        KeyDisabled,
        KeyEnabled,
        KeyModelDisabled,
        KeyModelEnabled,
        KeyProbed,
        KeyRevoked,
    ]
);
