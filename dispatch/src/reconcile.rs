//! Attempts of unknown outcome. Upstream is asked what became of them; only a definite verdict, or the age that the
//! capability declares, ends the hold. The call itself is never repeated.

use chrono::{DateTime, Utc};
use domain::{
    id::JobId,
    job::{Attempt, Job, JobEvent, Phase},
    stream::Event,
    unit::Unsuccessful,
};
use store::timers::DueTimer;

use crate::{Dispatcher, Run, follow::Next, queued::HandleError};

impl Dispatcher {
    /// A lease lapsed: the process that made the attempt is gone, and its outcome unknown.
    ///
    /// # Errors
    /// When it should be tried again.
    pub async fn lease_lapsed(&self, timer: &DueTimer) -> Result<Next, HandleError> {
        let Some((run, job)) = self.run_of(timer).await? else { return Ok(Next::Drop) };
        let Phase::Running { attempt } = job.phase() else { return Ok(Next::Drop) };
        if attempt.start.attempt_id.as_str() != timer.attempt || attempt.upstream_id.is_some() {
            return Ok(Next::Drop);
        }
        crate::follow::settled(self.mark_unknown(&run, &attempt.start.attempt_id, "its process is gone").await)
    }

    /// Asks upstream what became of an attempt, or ends the job when its outcome was unknown for too long.
    ///
    /// # Errors
    /// When it should be tried again.
    pub async fn reconcile(&self, timer: &DueTimer) -> Result<Next, HandleError> {
        let Some((run, job)) = self.run_of(timer).await? else { return Ok(Next::Drop) };
        let Phase::Unknown { attempt } = job.phase() else { return Ok(Next::Drop) };
        let (started_at, unknown_since) = self.moments(&run.job_id).await?;
        if let Some(found) = self.find(&run, attempt, started_at).await {
            tracing::info!(job_id = %run.job_id, upstream_id = found, "a lost attempt was found upstream");
            self.accepted(&run, &attempt.start.attempt_id, found).await?;
            return Ok(Next::Replaced);
        }
        let age = self.parts().store.now().signed_duration_since(unknown_since).to_std().unwrap_or_default();
        if age >= self.unknown_age(&run) { self.give_up(&run).await } else { Ok(Next::Again) }
    }

    /// A job waits for an attempt: it goes to the queue again, unless it is to stop.
    ///
    /// # Errors
    /// When it should be tried again.
    pub async fn dispatch_due(&self, timer: &DueTimer) -> Result<Next, HandleError> {
        let Some((run, job)) = self.run_of(timer).await? else { return Ok(Next::Drop) };
        let Phase::Queued = job.phase() else { return Ok(Next::Drop) };
        let parts = self.parts();
        if job.cancel_requested() {
            self.release_quietly(&run, Unsuccessful::Canceled).await?;
            return Ok(Next::Replaced);
        }
        if run.expires_at <= parts.store.now() {
            self.release_quietly(&run, Unsuccessful::Expired).await?;
            return Ok(Next::Replaced);
        }
        let payload = serde_json::json!({ "job_id": run.job_id }).to_string();
        let sent = store::outbox::insert(parts.store.pool(), "jobs", run.job_id.as_str(), &payload).await;
        sent.map_err(|error| store::ExecuteError::Unavailable(error.to_string()))?;
        Ok(Next::Again)
    }

    async fn run_of(&self, timer: &DueTimer) -> Result<Option<(Run, Job)>, HandleError> {
        let Ok(job_id) = timer.reference.parse::<JobId>() else { return Ok(None) };
        let job: Job = self.parts().store.read(job_id.as_str()).await?;
        Ok(Run::of(self, &job_id, &job)?.map(|run| (run, job)))
    }

    /// When the current attempt was started, and since when its outcome is unknown.
    async fn moments(&self, job_id: &JobId) -> Result<(DateTime<Utc>, DateTime<Utc>), HandleError> {
        let events = store::log::read_stream(self.parts().store.pool(), "job", job_id.as_str(), 0).await?;
        let last = |wanted: fn(&JobEvent) -> bool| {
            let found = events.iter().rev().find(|event| matches!(&event.event, Event::Job(event) if wanted(event)));
            found.map_or(DateTime::<Utc>::MIN_UTC, |event| event.recorded_at)
        };
        let started = last(|event| matches!(event, JobEvent::AttemptStarted { .. }));
        Ok((started, last(|event| matches!(event, JobEvent::OutcomeUnknown { .. }))))
    }

    /// Upstream's id of a lost attempt, if upstream knows one. Where upstream lists no tasks nobody can know, and the age decides. An attempt that was accepted before keeps its id.
    async fn find(&self, run: &Run, attempt: &Attempt, since: DateTime<Utc>) -> Option<String> {
        let start = &attempt.start;
        let (settings, endpoint) = self.pool.endpoint(start).await.ok()?;
        let adapter = self.adapter(&settings.adapter)?;
        if !adapter.works_by_tasks(run.callable.kind) || !adapter.lists_tasks() {
            return None;
        }
        let found = adapter.find_task(&endpoint, &start.upstream_model, &start.attempt_id, since).await;
        let found = found.inspect_err(|error| tracing::warn!(%error, job_id = %run.job_id, "upstream can't be asked"));
        found.ok().flatten().map(|task| task.id)
    }
}
