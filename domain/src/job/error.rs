//! Why a job refuses a command.

use crate::{Credits, id::AttemptId};

/// A refusal by a job. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JobError {
    /// There is no such job.
    #[error("the job does not exist")]
    Absent,
    /// The id is taken by another submission.
    #[error("another job has this id")]
    IdTaken,
    /// The job has ended already.
    #[error("the job has ended already")]
    Ended,
    /// An attempt runs, or its outcome is unknown: no second one may start.
    #[error("an attempt is under way")]
    AttemptUnderWay,
    /// A cancel was asked for: no further attempt may start.
    #[error("the job is being canceled")]
    CancelRequested,
    /// The last attempt failed for good: no further attempt may start.
    #[error("the upstream's verdict is final")]
    FinalVerdict,
    /// The command speaks of another attempt than the current one.
    #[error("{attempt_id} is not the current attempt")]
    NotCurrent {
        /// The attempt that was named.
        attempt_id: AttemptId,
    },
    /// The upstream accepted this attempt under another id.
    #[error("the attempt was accepted as another upstream task")]
    AcceptedDiffers,
    /// An attempt is under way upstream, or its outcome is unknown, so the job can't simply end.
    #[error("the upstream may be at work: its outcome decides")]
    OutcomeOpen,
    /// Negative, or above the maximum.
    #[error("{amount} credits is not an amount that a job may cost")]
    InvalidAmount {
        /// The amount as it was given.
        amount: Credits,
    },
    /// The job has not ended, so nothing was charged.
    #[error("the job has not ended")]
    NotEnded,
    /// A refund of nothing, or of more than is left of what the hold took.
    #[error("{amount} credits can't be refunded: {left} are left of what its hold took")]
    RefundTooLarge {
        /// What was asked for.
        amount: Credits,
        /// What may still be refunded.
        left: Credits,
    },
}
