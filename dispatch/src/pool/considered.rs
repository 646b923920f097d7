//! What the pool considered for an attempt, key by key, and why: the flight recorder's words. Never a key's secret.

use chrono::{DateTime, Utc};
use domain::{capability::Route, id::ProviderKeyId};
use serde::Serialize;

/// The most keys and routes that one choice tells of.
pub const CONSIDERED_AT_MOST: usize = 100;

/// One key of one route, or a route without keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Considered {
    /// The provider's name in the catalog.
    pub provider: String,
    /// The model or endpoint id there.
    pub upstream_model: String,
    /// The key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider_key_id: Option<ProviderKeyId>,
    /// What admins call the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// What became of it.
    #[serde(flatten)]
    pub verdict: Verdict,
}

/// What became of a candidate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    /// It makes the attempt.
    Chosen {
        /// To see whether it is well again.
        probe: bool,
    },
    /// It could have; another was chosen.
    NotNeeded,
    /// The catalog has no such provider, or its settings are missing.
    NoProvider,
    /// The provider is paused.
    ProviderPaused {
        /// Why.
        why: String,
    },
    /// The route takes no work.
    RouteWeightZero,
    /// The provider has no key.
    NoKeys,
    /// The key takes no work.
    WeightZero,
    /// The key was revoked.
    Revoked,
    /// The job has tried it already.
    Tried,
    /// It is passed over for a while.
    CoolingDown {
        /// Until when.
        until: DateTime<Utc>,
        /// Why.
        why: String,
    },
    /// It is not used.
    Disabled {
        /// The rule, or the admin's words.
        why: String,
        /// Whether a rule did it.
        automatic: bool,
        /// Whether that is about this model alone.
        only_this_model: bool,
        /// When it is probed, if a rule did it.
        probe_at: Option<DateTime<Utc>>,
    },
    /// It is not used, and another request shows just now whether it is well again.
    BeingProbed,
    /// As many calls are under way as it may bear.
    NoPlace {
        /// How many that is.
        limit: u32,
    },
    /// It has taken as many calls as it may bear in a time.
    WindowFull {
        /// How many that is.
        limit: u32,
        /// In how many seconds.
        seconds: u64,
        /// In how many milliseconds it takes the next.
        retry_after_ms: u64,
    },
    /// What is free of it belongs to those who wait longer.
    OthersFirst,
    /// Its secret is not in the vault.
    NoSecret,
}

impl Considered {
    /// A route whose keys are not looked at.
    pub(super) fn route(route: &Route, verdict: Verdict) -> Self {
        Self {
            provider: route.provider.clone(),
            upstream_model: route.upstream_model.clone(),
            provider_key_id: None,
            label: None,
            verdict,
        }
    }
}
