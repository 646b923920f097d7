//! What callers hand to the store, and what they get back.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use domain::{
    stream::{Event, Refusal},
    unit::Unit,
};

/// A unit of work, who asked for it, and the rows to write beside its events.
#[derive(Clone, Debug, Default)]
pub struct Work {
    /// What is decided.
    pub unit: Unit,
    /// Who asked. Stands in the events' metadata, so never an address or an e-mail.
    pub context: Context,
    /// What is written beside the events. Nothing of it is written when there are no events.
    pub side: Side,
}

/// Who asked for a unit of work.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// The id of a user, an API key or a role of ours (`worker`).
    pub actor: String,
    /// The request that led here.
    pub request_id: String,
}

/// Rows of other tables that stand or fall with the events.
#[derive(Clone, Debug, Default)]
pub struct Side {
    /// Messages for the relay to send.
    pub outbox: Vec<OutboxRow>,
    /// The inputs of a new job.
    pub inputs: Option<JobInputsRow>,
    /// The next duty of a job, or that it has none any more.
    pub timer: Option<TimerChange>,
}

/// A message for the relay to send.
#[derive(Clone, Debug)]
pub struct OutboxRow {
    /// Where to: `jobs` or `events`.
    pub topic: String,
    /// What it is about, such as a job's id.
    pub reference: String,
    /// Its body, as JSON.
    pub payload: String,
}

/// The inputs of a new job: what may be erased later, and so never stands in an event.
#[derive(Clone, Debug)]
pub struct JobInputsRow {
    /// The job.
    pub job_id: String,
    /// The API route that took it.
    pub route: String,
    /// The resolved parameters, as JSON.
    pub params: String,
    /// What the client attached, as JSON.
    pub metadata: Option<String>,
    /// Where the client wants to hear of it.
    pub webhook_url: Option<String>,
}

/// A change of a job's next duty.
#[derive(Clone, Debug)]
pub enum TimerChange {
    /// The next duty.
    Set {
        /// The job.
        reference: String,
        /// Which duty.
        kind: String,
        /// When it is due.
        due: DateTime<Utc>,
        /// The attempt it belongs to, or empty.
        attempt: String,
    },
    /// No further duty.
    Clear {
        /// The job.
        reference: String,
    },
}

impl TimerChange {
    /// The job.
    #[must_use]
    pub fn reference(&self) -> &str {
        match self {
            Self::Set { reference, .. } | Self::Clear { reference } => reference,
        }
    }
}

/// An event as it stands in the log.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// Its place in the whole log, from one, without gaps.
    pub position: i64,
    /// The aggregate's type.
    pub aggregate_type: Arc<str>,
    /// The aggregate's id.
    pub aggregate_id: Arc<str>,
    /// Its place in its stream, from one, without gaps.
    pub sequence: i64,
    /// What happened.
    pub event: Event,
    /// Who asked, the request, the unit and when it occurred, as JSON.
    pub metadata: Arc<str>,
    /// When the log took it. Never earlier than the event before.
    pub recorded_at: DateTime<Utc>,
}

/// What became of a unit of work that was not refused.
#[derive(Clone, Debug)]
pub struct Committed {
    /// Its events. Empty when it had been done already.
    pub events: Arc<[Recorded]>,
    /// The position of its last event, or of the batch that the answer rests on.
    pub position: i64,
}

impl Committed {
    /// Whether the unit had been done before.
    #[must_use]
    pub fn was_done_already(&self) -> bool {
        self.events.is_empty()
    }
}

/// Why a unit of work was not done.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ExecuteError {
    /// The rules refuse it. Nothing was written, and the refusal is durable: it was decided on the log's last word.
    #[error(transparent)]
    Refused(Box<Refusal>),
    /// More units wait than the store takes. Try again after a second.
    #[error("too many units of work are waiting")]
    Busy,
    /// The database is out of reach. Whether the unit was done may be unknown.
    #[error("the database is out of reach: {0}")]
    Unavailable(String),
    /// The log does not continue what this process wrote: the database was restored wrongly. Nothing more is written.
    #[error("the log does not continue what was written before: {0}")]
    Diverged(String),
}

impl From<Refusal> for ExecuteError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(Box::new(refusal))
    }
}
