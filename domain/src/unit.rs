//! A unit of work: commands to several aggregates that are decided and appended all or nothing.
//!
//! The functions here are the only recipes that move credits; each pairs the job's step with the account's, so that
//! a terminal job and an open hold can't exist together (MONEY, invariants 2 and 3).
//!
//! One step, mostly the first, is the unit's key: when it has been done already, the whole unit has.

use crate::{
    Credits,
    account::{AccountCommand, Allowance, Overrun, ReleaseReason},
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
            allowance: Allowance::default(),
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

    /// The same submission, within what the limits of its caller allow: its hold is refused above them.
    #[must_use]
    pub fn within(mut self, allowed: Allowance) -> Self {
        for step in &mut self.steps {
            if let Command::Account(AccountCommand::HoldCredits { allowance, .. }) = &mut step.command {
                allowance.clone_from(&allowed);
            }
        }
        self
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

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::{
        capability::CapabilityKind,
        id::ProviderKeyId,
        job::{Fate, Mode},
        pricing::PricedParams,
    };

    fn tenant_id() -> TenantId {
        TenantId::from_uuid(Uuid::from_u128(1))
    }

    fn job_id() -> JobId {
        JobId::from_uuid(Uuid::from_u128(2))
    }

    fn attempt_id() -> AttemptId {
        AttemptId::from_uuid(Uuid::from_u128(3))
    }

    fn start() -> AttemptStart {
        let provider_key_id = ProviderKeyId::from_uuid(Uuid::nil());
        AttemptStart {
            attempt_id: attempt_id(),
            provider: "ark".into(),
            upstream_model: "ep-1".into(),
            provider_key_id,
        }
    }

    fn submission() -> Submission {
        Submission {
            tenant_id: tenant_id(),
            user_id: None,
            api_key_id: None,
            model: "some-model".into(),
            capability: CapabilityKind::Chat,
            price_version: 1,
            priced_params: PricedParams::default(),
            inputs_sha256: "00".into(),
            hold: Credits::from_whole(1),
            mode: Mode::Interactive,
            expires_at: chrono::DateTime::UNIX_EPOCH,
        }
    }

    fn failure() -> Failure {
        Failure { code: "refused".into(), fate: Fate::Fail, upstream_status: None, upstream_code: None }
    }

    fn once() -> OnceKey {
        OnceKey { id: "request:1".into(), fingerprint: "f".into() }
    }

    /// The kinds of aggregate that a unit touches, in the order of its decisions, and the kind of its key.
    fn shape(unit: &Unit) -> (Vec<&'static str>, &Command) {
        let kinds = unit.steps.iter().map(|step| step.command.aggregate_type()).collect();
        (kinds, &unit.steps[unit.key].command)
    }

    #[test]
    fn a_submission_is_keyed_by_its_request_or_else_by_its_job() {
        let with_key = Unit::submit(Some(once()), &job_id(), submission(), Some(start()));
        let (kinds, key) = shape(&with_key);
        assert_eq!(kinds, ["once", "job", "account", "job"]);
        assert!(matches!(key, Command::Once(_)));
        let without = Unit::submit(None, &job_id(), submission(), None);
        let (kinds, key) = shape(&without);
        assert_eq!(kinds, ["job", "account"]);
        assert!(matches!(key, Command::Job(JobCommand::SubmitJob(_))));
    }

    #[test]
    fn a_submission_holds_what_the_job_says() {
        let unit = Unit::submit(None, &job_id(), submission(), None);
        let hold = AccountCommand::HoldCredits {
            job_id: job_id(),
            amount: Credits::from_whole(1),
            api_key_id: None,
            model: "some-model".into(),
            allowance: Allowance::default(),
        };
        assert_eq!(unit.steps[1].command, Command::Account(hold));
        assert_eq!(unit.steps[1].aggregate_id, tenant_id().to_string());
    }

    #[test]
    fn a_submission_holds_within_what_its_caller_is_allowed() {
        let allowed = Allowance { key_jobs: Some(3), ..Allowance::default() };
        let unit = Unit::submit(Some(once()), &job_id(), submission(), Some(start())).within(allowed.clone());
        let allowances: Vec<_> = unit
            .steps
            .iter()
            .filter_map(|step| match &step.command {
                Command::Account(AccountCommand::HoldCredits { allowance, .. }) => Some(allowance),
                _ => None,
            })
            .collect();
        assert_eq!(allowances, [&allowed]);
    }

    #[test]
    fn every_unit_that_ends_a_job_ends_its_hold_and_is_keyed_by_the_end_of_the_job() {
        let terms = (Credits::from_whole(1), Overrun::Absorb);
        let success = Success { attempt_id: attempt_id(), outputs: vec![], usage: Usage::new() };
        let failed = Unsuccessful::Failed { code: "refused".into(), reason: ReleaseReason::Failed };
        let units = [
            Unit::succeed(&tenant_id(), &job_id(), success, terms),
            Unit::cancel_charged(&tenant_id(), &job_id(), Usage::new(), terms),
            Unit::release(&tenant_id(), &job_id(), failed),
            Unit::release(&tenant_id(), &job_id(), Unsuccessful::Canceled),
            Unit::release(&tenant_id(), &job_id(), Unsuccessful::Expired),
            Unit::fail_attempt_for_good(&tenant_id(), &job_id(), attempt_id(), failure()),
        ];
        for unit in units {
            let Command::Job(key) = &unit.steps[unit.key].command else { panic!("{unit:?}") };
            let ends = matches!(
                key,
                JobCommand::SucceedJob { .. }
                    | JobCommand::CancelJob { .. }
                    | JobCommand::FailJob { .. }
                    | JobCommand::ExpireJob
            );
            assert!(ends, "{unit:?}");
            let last = unit.steps.last().map(|step| &step.command);
            let ended = AccountCommand::SettleHold { job_id: job_id(), cost: terms.0, overrun: terms.1 };
            let is_end = match last {
                Some(Command::Account(AccountCommand::ReleaseHold { job_id: released, .. })) => *released == job_id(),
                Some(Command::Account(settled)) => *settled == ended,
                _ => false,
            };
            assert!(is_end, "{unit:?}");
        }
    }

    #[test]
    fn the_next_attempt_is_keyed_by_its_start() {
        let unit = Unit::next_attempt(&job_id(), attempt_id(), failure(), start());
        assert_eq!(shape(&unit).1, &Command::Job(JobCommand::StartAttempt(start())));
    }

    #[test]
    fn a_recharge_and_whatever_is_to_happen_once_are_keyed_by_their_once_stream() {
        let amount = Credits::from_whole(1);
        let recharge = Unit::recharge(once(), &tenant_id(), amount, "card".into(), "r".into());
        let refund = Unit::refund(&tenant_id(), &job_id(), amount, "some-model".into(), "blurred".into());
        let refund = refund.once(once(), job_id());
        assert_eq!(shape(&recharge).0, ["once", "account"]);
        assert_eq!(shape(&refund).0, ["once", "job", "account"]);
        for unit in [recharge, refund] {
            assert!(matches!(shape(&unit).1, Command::Once(_)));
            assert_eq!(unit.steps[0].aggregate_id, "request:1");
        }
    }
}
