//! A job that a caller waits for: a key is reserved first, then one unit holds the credits, submits the job and starts
//! its first attempt. No credit, no job: the key goes back.

use std::sync::Arc;

use domain::{
    account::Allowance,
    id::{AttemptId, JobId, ProviderKeyId},
    job::{AttemptStart, Submission},
    unit::{OnceKey, Unit},
};
use projections::live::Callable;
use providers::UpstreamError;
use store::{Context, ExecuteError, JobInputsRow, OutboxRow, Side, TimerChange, Work};
use uuid::Uuid;

use crate::{
    Dispatcher, NoKey, Run, duty,
    pool::{Chosen, Request},
    settle::failure,
};

/// A request that was validated and priced, and may become a job.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// The job to be.
    pub job_id: JobId,
    /// What is frozen on it.
    pub submission: Submission,
    /// The capability whose version is frozen.
    pub callable: Arc<Callable>,
    /// The resolved parameters.
    pub inputs: JobInputsRow,
    /// The once-only key of the request, if it has one.
    pub once: Option<OnceKey>,
    /// What the limits of the caller allow.
    pub allowance: Allowance,
    /// Who asks.
    pub context: Context,
}

/// A job whose first attempt is under way here.
pub struct Started {
    pub(crate) run: Run,
    pub(crate) start: AttemptStart,
    pub(crate) chosen: Chosen,
    pub(crate) number: u32,
    /// The keys that have refused, and the one that makes this attempt.
    pub(crate) tried: Vec<ProviderKeyId>,
}

/// Why a job was not started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// No provider key.
    #[error(transparent)]
    NoKey(#[from] NoKey),
    /// Refused, or the store is out of reach.
    #[error(transparent)]
    Execute(#[from] ExecuteError),
}

impl Started {
    /// The job.
    #[must_use]
    pub const fn job_id(&self) -> &JobId {
        &self.run.job_id
    }
}

impl Dispatcher {
    /// Submits a job to the queue: one append, and the relay does the rest.
    ///
    /// # Errors
    /// A refusal, or the store is out of reach.
    pub async fn submit(&self, prepared: Prepared) -> Result<store::Committed, ExecuteError> {
        let Prepared { job_id, submission, inputs, once, allowance, context, .. } = prepared;
        let parts = self.parts();
        let timer = TimerChange::Set {
            reference: job_id.to_string(),
            kind: duty::DISPATCH.into(),
            due: parts.store.now() + parts.ages.redispatch,
            attempt: String::new(),
        };
        let message = OutboxRow {
            topic: "jobs".into(),
            reference: job_id.to_string(),
            payload: serde_json::json!({ "job_id": job_id }).to_string(),
        };
        let unit = Unit::submit(once, &job_id, submission, None).within(allowance);
        let side = Side { outbox: vec![message], inputs: Some(inputs), timer: Some(timer) };
        parts.store.execute(Work { unit, context, side }).await
    }

    /// Reserves a key, then holds, submits and starts the first attempt in one unit.
    ///
    /// # Errors
    /// No key, a refusal, or the store is out of reach; the key goes back.
    pub async fn start(&self, prepared: Prepared) -> Result<Started, StartError> {
        let attempt_id = AttemptId::from_uuid(Uuid::now_v7());
        let parts = self.parts();
        let request = Request {
            model: prepared.callable.model.clone(),
            kind: prepared.callable.kind,
            tenant_id: prepared.submission.tenant_id.clone(),
            holder: attempt_id.to_string(),
            tried: vec![],
            tried_will_do: false,
        };
        let chosen = self.pool.acquire(request).await?;
        let start = chosen.start(attempt_id);
        let Prepared { job_id, submission, callable, inputs, once, allowance, context } = prepared;
        let run = Run {
            job_id,
            tenant_id: submission.tenant_id.clone(),
            callable,
            priced: submission.priced_params.clone(),
            hold: submission.hold,
            expires_at: submission.expires_at,
            request_id: context.request_id.clone(),
        };
        let unit = Unit::submit(once, &run.job_id, submission, Some(start.clone())).within(allowance);
        let side = Side { outbox: vec![], inputs: Some(inputs), timer: Some(run.lease(self, &start)) };
        parts.store.execute(Work { unit, context, side }).await?;
        self.recorder.chosen(&run.job_id, start.attempt_id.as_str(), &chosen);
        let tried = vec![chosen.key_id.clone()];
        Ok(Started { run, start, chosen, number: 1, tried })
    }

    /// After a refusal that cost nothing: another key, then another route; its attempt recorded before the call. `Err` when
    /// there is none.
    pub(crate) async fn next_key(&self, started: Started, error: &UpstreamError) -> Result<Started, Box<Started>> {
        let attempt_id = AttemptId::from_uuid(Uuid::now_v7());
        let run = &started.run;
        let request = Request {
            model: run.callable.model.clone(),
            kind: run.callable.kind,
            tenant_id: run.tenant_id.clone(),
            holder: attempt_id.to_string(),
            tried: started.tried.clone(),
            tried_will_do: false,
        };
        // A wait for the next key must not let this attempt's lease lapse.
        let heartbeat = self.heartbeat(&run.job_id, &started.start.attempt_id);
        let Ok(chosen) = self.pool.acquire(request).await else { return Err(Box::new(started)) };
        drop(heartbeat);
        let next = chosen.start(attempt_id);
        let refused = started.start.attempt_id.clone();
        let unit = Unit::next_attempt(&run.job_id, refused, failure(error), next.clone());
        let work = run.work(unit, run.lease(self, &next));
        if let Err(error) = self.parts().store.execute(work).await {
            tracing::warn!(%error, job_id = %run.job_id, "the next attempt was not started");
            return Err(Box::new(started));
        }
        self.recorder.chosen(&run.job_id, next.attempt_id.as_str(), &chosen);
        let Started { run, number, mut tried, .. } = started;
        tried.push(chosen.key_id.clone());
        Ok(Started { run, start: next, chosen, number: number + 1, tried })
    }
}
