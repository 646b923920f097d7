//! What the outside sees of a job: one table from private events to public ones, and the JSON of the job itself.
//!
//! Public events keep the number of the private event in the job's stream. Providers, keys and upstream ids are never shown.

mod job;

use chrono::{DateTime, Utc};
use domain::{
    Credits,
    job::{Fate, JobEvent, Usage},
};
use serde::{Deserialize, Serialize};
use store::Recorded;

pub use job::{CostView, ErrorView, JobView, OutputView, Presentation, UrlsView};

use crate::rows::JobEventRow;

/// A public event of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data")]
pub enum PublishedEvent {
    /// The job was taken and its credits are held.
    #[serde(rename = "job.submitted")]
    Submitted {
        /// The public name of the model.
        model: String,
        /// What it is asked to do.
        capability: String,
        /// What is held.
        held: Credits,
        /// The version of the capability that holds for the job.
        price_version: u32,
    },
    /// An attempt started.
    #[serde(rename = "job.started")]
    Started {
        /// Which try, from one.
        attempt: u32,
    },
    /// The provider has the work.
    #[serde(rename = "job.accepted")]
    Accepted {},
    /// The attempt failed; another will follow.
    #[serde(rename = "job.retrying")]
    Retrying {
        /// Our stable code.
        code: String,
    },
    /// An output can be fetched.
    #[serde(rename = "job.output")]
    Output {
        /// Its place among the outputs.
        index: u32,
        /// Where it is kept.
        asset_id: String,
        /// Its media type.
        content_type: String,
        /// Its size.
        bytes: u64,
        /// Pixels across.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        width: Option<u32>,
        /// Pixels down.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        height: Option<u32>,
    },
    /// The job did what was asked.
    #[serde(rename = "job.succeeded")]
    Succeeded {
        /// What was counted.
        usage: Usage,
        /// What it cost.
        cost: Credits,
    },
    /// The job could not be done.
    #[serde(rename = "job.failed")]
    Failed {
        /// Our stable code.
        code: String,
        /// What it cost all the same; mostly nothing.
        cost: Credits,
    },
    /// Somebody asked the job to stop.
    #[serde(rename = "job.cancel_requested")]
    CancelRequested {},
    /// The job was stopped.
    #[serde(rename = "job.canceled")]
    Canceled {
        /// What was counted until then.
        usage: Usage,
        /// What that cost.
        cost: Credits,
    },
    /// The job ran out of time.
    #[serde(rename = "job.expired")]
    Expired {},
    /// Contact was lost; the provider is being asked what became of it.
    #[serde(rename = "job.reconciling")]
    Reconciling {},
    /// Credits were given back.
    #[serde(rename = "job.refunded")]
    Refunded {
        /// How many.
        amount: Credits,
        /// Why.
        reason: String,
    },
}

/// The translation table. An attempt that failed for good says nothing by itself: the job's own end follows at once.
#[must_use]
pub fn publish(event: &JobEvent) -> Option<PublishedEvent> {
    Some(match event.clone() {
        JobEvent::JobSubmitted(submission) => PublishedEvent::Submitted {
            model: submission.model,
            capability: submission.capability.name().to_owned(),
            held: submission.hold,
            price_version: submission.price_version,
        },
        JobEvent::AttemptStarted { number, .. } => PublishedEvent::Started { attempt: number },
        JobEvent::UpstreamAccepted { .. } => PublishedEvent::Accepted {},
        JobEvent::AttemptFailed { failure, .. } => match failure.fate {
            Fate::Retry => PublishedEvent::Retrying { code: failure.code },
            Fate::Fail => return None,
        },
        JobEvent::OutputStored { output, .. } => PublishedEvent::Output {
            index: output.index,
            asset_id: output.asset_id.to_string(),
            content_type: output.content_type,
            bytes: output.bytes,
            width: output.width,
            height: output.height,
        },
        JobEvent::JobSucceeded { usage, cost, .. } => PublishedEvent::Succeeded { usage, cost },
        JobEvent::JobFailed { code, cost } => PublishedEvent::Failed { code, cost },
        JobEvent::JobCancelRequested {} => PublishedEvent::CancelRequested {},
        JobEvent::JobCanceled { usage, cost } => PublishedEvent::Canceled { usage, cost },
        JobEvent::JobExpired {} => PublishedEvent::Expired {},
        JobEvent::OutcomeUnknown { .. } => PublishedEvent::Reconciling {},
        JobEvent::JobRefunded { amount, reason } => PublishedEvent::Refunded { amount, reason },
    })
}

impl PublishedEvent {
    /// Whether the job is over with this event, though it may still be refunded.
    #[must_use]
    pub const fn is_final(&self) -> bool {
        matches!(self, Self::Succeeded { .. } | Self::Failed { .. } | Self::Canceled { .. } | Self::Expired {})
    }
}

/// The row, and so the JSON, of an event of a job's stream; nothing when it is of another stream or private.
#[must_use]
pub fn published_row(recorded: &Recorded) -> Option<JobEventRow> {
    let domain::stream::Event::Job(event) = &recorded.event else { return None };
    Some(numbered(&recorded.aggregate_id, recorded.sequence, recorded.recorded_at, &publish(event)?))
}

fn numbered(job_id: &str, sequence: i64, at: DateTime<Utc>, event: &PublishedEvent) -> JobEventRow {
    let mut json = serde_json::to_value(event).expect("an event of plain data is JSON");
    let data = json["data"].take();
    let event_type = json["type"].as_str().unwrap_or_default().to_owned();
    JobEventRow { job_id: job_id.to_owned(), sequence, event_type, data, at }
}
