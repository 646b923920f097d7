//! A job: one generation asked for by a client, from its submission to its one end.
//!
//! | file | what it holds |
//! |---|---|
//! | `command` | what may be asked of a job |
//! | `event` | what happened to it; its sequence numbers are the ones that clients see |
//! | `state` | the fold: phase, current attempt, outputs, what was charged |
//! | `decide` | the rules, one function a command |
//! | `error` | the refusals |
//!
//! Prompts and outputs never stand here: only a hash of the inputs and those parameters that a price reads.

mod command;
mod decide;
mod error;
mod event;
mod state;
#[cfg(test)]
mod tests;

use chrono::{DateTime, Utc};
pub use command::JobCommand;
pub use error::JobError;
pub use event::JobEvent;
use serde::{Deserialize, Serialize};
pub use state::{Attempt, Ending, Job, Phase};

use crate::{
    Credits,
    capability::CapabilityKind,
    id::{ApiKeyId, AssetId, AttemptId, ProviderKeyId, TenantId, UserId},
    pricing::{PricedParams, Quantities},
};

/// What was counted, by meter: `{"input_token": 12, "output_token": 90}`. Explicit zero is not missing.
pub type Usage = Quantities;

/// Who waits for a job, and so where it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// The caller waits: it runs in the process that took the request.
    Interactive,
    /// It leaves through the outbox and a worker runs it.
    Queued,
}

/// All that is frozen when a job is submitted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Submission {
    /// Whose job it is.
    pub tenant_id: TenantId,
    /// The person who asked, if one was logged in.
    pub user_id: Option<UserId>,
    /// The API key that asked, if one did.
    pub api_key_id: Option<ApiKeyId>,
    /// The public name of the model.
    pub model: String,
    /// What the model is asked to do.
    pub capability: CapabilityKind,
    /// The version of the capability whose schema, price and policies hold for this job.
    pub price_version: u32,
    /// Those resolved parameters that the price or the estimate reads.
    pub priced_params: PricedParams,
    /// The sha256 of the resolved inputs, in hex.
    pub inputs_sha256: String,
    /// What is held for it.
    pub hold: Credits,
    /// Where it runs.
    pub mode: Mode,
    /// When it expires unless it has ended.
    pub expires_at: DateTime<Utc>,
}

/// One try at an upstream, as it was decided before the call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttemptStart {
    /// The attempt; upstream sees it as the client's request id.
    pub attempt_id: AttemptId,
    /// The provider's name in the catalog.
    pub provider: String,
    /// The model or endpoint id that the provider is asked for.
    pub upstream_model: String,
    /// The provider key that pays for it upstream.
    pub provider_key_id: ProviderKeyId,
}

/// What becomes of a job whose attempt failed with a definite answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// Nothing was accepted upstream: another attempt may follow.
    Retry,
    /// The upstream's verdict is final for this job.
    Fail,
}

/// A definite refusal or failure of an attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failure {
    /// Our stable code.
    pub code: String,
    /// What becomes of the job.
    pub fate: Fate,
    /// The HTTP status upstream answered with, if it answered.
    pub upstream_status: Option<u16>,
    /// The provider's own code, for admins.
    pub upstream_code: Option<String>,
}

impl Failure {
    /// Whether the upstream or its key failed, rather than the request or ourselves; and not for too much load.
    #[must_use]
    pub fn blames_upstream(&self) -> bool {
        self.code.starts_with("upstream_") && !self.is_of_load() && self.code != "upstream_expired"
    }

    /// Whether the upstream had too much to do.
    #[must_use]
    pub fn is_of_load(&self) -> bool {
        matches!(&*self.code, "upstream_rate_limited" | "upstream_overloaded" | "upstream_quota")
    }
}

/// An output that was copied into our object storage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Output {
    /// Where it is kept.
    pub asset_id: AssetId,
    /// Its place among the job's outputs, from zero.
    pub index: u32,
    /// Its media type.
    pub content_type: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// Pixels across, of a picture or a film.
    pub width: Option<u32>,
    /// Pixels down, of a picture or a film.
    pub height: Option<u32>,
}
