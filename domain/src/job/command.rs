//! What may be asked of a job.

use super::{AttemptStart, Failure, Output, Submission, Usage};
use crate::{Credits, id::AttemptId};

/// A command to one job.
#[derive(Clone, Debug, PartialEq)]
pub enum JobCommand {
    /// Begins the job. Its hold is taken in the same unit.
    SubmitJob(Box<Submission>),
    /// Records an attempt *before* its call.
    StartAttempt(AttemptStart),
    /// The upstream took the work and gave it an id of its own.
    AcceptUpstream {
        /// The current attempt.
        attempt_id: AttemptId,
        /// The upstream's id of the task.
        upstream_id: String,
    },
    /// The attempt ended with a definite failure.
    FailAttempt {
        /// The current attempt.
        attempt_id: AttemptId,
        /// What went wrong, and what becomes of the job.
        failure: Failure,
    },
    /// An output was stored. Twice for the same index is once.
    StoreOutput {
        /// The current attempt.
        attempt_id: AttemptId,
        /// What was stored.
        output: Output,
    },
    /// The job did what was asked. Its hold settles in the same unit.
    SucceedJob {
        /// The current attempt.
        attempt_id: AttemptId,
        /// What was counted upstream.
        usage: Usage,
        /// What it costs, by the frozen price.
        cost: Credits,
    },
    /// The job can't be done. Its hold ends in the same unit.
    FailJob {
        /// Our stable code.
        code: String,
        /// What it costs all the same, by the declared policy; mostly nothing.
        cost: Credits,
    },
    /// Somebody wants the job to stop. No further attempt starts.
    RequestCancel,
    /// The job stopped before its end. Its hold ends in the same unit. Refused while an outcome is unknown:
    /// a verdict names the attempt first.
    CancelJob {
        /// What was counted until then.
        usage: Usage,
        /// What that costs, by the declared policy.
        cost: Credits,
    },
    /// The job ran out of time before an attempt or between two. Its hold ends in the same unit.
    ExpireJob,
    /// Nobody knows whether the upstream did the work.
    MarkOutcomeUnknown {
        /// The current attempt.
        attempt_id: AttemptId,
        /// How contact was lost.
        why: String,
    },
    /// Gives back some of what the job was charged. The account moves it in the same unit.
    RefundJob {
        /// More than zero, and with earlier refunds at most what the hold took.
        amount: Credits,
        /// Why.
        reason: String,
    },
}
