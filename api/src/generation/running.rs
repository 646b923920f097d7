//! The jobs of one tenant that are under way: first which there are, then every numbered event of theirs, and of those that
//! are submitted later. The subscription begins before the jobs are read, so nothing falls between.
//!
//! It remembers [`RUNNING_MAX`] jobs at most: of more, the oldest are no longer told of here.

use std::collections::{BTreeMap, VecDeque};

use domain::{id::TenantId, job::JobEvent, stream::Event};
use projections::{
    published::published_row,
    queries::JobQuery,
    rows::{JobEventRow, JobRow},
};
use serde_json::{Value, json};
use store::{Recorded, follow::Events};
use tokio::sync::broadcast::{self, error::RecvError};

use super::watch::is_end;
use crate::{
    caller::Caller,
    error::{ApiError, ApiResult, ErrorCode},
    freshness::PATIENCE,
    state::AppState,
};

/// The most jobs of a tenant that one follower is told of at once.
pub const RUNNING_MAX: usize = 100;

/// What a follower hears next.
#[derive(Clone, Debug)]
pub enum Heard {
    /// All that are under way now; what was heard before is void.
    Jobs(Vec<JobRow>),
    /// What happened to one of them.
    Event(JobEventRow),
}

/// A tenant's jobs being followed.
pub struct Running {
    state: AppState,
    tenant_id: TenantId,
    known: Known,
    ready: VecDeque<Heard>,
    events: broadcast::Receiver<Events>,
}

impl Running {
    /// Begins to follow the jobs of the caller's tenant.
    ///
    /// # Errors
    /// `unavailable` while the read models are far behind; the database's.
    pub async fn begin(state: &AppState, caller: &Caller) -> ApiResult<Self> {
        let events = state.parts.follower.subscribe();
        let (state, tenant_id) = (state.clone(), caller.tenant_id.clone());
        let mut running = Self { state, tenant_id, known: Known::default(), ready: VecDeque::new(), events };
        running.read().await?;
        Ok(running)
    }

    /// What comes next; `None` when the process ends.
    pub async fn next(&mut self) -> Option<Heard> {
        loop {
            if let Some(heard) = self.ready.pop_front() {
                return Some(heard);
            }
            match self.events.recv().await {
                Ok(events) => {
                    let known = &mut self.known;
                    let told = events.iter().filter_map(|event| known.take(&self.tenant_id, event));
                    self.ready.extend(told.map(Heard::Event));
                }
                Err(RecvError::Lagged(_)) => {
                    if let Err(error) = self.read().await {
                        tracing::warn!(error = %error.message, "a follower of running jobs can't catch up");
                        return None;
                    }
                }
                Err(RecvError::Closed) => return None,
            }
        }
    }

    /// Reads which jobs are under way, as of everything that this process has heard of.
    async fn read(&mut self) -> ApiResult<()> {
        let heard = self.state.parts.follower.position();
        if !self.state.reads.wait_for(heard, PATIENCE * 4).await? {
            return Err(ApiError::new(ErrorCode::Unavailable, "the list of jobs is far behind; try again"));
        }
        let limit = u32::try_from(RUNNING_MAX).unwrap_or(u32::MAX);
        let query = JobQuery { tenant_id: Some(self.tenant_id.to_string()), open: true, limit, ..JobQuery::default() };
        let jobs = self.state.reads.jobs(&query).await?.rows;
        self.known = Known(jobs.iter().map(|job| (job.job_id.clone(), job.last_sequence)).collect());
        self.ready.clear();
        self.ready.push_back(Heard::Jobs(jobs));
        Ok(())
    }
}

/// The jobs under way, each with the number of its last event. Their ids sort by age.
#[derive(Debug, Default)]
struct Known(BTreeMap<String, i64>);

impl Known {
    /// The event as it is told, if it is one of this tenant's jobs and was not told before.
    fn take(&mut self, tenant_id: &TenantId, recorded: &Recorded) -> Option<JobEventRow> {
        let Event::Job(event) = &recorded.event else { return None };
        let job_id = &*recorded.aggregate_id;
        if let JobEvent::JobSubmitted(submission) = event
            && submission.tenant_id == *tenant_id
        {
            self.0.entry(job_id.to_owned()).or_insert(0);
            while self.0.len() > RUNNING_MAX {
                self.0.pop_first();
            }
        }
        let last = self.0.get_mut(job_id).filter(|last| **last < recorded.sequence)?;
        *last = recorded.sequence;
        let row = published_row(recorded)?;
        if is_end(&row.event_type) {
            self.0.remove(job_id);
        }
        Some(row)
    }
}

/// A job under way, as a follower sees it.
#[must_use]
pub fn published(job: &JobRow) -> Value {
    json!({
        "id": job.job_id, "model": job.model, "capability": job.capability, "status": job.status, "stage": job.stage,
        "sequence": job.last_sequence, "created_at": job.created_at,
    })
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use domain::{
        Credits,
        capability::CapabilityKind,
        id::JobId,
        job::{Mode, Submission},
        pricing::PricedParams,
    };
    use uuid::Uuid;

    use super::*;

    fn recorded(job: u128, sequence: i64, event: JobEvent) -> Recorded {
        Recorded {
            position: 1,
            aggregate_type: "job".into(),
            aggregate_id: JobId::from_uuid(Uuid::from_u128(job)).as_str().into(),
            sequence,
            event: Event::Job(event),
            metadata: "{}".into(),
            recorded_at: DateTime::UNIX_EPOCH,
        }
    }

    fn submitted(job: u128, tenant_id: &TenantId) -> Recorded {
        let submission = Submission {
            tenant_id: tenant_id.clone(),
            user_id: None,
            api_key_id: None,
            model: "a-model".into(),
            capability: CapabilityKind::Chat,
            price_version: 1,
            priced_params: PricedParams::default(),
            inputs_sha256: String::new(),
            hold: Credits::ZERO,
            mode: Mode::Queued,
            expires_at: DateTime::UNIX_EPOCH,
        };
        recorded(job, 1, JobEvent::JobSubmitted(Box::new(submission)))
    }

    #[test]
    fn only_the_tenants_jobs_are_told_each_event_once() {
        let [ours, theirs] = [1, 2].map(|number| TenantId::from_uuid(Uuid::from_u128(number)));
        let mut known = Known::default();
        assert!(known.take(&ours, &submitted(1, &ours)).is_some());
        assert!(known.take(&ours, &submitted(1, &ours)).is_none(), "told before");
        assert!(known.take(&ours, &submitted(2, &theirs)).is_none(), "another tenant's");
        assert!(known.take(&ours, &recorded(2, 2, JobEvent::JobCancelRequested {})).is_none(), "another tenant's");
        let over = known.take(&ours, &recorded(1, 2, JobEvent::JobExpired {})).expect("its end is told");
        assert_eq!((over.event_type.as_str(), over.sequence), ("job.expired", 2));
        assert!(known.0.is_empty());
    }

    #[test]
    fn thousands_of_jobs_leave_nothing_behind() {
        let ours = TenantId::from_uuid(Uuid::from_u128(1));
        let mut known = Known::default();
        for job in 0..10_000 {
            known.take(&ours, &submitted(job, &ours));
            if job % 2 == 0 {
                known.take(&ours, &recorded(job, 2, JobEvent::JobExpired {}));
            }
            assert!(known.0.len() <= RUNNING_MAX);
        }
        assert!(
            known.0.keys().next().is_some_and(|oldest| *oldest > JobId::from_uuid(Uuid::from_u128(9_000)).to_string())
        );
    }
}
