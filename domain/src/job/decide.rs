//! The rules of a job, one function a command. What has been done already is `Ok(vec![])`; what contradicts it is refused.

use super::{AttemptStart, Ending, Failure, Fate, Job, JobCommand, JobError, JobEvent, Output, Phase, Submission};
use crate::{Credits, decide::Decide, id::AttemptId};

type Decision = Result<Vec<JobEvent>, JobError>;

impl Decide for Job {
    fn decide(&self, command: &JobCommand) -> Decision {
        if let JobCommand::SubmitJob(submission) = command {
            return self.submit(submission);
        }
        if self.submission.is_none() {
            return Err(JobError::Absent);
        }
        match command {
            JobCommand::SubmitJob(submission) => self.submit(submission),
            JobCommand::StartAttempt(start) => self.start_attempt(start),
            JobCommand::AcceptUpstream { attempt_id, upstream_id } => self.accept_upstream(attempt_id, upstream_id),
            JobCommand::FailAttempt { attempt_id, failure } => self.fail_attempt(attempt_id, failure),
            JobCommand::StoreOutput { attempt_id, output } => self.store_output(attempt_id, output),
            JobCommand::SucceedJob { attempt_id, usage, cost } => {
                amount(*cost)?;
                let event =
                    JobEvent::JobSucceeded { attempt_id: attempt_id.clone(), usage: usage.clone(), cost: *cost };
                self.end_of_attempt(attempt_id, &Ending::Succeeded, event)
            }
            JobCommand::FailJob { code, cost } => {
                amount(*cost)?;
                let ending = Ending::Failed { code: code.clone() };
                self.finish_at_rest(&ending, JobEvent::JobFailed { code: code.clone(), cost: *cost })
            }
            JobCommand::RequestCancel => self.request_cancel(),
            JobCommand::CancelJob { usage, cost } => {
                amount(*cost)?;
                self.finish_in_sight(&Ending::Canceled, JobEvent::JobCanceled { usage: usage.clone(), cost: *cost })
            }
            JobCommand::ExpireJob => self.expire(),
            JobCommand::MarkOutcomeUnknown { attempt_id, why } => self.mark_unknown(attempt_id, why),
            JobCommand::RefundJob { amount, reason } => self.refund(*amount, reason),
        }
    }
}

impl Job {
    fn submit(&self, submission: &Submission) -> Decision {
        match self.submission() {
            None => {
                amount(submission.hold)?;
                Ok(vec![JobEvent::JobSubmitted(Box::new(submission.clone()))])
            }
            Some(earlier) if earlier == submission => Ok(vec![]),
            Some(_) => Err(JobError::IdTaken),
        }
    }

    /// An attempt is made once: one that failed is not started again by a late duplicate of its start.
    fn start_attempt(&self, start: &AttemptStart) -> Decision {
        match &self.phase {
            Phase::Running { attempt } if attempt.start == *start => Ok(vec![]),
            Phase::Running { .. } | Phase::Unknown { .. } => Err(JobError::AttemptUnderWay),
            Phase::Ended { .. } => Err(JobError::Ended),
            Phase::Queued if self.cancel_requested => Err(JobError::CancelRequested),
            Phase::Queued if self.tried.contains(&start.attempt_id) => {
                Err(JobError::NotCurrent { attempt_id: start.attempt_id.clone() })
            }
            Phase::Queued if self.verdict_is_final() => Err(JobError::FinalVerdict),
            Phase::Queued => Ok(vec![JobEvent::AttemptStarted { number: self.attempts + 1, attempt: start.clone() }]),
            Phase::Absent => Err(JobError::Absent),
        }
    }

    fn accept_upstream(&self, attempt_id: &AttemptId, upstream_id: &str) -> Decision {
        let attempt = self.current(attempt_id)?;
        let accepted =
            || JobEvent::UpstreamAccepted { attempt_id: attempt_id.clone(), upstream_id: upstream_id.to_owned() };
        match (&attempt.upstream_id, &self.phase) {
            (Some(earlier), _) if earlier != upstream_id => Err(JobError::AcceptedDiffers),
            (Some(_), Phase::Running { .. }) => Ok(vec![]),
            _ => Ok(vec![accepted()]),
        }
    }

    fn fail_attempt(&self, attempt_id: &AttemptId, failure: &Failure) -> Decision {
        match &self.last_failure {
            Some((failed, _)) if failed == attempt_id => return Ok(vec![]),
            _ => self.current(attempt_id)?,
        };
        Ok(vec![JobEvent::AttemptFailed { attempt_id: attempt_id.clone(), failure: failure.clone() }])
    }

    fn store_output(&self, attempt_id: &AttemptId, output: &Output) -> Decision {
        if self.outputs.iter().any(|earlier| earlier.index == output.index) {
            return Ok(vec![]);
        }
        self.current(attempt_id)?;
        Ok(vec![JobEvent::OutputStored { attempt_id: attempt_id.clone(), output: output.clone() }])
    }

    fn request_cancel(&self) -> Decision {
        match self.phase {
            Phase::Ended { ending: Ending::Canceled } => Ok(vec![]),
            Phase::Ended { .. } => Err(JobError::Ended),
            _ if self.cancel_requested => Ok(vec![]),
            _ => Ok(vec![JobEvent::JobCancelRequested {}]),
        }
    }

    fn mark_unknown(&self, attempt_id: &AttemptId, why: &str) -> Decision {
        self.current(attempt_id)?;
        match self.phase {
            Phase::Unknown { .. } => Ok(vec![]),
            _ => Ok(vec![JobEvent::OutcomeUnknown { attempt_id: attempt_id.clone(), why: why.to_owned() }]),
        }
    }

    /// Bounded by what the hold took, which is the cost up to the hold. Of a cost above it, only the account knows
    /// how much the tenant paid and how much the platform absorbed; what the tenant paid is given back by adjustment.
    fn refund(&self, amount: Credits, reason: &str) -> Decision {
        if self.ending().is_none() {
            return Err(JobError::NotEnded);
        }
        let hold = self.submission().map_or(Credits::ZERO, |submission| submission.hold);
        let left = self.cost.min(hold) - self.refunded;
        if amount <= Credits::ZERO || amount > left {
            return Err(JobError::RefundTooLarge { amount, left });
        }
        Ok(vec![JobEvent::JobRefunded { amount, reason: reason.to_owned() }])
    }

    fn end_of_attempt(&self, attempt_id: &AttemptId, ending: &Ending, event: JobEvent) -> Decision {
        if self.ending().is_none() {
            self.current(attempt_id)?;
        }
        self.finish(ending, event)
    }

    /// Running out of time is no verdict: an attempt under way, or of unknown outcome, ends otherwise.
    fn expire(&self) -> Decision {
        match self.phase {
            Phase::Unknown { .. } => Err(JobError::OutcomeOpen),
            _ => self.finish_at_rest(&Ending::Expired, JobEvent::JobExpired {}),
        }
    }

    /// A cancel stops what is seen. What became of an attempt out of sight, a verdict or the stated policy says.
    fn finish_in_sight(&self, ending: &Ending, event: JobEvent) -> Decision {
        match self.phase {
            Phase::Unknown { .. } => Err(JobError::OutcomeOpen),
            _ => self.finish(ending, event),
        }
    }

    /// A failure is only for a job whose upstream is not at work, or stayed unknown past the stated age.
    fn finish_at_rest(&self, ending: &Ending, event: JobEvent) -> Decision {
        match self.phase {
            Phase::Running { .. } => Err(JobError::OutcomeOpen),
            _ => self.finish(ending, event),
        }
    }

    /// The one door to an end: the same end twice is once, another end is refused.
    fn finish(&self, ending: &Ending, event: JobEvent) -> Decision {
        match self.ending() {
            None => Ok(vec![event]),
            Some(earlier) if earlier == ending => Ok(vec![]),
            Some(_) => Err(JobError::Ended),
        }
    }

    fn verdict_is_final(&self) -> bool {
        self.last_failure().is_some_and(|failure| failure.fate == Fate::Fail)
    }

    fn current(&self, attempt_id: &AttemptId) -> Result<&super::Attempt, JobError> {
        if self.ending().is_some() {
            return Err(JobError::Ended);
        }
        let current = self.attempt().filter(|attempt| attempt.start.attempt_id == *attempt_id);
        current.ok_or_else(|| JobError::NotCurrent { attempt_id: attempt_id.clone() })
    }
}

fn amount(amount: Credits) -> Result<(), JobError> {
    if amount.is_amount() { Ok(()) } else { Err(JobError::InvalidAmount { amount }) }
}
