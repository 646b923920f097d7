//! The fold of a job's events.

use serde::{Deserialize, Serialize};

use super::{AttemptStart, Failure, JobCommand, JobError, JobEvent, Output, Submission, Usage};
use crate::{Credits, decide::aggregate, id::AttemptId};

/// The state of one job.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Job {
    pub(super) submission: Option<Box<Submission>>,
    pub(super) phase: Phase,
    pub(super) attempts: u32,
    /// The ids of all attempts: none is started twice.
    pub(super) tried: Vec<AttemptId>,
    pub(super) last_failure: Option<(AttemptId, Failure)>,
    pub(super) cancel_requested: bool,
    pub(super) outputs: Vec<Output>,
    pub(super) usage: Usage,
    pub(super) cost: Credits,
    pub(super) refunded: Credits,
}

/// Where a job stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "phase")]
pub enum Phase {
    /// Not submitted.
    #[default]
    Absent,
    /// Waiting for an attempt: the first, or another after a definite refusal.
    Queued,
    /// An attempt is under way.
    Running {
        /// The current attempt.
        attempt: Attempt,
    },
    /// Nobody knows what became of the attempt.
    Unknown {
        /// The current attempt.
        attempt: Attempt,
    },
    /// Over.
    Ended {
        /// How.
        ending: Ending,
    },
}

/// The current attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// As it was decided before the call.
    pub start: AttemptStart,
    /// The upstream's id of the task, once it gave one.
    pub upstream_id: Option<String>,
}

/// How a job ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "ending")]
pub enum Ending {
    /// It did what was asked.
    Succeeded,
    /// It could not be done.
    Failed {
        /// Our stable code.
        code: String,
    },
    /// It was stopped.
    Canceled,
    /// It ran out of time.
    Expired,
}

aggregate!(Job, "job", JobCommand, JobEvent, JobError);

impl Job {
    /// What was frozen at submission, if the job exists.
    #[must_use]
    pub fn submission(&self) -> Option<&Submission> {
        self.submission.as_deref()
    }

    /// Where the job stands.
    #[must_use]
    pub const fn phase(&self) -> &Phase {
        &self.phase
    }

    /// The attempt under way or of unknown outcome.
    #[must_use]
    pub const fn attempt(&self) -> Option<&Attempt> {
        match &self.phase {
            Phase::Running { attempt } | Phase::Unknown { attempt } => Some(attempt),
            _ => None,
        }
    }

    /// How many attempts were started.
    #[must_use]
    pub const fn attempts(&self) -> u32 {
        self.attempts
    }

    /// How the job ended, if it has.
    #[must_use]
    pub const fn ending(&self) -> Option<&Ending> {
        match &self.phase {
            Phase::Ended { ending } => Some(ending),
            _ => None,
        }
    }

    /// Why the last attempt failed, if it did.
    #[must_use]
    pub fn last_failure(&self) -> Option<&Failure> {
        self.last_failure.as_ref().map(|(_, failure)| failure)
    }

    /// Whether somebody asked the job to stop.
    #[must_use]
    pub const fn cancel_requested(&self) -> bool {
        self.cancel_requested
    }

    /// The stored outputs, by index.
    #[must_use]
    pub fn outputs(&self) -> &[Output] {
        &self.outputs
    }

    /// What was counted, once the job has ended.
    #[must_use]
    pub const fn usage(&self) -> &Usage {
        &self.usage
    }

    /// What the job costs, once it has ended.
    #[must_use]
    pub const fn cost(&self) -> Credits {
        self.cost
    }

    /// What was given back of it.
    #[must_use]
    pub const fn refunded(&self) -> Credits {
        self.refunded
    }

    pub(super) fn evolve(&mut self, event: JobEvent) {
        match event {
            JobEvent::JobSubmitted(submission) => {
                self.submission = Some(submission);
                self.phase = Phase::Queued;
            }
            JobEvent::AttemptStarted { number, attempt } => {
                self.attempts = number;
                self.tried.push(attempt.attempt_id.clone());
                self.phase = Phase::Running { attempt: Attempt { start: attempt, upstream_id: None } };
            }
            JobEvent::UpstreamAccepted { upstream_id, .. } => self.accept(upstream_id),
            JobEvent::AttemptFailed { attempt_id, failure } => {
                self.last_failure = Some((attempt_id, failure));
                self.phase = Phase::Queued;
            }
            JobEvent::OutputStored { output, .. } => self.outputs.push(output),
            JobEvent::JobSucceeded { usage, cost, .. } => self.end(Ending::Succeeded, usage, cost),
            JobEvent::JobFailed { code, cost } => self.end(Ending::Failed { code }, Usage::new(), cost),
            JobEvent::JobCancelRequested {} => self.cancel_requested = true,
            JobEvent::JobCanceled { usage, cost } => self.end(Ending::Canceled, usage, cost),
            JobEvent::JobExpired {} => self.end(Ending::Expired, Usage::new(), Credits::ZERO),
            JobEvent::OutcomeUnknown { .. } => self.lose_sight(),
            JobEvent::JobRefunded { amount, .. } => self.refunded += amount,
        }
    }

    fn end(&mut self, ending: Ending, usage: Usage, cost: Credits) {
        self.phase = Phase::Ended { ending };
        self.usage = usage;
        self.cost = cost;
    }

    /// An accepted attempt is followed again, also when its outcome had been unknown.
    fn accept(&mut self, upstream_id: String) {
        if let Some(attempt) = self.attempt() {
            let attempt = Attempt { upstream_id: Some(upstream_id), ..attempt.clone() };
            self.phase = Phase::Running { attempt };
        }
    }

    fn lose_sight(&mut self) {
        if let Some(attempt) = self.attempt().cloned() {
            self.phase = Phase::Unknown { attempt };
        }
    }
}
