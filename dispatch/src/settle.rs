//! The units that end an attempt, or a job with it. Each carries the job's next duty, or that it has none.

use std::time::Duration;

use domain::{
    capability::Unknown,
    id::AttemptId,
    job::{Failure, Fate, JobCommand, Output, Usage},
    unit::{Success, Unit, Unsuccessful},
};
use providers::UpstreamError;
use store::{Committed, ExecuteError, OutboxRow, Side, Work};

use crate::{Dispatcher, Run, duty};

/// The most attempts of one job.
pub const ATTEMPTS_AT_MOST: u32 = 4;

impl Dispatcher {
    /// The attempt did its work: charge for what was counted, by the frozen price.
    ///
    /// Usage that the price can't take, or that can't be right, is the provider's fault: the job fails with `invalid_usage` and costs nothing.
    pub(crate) async fn succeed(
        &self,
        run: &Run,
        attempt_id: &AttemptId,
        outputs: Vec<Output>,
        usage: Usage,
    ) -> Result<Committed, ExecuteError> {
        let charge = match run.charge(&usage) {
            Ok(charge) => charge,
            Err(error) => {
                tracing::error!(job_id = %run.job_id, %error, "upstream's usage can't be charged");
                return self.fail_for_good(run, attempt_id, &invalid_usage()).await;
            }
        };
        let success = Success { attempt_id: attempt_id.clone(), outputs, usage };
        let terms = (charge.amount, run.callable.capability.policies.overrun);
        let unit = Unit::succeed(&run.tenant_id, &run.job_id, success, terms);
        self.end(run, unit).await
    }

    /// The attempt was refused for good, and the job with it.
    pub(crate) async fn fail_for_good(
        &self,
        run: &Run,
        attempt_id: &AttemptId,
        failure: &Failure,
    ) -> Result<Committed, ExecuteError> {
        let unit = Unit::fail_attempt_for_good(&run.tenant_id, &run.job_id, attempt_id.clone(), failure.clone());
        self.end(run, unit).await
    }

    /// A job without an attempt under way ends, and its hold is released.
    pub(crate) async fn release(&self, run: &Run, ending: Unsuccessful) -> Result<Committed, ExecuteError> {
        self.end(run, Unit::release(&run.tenant_id, &run.job_id, ending)).await
    }

    /// Ends a job that waits for an attempt, at the wish of its tenant.
    ///
    /// # Errors
    /// Refused when an attempt has begun, or the store is out of reach.
    pub async fn stop_waiting(
        &self,
        tenant_id: &domain::id::TenantId,
        job_id: &domain::id::JobId,
        ending: Unsuccessful,
    ) -> Result<Committed, ExecuteError> {
        let work = Work {
            unit: Unit::release(tenant_id, job_id, ending),
            context: store::Context { actor: crate::ACTOR.into(), request_id: String::new() },
            side: Side {
                outbox: vec![ended(job_id, tenant_id)],
                timer: Some(store::TimerChange::Clear { reference: job_id.to_string() }),
                inputs: None,
            },
        };
        self.parts().store.execute(work).await
    }

    /// Nobody knows what became of the attempt: it is looked for, and never repeated blindly.
    pub(crate) async fn mark_unknown(
        &self,
        run: &Run,
        attempt_id: &AttemptId,
        why: &str,
    ) -> Result<Committed, ExecuteError> {
        tracing::warn!(job_id = %run.job_id, %attempt_id, why, "the outcome of an attempt is unknown");
        let command = JobCommand::MarkOutcomeUnknown { attempt_id: attempt_id.clone(), why: why.to_owned() };
        let parts = self.parts();
        let due = parts.store.now() + parts.ages.reconcile_every.min(self.unknown_age(run));
        let timer = run.duty(duty::RECONCILE, due, Some(attempt_id));
        parts.store.execute(run.work(Unit::of(&run.job_id, command), timer)).await
    }

    /// The attempt was refused before it cost anything, and another one follows after a pause.
    pub(crate) async fn retry_later(
        &self,
        run: &Run,
        attempt_id: &AttemptId,
        (failure, pause): (Failure, Duration),
    ) -> Result<Committed, ExecuteError> {
        let command = JobCommand::FailAttempt { attempt_id: attempt_id.clone(), failure };
        let parts = self.parts();
        let timer = run.duty(duty::DISPATCH, parts.store.now() + pause, None);
        parts.store.execute(run.work(Unit::of(&run.job_id, command), timer)).await
    }

    /// How long the capability lets an outcome stay unknown.
    pub(crate) fn unknown_age(&self, run: &Run) -> Duration {
        let Unknown::ReleaseAfter { seconds } = run.callable.capability.policies.unknown;
        self.parts().ages.policy(seconds)
    }

    /// Executes a unit that ends the job: no further duty, and a message for whatever else a company runs.
    pub(crate) async fn end(&self, run: &Run, unit: Unit) -> Result<Committed, ExecuteError> {
        let mut work: Work = run.work(unit, run.no_duty());
        work.side =
            Side { outbox: vec![ended(&run.job_id, &run.tenant_id)], timer: work.side.timer.take(), inputs: None };
        self.parts().store.execute(work).await
    }
}

fn ended(job_id: &domain::id::JobId, tenant_id: &domain::id::TenantId) -> OutboxRow {
    let payload = serde_json::json!({ "version": 1, "job_id": job_id, "tenant_id": tenant_id });
    OutboxRow { topic: "events".into(), reference: job_id.to_string(), payload: payload.to_string() }
}

/// The failure that an event records of an upstream's refusal. Its message stays out: it may quote a prompt.
pub(crate) fn failure(error: &UpstreamError) -> Failure {
    error.failure().unwrap_or_else(|| Failure {
        code: error.code.to_owned(),
        fate: Fate::Fail,
        upstream_status: error.status,
        upstream_code: error.upstream_code.clone(),
    })
}

fn invalid_usage() -> Failure {
    Failure { code: "invalid_usage".into(), fate: Fate::Fail, upstream_status: None, upstream_code: None }
}
