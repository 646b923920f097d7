//! The rows of the read models, one struct a table, field for field. They are also what the queries answer with.
//!
//! Amounts are micro-credits, as in the tables. Times are those at which the log took the event.

use chrono::{DateTime, NaiveDate, Utc};
use domain::job::Usage;
use serde::{Deserialize, Serialize};

/// A tenant's account as of its last event.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BalanceRow {
    /// The tenant.
    pub tenant_id: String,
    /// All its credits, those held included.
    pub posted: i64,
    /// What is set aside for running jobs.
    pub held: i64,
    /// How far below zero a hold may reach.
    pub credit_limit: i64,
    /// The sum of all top-ups.
    pub recharged: i64,
    /// The sum of all charges.
    pub charged: i64,
    /// The sum of all refunds.
    pub refunded: i64,
    /// The sum of all adjustments.
    pub adjusted: i64,
    /// Why no new hold is taken, if so.
    pub frozen: Option<String>,
    /// The position of its last event.
    pub last_position: i64,
}

impl BalanceRow {
    /// What is free to be held.
    #[must_use]
    pub const fn available(&self) -> i64 {
        self.posted - self.held
    }
}

/// The kind of a line of the statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LedgerType {
    /// A top-up.
    Recharge,
    /// Set aside for a job.
    Hold,
    /// Spent by a job.
    Consume,
    /// Set aside and not spent.
    Release,
    /// Spent and given back.
    Refund,
    /// A correction that two people made.
    Adjustment,
}

impl LedgerType {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Recharge, Self::Hold, Self::Consume, Self::Release, Self::Refund, Self::Adjustment];

    /// Its name in URLs, JSON and tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Recharge => "recharge",
            Self::Hold => "hold",
            Self::Consume => "consume",
            Self::Release => "release",
            Self::Refund => "refund",
            Self::Adjustment => "adjustment",
        }
    }
}

/// A line of a tenant's statement.
///
/// A settled hold is two lines: `consume` of what was charged and, when something is left, `release` of the rest. A cost above
/// its hold is a further `consume`, whose note says what the platform bore. `amount` is signed as people read it;
/// posted and held move by `posted_change` and `held_change`, so that each balance is the sum of its column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerRow {
    /// Its place: twice the position of its event, plus one for the second line. Pages go on after it.
    pub entry_id: i64,
    /// The position of its event in the log.
    pub position: i64,
    /// Whose account.
    pub tenant_id: String,
    /// The number of its event in the account.
    pub sequence: i64,
    /// When it occurred, as the process that asked saw it.
    pub occurred_at: DateTime<Utc>,
    /// When the log took it.
    pub recorded_at: DateTime<Utc>,
    /// Its kind.
    #[serde(rename = "type")]
    pub entry_type: LedgerType,
    /// What moved: negative when set aside or spent.
    pub amount: i64,
    /// What this adds to posted.
    pub posted_change: i64,
    /// What this adds to held.
    pub held_change: i64,
    /// Posted after it.
    pub posted_after: i64,
    /// Held after it.
    pub held_after: i64,
    /// Available after it.
    pub available_after: i64,
    /// The job, if it is about one.
    pub job_id: Option<String>,
    /// The API key that asked, if one did.
    pub api_key_id: Option<String>,
    /// The model, if it is about one.
    pub model: Option<String>,
    /// The payment, voucher, or correction.
    pub reference: Option<String>,
    /// Why, or where from.
    pub note: Option<String>,
    /// The unit of work it was appended with.
    pub unit_id: String,
    /// The request that led to it.
    pub request_id: String,
    /// Who asked.
    pub actor: String,
}

/// A proposed correction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdjustmentRow {
    /// Whose account.
    pub tenant_id: String,
    /// Its key.
    pub adjustment_id: String,
    /// What to add; negative to take away.
    pub amount: i64,
    /// Why.
    pub reason: String,
    /// `requested`, `approved` or `rejected`.
    pub status: String,
    /// Who proposed it.
    pub requested_by: String,
    /// Who decided.
    pub decided_by: Option<String>,
    /// When it was proposed.
    pub requested_at: DateTime<Utc>,
    /// When it was decided.
    pub decided_at: Option<DateTime<Utc>>,
}

/// Where a job stands, as clients see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobStatus {
    /// It waits for an attempt.
    Queued,
    /// An attempt is under way, or its outcome is unknown.
    Running,
    /// It did what was asked.
    Succeeded,
    /// It could not be done.
    Failed,
    /// It was stopped.
    Canceled,
    /// It ran out of time.
    Expired,
}

impl JobStatus {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Queued, Self::Running, Self::Succeeded, Self::Failed, Self::Canceled, Self::Expired];

    /// Its name in URLs, JSON and tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
            Self::Expired => "expired",
        }
    }

    /// Whether the job is over.
    #[must_use]
    pub const fn is_final(self) -> bool {
        !matches!(self, Self::Queued | Self::Running)
    }
}

/// What a job that is not over is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobStage {
    /// The upstream is being asked.
    Starting,
    /// The upstream has the work.
    Generating,
    /// Outputs are being copied.
    Storing,
    /// It waits for another attempt.
    Retrying,
    /// Nobody knows yet what became of the attempt.
    Reconciling,
}

/// A stored output of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputRow {
    /// Where it is kept.
    pub asset_id: String,
    /// Its place among the outputs.
    pub index: u32,
    /// Its media type.
    pub content_type: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// Pixels across.
    pub width: Option<u32>,
    /// Pixels down.
    pub height: Option<u32>,
}

/// A job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobRow {
    /// Its id.
    pub job_id: String,
    /// Whose it is.
    pub tenant_id: String,
    /// The API key that asked, if one did.
    pub api_key_id: Option<String>,
    /// The person who asked, if one was logged in.
    pub user_id: Option<String>,
    /// The public name of the model.
    pub model: String,
    /// What the model was asked to do.
    pub capability: String,
    /// Where it stands.
    pub status: JobStatus,
    /// What it is at, unless it is over.
    pub stage: Option<JobStage>,
    /// `interactive` or `queued`.
    pub mode: String,
    /// What was held for it at its submission.
    pub held: i64,
    /// What its tenant was charged, overruns included.
    pub charged: i64,
    /// What was given back of it.
    pub refunded: i64,
    /// The version of the capability that it froze.
    pub price_version: u32,
    /// Our stable code, when it failed.
    pub error_code: Option<String>,
    /// How many attempts were started.
    pub attempts: u32,
    /// The current attempt.
    pub attempt_id: Option<String>,
    /// Whether somebody asked it to stop.
    pub cancel_requested: bool,
    /// The stored outputs.
    pub outputs: Vec<OutputRow>,
    /// What was counted, by meter.
    pub usage: Usage,
    /// When it was submitted.
    pub created_at: DateTime<Utc>,
    /// When its first attempt started.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub completed_at: Option<DateTime<Utc>>,
    /// The number of its last event.
    pub last_sequence: i64,
    /// The position of its last event.
    pub last_position: i64,
}

/// A published event of a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobEventRow {
    /// The job.
    pub job_id: String,
    /// Its number in the job. Private events have numbers too, so there are gaps.
    pub sequence: i64,
    /// Its public name.
    #[serde(rename = "type")]
    pub event_type: String,
    /// What it says, as published.
    pub data: serde_json::Value,
    /// When the log took it.
    pub at: DateTime<Utc>,
}

/// What a tenant used of a model on one day (UTC), by API key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageRow {
    /// The day, UTC, of the log.
    pub day: NaiveDate,
    /// The tenant.
    pub tenant_id: String,
    /// The model.
    pub model: String,
    /// The API key; empty when a person asked.
    pub api_key_id: String,
    /// Jobs that were submitted.
    pub jobs: i64,
    /// Jobs that succeeded.
    pub succeeded: i64,
    /// Jobs that failed or expired.
    pub failed: i64,
    /// What was charged.
    pub charged: i64,
    /// What was given back.
    pub refunded: i64,
    /// What was counted, by meter.
    pub quantities: Usage,
}

/// One try of a job at an upstream. For admins and the reconciler only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptRow {
    /// Its id.
    pub attempt_id: String,
    /// The job.
    pub job_id: String,
    /// Whose job.
    pub tenant_id: String,
    /// Which try, from one.
    pub number: u32,
    /// The provider's name.
    pub provider: String,
    /// What the provider was asked for.
    pub upstream_model: String,
    /// The provider key that was used.
    pub provider_key_id: String,
    /// The upstream's id of the task.
    pub upstream_id: Option<String>,
    /// When it was recorded, before the call.
    pub started_at: DateTime<Utc>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// `running`, `unknown`, `succeeded`, `refused` (another try may follow), `failed`, `canceled` or `expired`.
    pub outcome: String,
    /// Our stable code, when it failed.
    pub code: Option<String>,
    /// The HTTP status upstream answered with.
    pub upstream_status: Option<u16>,
    /// The provider's own code.
    pub upstream_code: Option<String>,
}
