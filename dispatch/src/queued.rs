//! A job from the queue: one attempt, recorded before its call. A delivery that comes twice finds the attempt under
//! way, or the job ended, and does nothing.

use std::time::{Duration, Instant};

use domain::{
    capability::CapabilityKind,
    id::{AttemptId, JobId, ProviderKeyId},
    job::{AttemptStart, Job, JobCommand, JobEvent, Phase},
    stream::Event,
    unit::{Unit, Unsuccessful},
};
use providers::{Call, UpstreamError, Verdict};
use store::ExecuteError;
use uuid::Uuid;

use crate::{
    Dispatcher, NoKey, Run, duty,
    inputs::InputsError,
    pool::{Chosen, Request},
    put_off::PUT_OFF_AT_MOST,
    settle::{ATTEMPTS_AT_MOST, failure},
};

/// What became of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handled {
    /// It needs nothing more: the job ended, or a timer owns it.
    Done,
    /// There is no such job: poison.
    Poison,
}

/// Why a delivery could not be handled now. It comes again.
#[derive(Debug, thiserror::Error)]
pub enum HandleError {
    /// The store is out of reach, or refuses.
    #[error(transparent)]
    Execute(#[from] ExecuteError),
    /// The log can't be read.
    #[error(transparent)]
    Load(#[from] store::load::LoadError),
    /// The inputs can't be read.
    #[error(transparent)]
    Contents(#[from] store::contents::ContentsError),
    /// The asset rows can't be written.
    #[error(transparent)]
    Assets(#[from] store::assets::AssetsError),
    /// What was frozen for the job has not reached this process yet.
    #[error("version {version} of {capability} of {model} is not in this process's catalog yet")]
    UnknownVersion {
        /// The model.
        model: String,
        /// Its capability.
        capability: CapabilityKind,
        /// The version that was frozen.
        version: u32,
    },
}

impl Dispatcher {
    /// Makes an attempt of a queued job, unless one is under way.
    ///
    /// # Errors
    /// When it should be delivered again.
    pub async fn run_queued(&self, job_id: &JobId) -> Result<Handled, HandleError> {
        let job: Job = self.parts().store.read(job_id.as_str()).await?;
        let Some(run) = Run::of(self, job_id, &job)? else {
            tracing::error!(%job_id, "a delivery names a job that was never submitted");
            return Ok(Handled::Poison);
        };
        match job.phase() {
            Phase::Queued if job.cancel_requested() => self.release_quietly(&run, Unsuccessful::Canceled).await?,
            Phase::Queued if run.expires_at <= self.parts().store.now() => {
                self.release_quietly(&run, Unsuccessful::Expired).await?;
            }
            Phase::Queued => self.attempt(&run, job.attempts() + 1).await?,
            Phase::Absent | Phase::Running { .. } | Phase::Unknown { .. } | Phase::Ended { .. } => {}
        }
        Ok(Handled::Done)
    }

    pub(crate) async fn release_quietly(&self, run: &Run, ending: Unsuccessful) -> Result<(), ExecuteError> {
        match self.release(run, ending).await {
            // Somebody else ended it or began an attempt in the meantime: theirs counts.
            Ok(_) | Err(ExecuteError::Refused(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn attempt(&self, run: &Run, number: u32) -> Result<(), HandleError> {
        let attempt_id = AttemptId::from_uuid(Uuid::now_v7());
        let request = Request {
            model: run.callable.model.clone(),
            kind: run.callable.kind,
            tenant_id: run.tenant_id.clone(),
            holder: attempt_id.to_string(),
            tried: if number > 1 { self.tried_keys(&run.job_id).await? } else { vec![] },
            tried_will_do: true,
        };
        let since = Instant::now();
        match self.pool.acquire_queued(request.clone()).await {
            Ok(chosen) => self.attempt_with(run, number, &attempt_id, &chosen).await,
            Err(no_key) => self.wait_for_a_key(run, number, (&request, since.elapsed(), no_key)).await,
        }
    }

    /// The keys that have made attempts of a job: another one comes first.
    async fn tried_keys(&self, job_id: &JobId) -> Result<Vec<ProviderKeyId>, HandleError> {
        let events = store::log::read_stream(self.parts().store.pool(), "job", job_id.as_str(), 0).await?;
        let keys = events.into_iter().filter_map(|recorded| match recorded.event {
            Event::Job(JobEvent::AttemptStarted { attempt, .. }) => Some(attempt.provider_key_id),
            _ => None,
        });
        Ok(keys.collect())
    }

    /// No key now: the job goes back to its timer without an attempt, and expires when that takes too long.
    async fn wait_for_a_key(
        &self,
        run: &Run,
        number: u32,
        (request, waited, no_key): (&Request, Duration, NoKey),
    ) -> Result<(), HandleError> {
        let parts = self.parts();
        let pause = match &no_key {
            // Soon again, for the others of its tenant are put off as well and come back one after another.
            NoKey::Busy { retry_after } => (*retry_after).min(parts.ages.retry_pause(number + 1)),
            NoKey::Unwell { retry_after } => (*retry_after).min(PUT_OFF_AT_MOST),
            NoKey::None | NoKey::Unavailable(_) => parts.ages.retry_pause(number + 1),
        };
        let pause = self.put_offs.after(&run.tenant_id, pause, Instant::now());
        let considered = self.pool.would_choose(request).await.unwrap_or_default();
        self.recorder.put_off(&run.job_id, waited, &no_key, &considered);
        tracing::info!(job_id = %run.job_id, %no_key, pause_ms = pause.as_millis(), "a job waits for a provider key");
        let due = parts.store.now() + pause;
        let set = store::timers::reschedule(parts.store.pool(), run.job_id.as_str(), duty::DISPATCH, due).await;
        set.map_err(|error| ExecuteError::Unavailable(error.to_string()).into())
    }

    async fn attempt_with(
        &self,
        run: &Run,
        number: u32,
        attempt_id: &AttemptId,
        chosen: &Chosen,
    ) -> Result<(), HandleError> {
        let start = chosen.start(attempt_id.clone());
        let call = match self.call_for(run, &start).await? {
            Ok(call) => call,
            Err(error) => return self.fail_before_the_call(run, &start, &error).await,
        };
        if !self.record_start(run, &start).await? {
            return Ok(());
        }
        self.recorder.chosen(&run.job_id, attempt_id.as_str(), chosen);
        let heartbeat = self.heartbeat(&run.job_id, attempt_id);
        let called = self.call_upstream(run, chosen, &call).await?;
        drop(heartbeat);
        match called {
            Ok(()) => Ok(()),
            Err(error) => self.refused(run, number, &start, &error).await,
        }
    }

    /// Records the attempt before its call. False when another process was faster.
    async fn record_start(&self, run: &Run, start: &AttemptStart) -> Result<bool, ExecuteError> {
        let unit = Unit::of(&run.job_id, JobCommand::StartAttempt(start.clone()));
        match self.parts().store.execute(run.work(unit, run.lease(self, start))).await {
            Ok(_) => Ok(true),
            Err(ExecuteError::Refused(refusal)) => {
                tracing::info!(job_id = %run.job_id, %refusal, "an attempt is not needed");
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// The call for a queued job: its stored inputs, with media as data URIs. The inner error is definite.
    async fn call_for(&self, run: &Run, start: &AttemptStart) -> Result<Result<Call, InputsError>, HandleError> {
        let parts = self.parts();
        let Some(inputs) = parts.contents.job_inputs(&run.job_id).await? else {
            return Ok(Err(InputsError::Erased));
        };
        let params = match self.with_media(&run.tenant_id, inputs.params).await {
            Ok(params) => params,
            Err(error) => return Ok(Err(error)),
        };
        Ok(Ok(self.call(run, start, params)))
    }

    pub(crate) fn call(&self, run: &Run, start: &AttemptStart, params: serde_json::Value) -> Call {
        Call {
            attempt_id: start.attempt_id.clone(),
            upstream_model: start.upstream_model.clone(),
            capability: run.callable.kind,
            params,
            callback_url: self.parts().callback_url.as_ref().map(|url| url(&start.attempt_id)),
            end_user_hash: None,
        }
    }

    async fn fail_before_the_call(
        &self,
        run: &Run,
        start: &AttemptStart,
        error: &InputsError,
    ) -> Result<(), HandleError> {
        tracing::info!(job_id = %run.job_id, attempt_id = %start.attempt_id, %error, "a job's inputs can't be sent");
        let reason = domain::account::ReleaseReason::Failed;
        self.release_quietly(run, Unsuccessful::Failed { code: error.code().into(), reason }).await?;
        Ok(())
    }

    /// Calls upstream, and takes what it answers to its end. The inner error is upstream's.
    async fn call_upstream(
        &self,
        run: &Run,
        chosen: &Chosen,
        call: &Call,
    ) -> Result<Result<(), UpstreamError>, HandleError> {
        if self.by_tasks(run, chosen) {
            self.submit_task(run, chosen, call).await
        } else {
            Ok(self.perform(run, chosen, call).await?.map(|_| ()))
        }
    }

    /// What follows from a refusal: another attempt later, the end, or a search for what became of it.
    pub(crate) async fn refused(
        &self,
        run: &Run,
        number: u32,
        start: &AttemptStart,
        error: &UpstreamError,
    ) -> Result<(), HandleError> {
        tracing::info!(job_id = %run.job_id, attempt_id = %start.attempt_id, code = error.code, fate = ?error.fate,
            upstream_code = error.upstream_code, "an attempt was refused");
        let ended = match error.fate {
            Verdict::Retry if number < ATTEMPTS_AT_MOST => {
                let pause = self.parts().ages.retry_pause(number + 1);
                self.retry_later(run, &start.attempt_id, (failure(error), pause)).await
            }
            Verdict::Retry | Verdict::Fail => self.fail_for_good(run, &start.attempt_id, &failure(error)).await,
            Verdict::Unknown => self.mark_unknown(run, &start.attempt_id, error.code).await,
        };
        match ended {
            Ok(_) => Ok(()),
            // The lease lapsed and somebody else has judged the attempt: theirs counts.
            Err(ExecuteError::Refused(refusal)) => {
                tracing::warn!(job_id = %run.job_id, %refusal, "an attempt was judged elsewhere");
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }
}
