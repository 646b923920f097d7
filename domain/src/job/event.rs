//! What happened to a job. The sequence number of an event is the number that clients see.

use serde::{Deserialize, Serialize};

use super::{AttemptStart, Failure, Output, Submission, Usage};
use crate::{Credits, decide::domain_event, id::AttemptId};

/// An event of one job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields are documented on the commands of the same names")]
pub enum JobEvent {
    JobSubmitted(Box<Submission>),
    AttemptStarted { number: u32, attempt: AttemptStart },
    UpstreamAccepted { attempt_id: AttemptId, upstream_id: String },
    AttemptFailed { attempt_id: AttemptId, failure: Failure },
    OutputStored { attempt_id: AttemptId, output: Output },
    JobSucceeded { attempt_id: AttemptId, usage: Usage, cost: Credits },
    JobFailed { code: String, cost: Credits },
    JobCancelRequested {},
    JobCanceled { usage: Usage, cost: Credits },
    JobExpired {},
    OutcomeUnknown { attempt_id: AttemptId, why: String },
    JobRefunded { amount: Credits, reason: String },
}

domain_event!(
    JobEvent,
    "1",
    [
        JobSubmitted,
        AttemptStarted,
        UpstreamAccepted,
        AttemptFailed,
        OutputStored,
        JobSucceeded,
        JobFailed,
        JobCancelRequested,
        JobCanceled,
        JobExpired,
        OutcomeUnknown,
        JobRefunded,
    ]
);

impl JobEvent {
    /// Whether the job ends with this event.
    #[must_use]
    pub const fn is_terminal(&self) -> bool {
        matches!(
            self,
            Self::JobSucceeded { .. } | Self::JobFailed { .. } | Self::JobCanceled { .. } | Self::JobExpired {}
        )
    }
}
