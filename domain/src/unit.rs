//! A unit of work: commands to several aggregates that are decided and appended all or nothing.
//!
//! The functions here are the only recipes that move credits; each pairs the job's step with the account's, so that
//! a terminal job and an open hold can't exist together (MONEY, invariants 2 and 3).
//!
//! One step, mostly the first, is the unit's key: when it has been done already, the whole unit has.

use crate::{
    Credits,
    account::{AccountCommand, Overrun, ReleaseReason},
    id::{AttemptId, JobId, TenantId},
    job::{AttemptStart, Failure, JobCommand, Output, Submission, Usage},
    once::OnceCommand,
    stream::Command,
};

/// One command to one aggregate.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The aggregate's id.
    pub aggregate_id: String,
    /// Whether the aggregate is expected not to exist yet, so that nothing has to be read for it.
    pub fresh: bool,
    /// What is asked of it.
    pub command: Command,
}

/// Commands that are decided and appended all or nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Unit {
    /// In the order in which they are decided.
    pub steps: Vec<Step>,
    /// Which step tells whether the unit was done already.
    pub key: usize,
}

/// A once-only key and what the request looked like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnceKey {
    /// The id of the once-stream: a kind, a colon and a hash.
    pub id: String,
    /// The hash of the whole request.
    pub fingerprint: String,
}

/// How a job that did not succeed ends, and so why its hold is released.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unsuccessful {
    /// With a definite verdict or by a stated policy.
    Failed {
        /// Our stable code.
        code: String,
        /// What the release says.
        reason: ReleaseReason,
    },
    /// Stopped before it cost anything.
    Canceled,
    /// Out of time.
    Expired,
}

/// What an attempt that did its work brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Success {
    /// The attempt.
    pub attempt_id: AttemptId,
    /// What was stored.
    pub outputs: Vec<Output>,
    /// What was counted upstream.
    pub usage: Usage,
}

impl Unit {
    /// A unit of one command to one aggregate.
    #[must_use]
    pub fn of(aggregate_id: impl ToString, command: impl Into<Command>) -> Self {
        Self::default().then(aggregate_id, command)
    }

    /// Adds a command.
    #[must_use]
    pub fn then(mut self, aggregate_id: impl ToString, command: impl Into<Command>) -> Self {
        self.steps.push(Step { aggregate_id: aggregate_id.to_string(), fresh: false, command: command.into() });
        self
    }

    /// Adds a command to an aggregate that does not exist yet.
    #[must_use]
    pub fn then_fresh(mut self, aggregate_id: impl ToString, command: impl Into<Command>) -> Self {
        self.steps.push(Step { aggregate_id: aggregate_id.to_string(), fresh: true, command: command.into() });
        self
    }

    /// The same unit, done once for a key: a replay is refused by the key's own stream, however late it comes.
    #[must_use]
    pub fn once(mut self, OnceKey { id, fingerprint }: OnceKey, subject: impl ToString) -> Self {
        let command = OnceCommand::UseKey { subject: subject.to_string(), fingerprint }.into();
        self.steps.insert(0, Step { aggregate_id: id, fresh: false, command });
        self.key = 0;
        self
    }

    /// *Hold and submit*, and start the first attempt when the caller waits for it.
    ///
    /// The job is asked first: the account forgets holds that ended, so it could not tell a late duplicate.
    #[must_use]
    pub fn submit(once: Option<OnceKey>, job_id: &JobId, job: Submission, first: Option<AttemptStart>) -> Self {
        let hold = AccountCommand::HoldCredits {
            job_id: job_id.clone(),
            amount: job.hold,
            api_key_id: job.api_key_id.clone(),
            model: job.model.clone(),
        };
        let account = job.tenant_id.clone();
        let mut unit = Self::default();
        if let Some(OnceKey { id, fingerprint }) = once {
            unit = unit.then_fresh(id, OnceCommand::UseKey { subject: job_id.to_string(), fingerprint });
        }
        unit = unit.then_fresh(job_id, JobCommand::SubmitJob(Box::new(job))).then(account, hold);
        match first {
            Some(start) => unit.then_fresh(job_id, JobCommand::StartAttempt(start)),
            None => unit,
        }
    }

    /// *Note the stored outputs, succeed and settle.*
    #[must_use]
    pub fn succeed(
        tenant_id: &TenantId,
        job_id: &JobId,
        Success { attempt_id, outputs, usage }: Success,
        (cost, overrun): (Credits, Overrun),
    ) -> Self {
        let mut unit = Self { key: outputs.len(), ..Self::default() };
        for output in outputs {
            unit = unit.then(job_id, JobCommand::StoreOutput { attempt_id: attempt_id.clone(), output });
        }
        unit.then(job_id, JobCommand::SucceedJob { attempt_id, usage, cost })
            .then(tenant_id, AccountCommand::SettleHold { job_id: job_id.clone(), cost, overrun })
    }

    /// *Cancel and settle*: the caller went away, and the policy of the capability says what that costs.
    #[must_use]
    pub fn cancel_charged(
        tenant_id: &TenantId,
        job_id: &JobId,
        usage: Usage,
        (cost, overrun): (Credits, Overrun),
    ) -> Self {
        Self::of(job_id, JobCommand::CancelJob { usage, cost })
            .then(tenant_id, AccountCommand::SettleHold { job_id: job_id.clone(), cost, overrun })
    }

    /// *End and release*, for a job that costs nothing.
    #[must_use]
    pub fn release(tenant_id: &TenantId, job_id: &JobId, ending: Unsuccessful) -> Self {
        let (command, reason) = match ending {
            Unsuccessful::Failed { code, reason } => (JobCommand::FailJob { code, cost: Credits::ZERO }, reason),
            Unsuccessful::Canceled => {
                (JobCommand::CancelJob { usage: Usage::new(), cost: Credits::ZERO }, ReleaseReason::Canceled)
            }
            Unsuccessful::Expired => (JobCommand::ExpireJob, ReleaseReason::Expired),
        };
        Self::of(job_id, command).then(tenant_id, AccountCommand::ReleaseHold { job_id: job_id.clone(), reason })
    }

    /// *The attempt failed for good, so the job fails and its hold is released.* The job's end is the key: the attempt's
    /// failure alone, recorded before, ends no hold.
    #[must_use]
    pub fn fail_attempt_for_good(
        tenant_id: &TenantId,
        job_id: &JobId,
        attempt_id: AttemptId,
        failure: Failure,
    ) -> Self {
        let code = failure.code.clone();
        let release = AccountCommand::ReleaseHold { job_id: job_id.clone(), reason: ReleaseReason::Failed };
        Self { key: 1, ..Self::default() }
            .then(job_id, JobCommand::FailAttempt { attempt_id, failure })
            .then(job_id, JobCommand::FailJob { code, cost: Credits::ZERO })
            .then(tenant_id, release)
    }

    /// *The attempt was refused, and the next one starts*, for a caller who waits. The start is the key: no call is made
    /// that it does not stand for.
    #[must_use]
    pub fn next_attempt(job_id: &JobId, refused: AttemptId, failure: Failure, next: AttemptStart) -> Self {
        Self { key: 1, ..Self::default() }
            .then(job_id, JobCommand::FailAttempt { attempt_id: refused, failure })
            .then(job_id, JobCommand::StartAttempt(next))
    }

    /// *Refund*: the job bounds it by what its hold took, the account moves it. Two refunds of the same amount are two:
    /// what may be sent again goes through [`Unit::once`].
    #[must_use]
    pub fn refund(tenant_id: &TenantId, job_id: &JobId, amount: Credits, model: String, reason: String) -> Self {
        Self::of(job_id, JobCommand::RefundJob { amount, reason: reason.clone() })
            .then(tenant_id, AccountCommand::RefundCredits { job_id: job_id.clone(), amount, model, reason })
    }

    /// *Recharge*, keyed by its payment, voucher or request.
    #[must_use]
    pub fn recharge(once: OnceKey, tenant_id: &TenantId, amount: Credits, source: String, reference: String) -> Self {
        Self::of(tenant_id, AccountCommand::RechargeCredits { amount, source, reference }).once(once, tenant_id)
    }
}
