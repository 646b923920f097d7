//! Watching one job: its numbered events from any number on, exactly once each and in order, and its frames between
//! them. The subscription begins before the log is read, so nothing falls between.

use std::collections::VecDeque;

use bus::Frame;
use domain::{id::JobId, job::Job};
use projections::{
    published::published_row,
    queries::{read_job, read_whole_job},
    rows::{JobEventRow, JobRow},
};
use serde_json::{Value, json};
use store::follow::Events;
use tokio::sync::broadcast::{self, error::RecvError};

use crate::{
    caller::Caller,
    error::{ApiError, ApiResult},
    state::AppState,
};

/// What a watcher sees next.
#[derive(Clone, Debug)]
pub enum Seen {
    /// A numbered event.
    Event(JobEventRow),
    /// A frame.
    Frame(Value),
}

/// One job being watched.
pub struct Watch {
    state: AppState,
    job_id: JobId,
    after: i64,
    ready: VecDeque<Seen>,
    over: bool,
    events: broadcast::Receiver<Events>,
    frames: broadcast::Receiver<Frame>,
}

/// A job of the caller's tenant, and its events so far.
///
/// # Errors
/// `not_found`, also for a job of another tenant.
pub async fn job_of(state: &AppState, caller: &Caller, job_id: &str) -> ApiResult<(JobRow, Vec<JobEventRow>)> {
    whole_job_of(state, caller, job_id).await.map(|(row, events, _)| (row, events))
}

/// The same, with the job itself.
///
/// # Errors
/// As [`job_of`].
pub async fn whole_job_of(
    state: &AppState,
    caller: &Caller,
    job_id: &str,
) -> ApiResult<(JobRow, Vec<JobEventRow>, Job)> {
    let missing = || ApiError::not_found("job");
    let job_id: JobId = job_id.parse().map_err(|_| missing())?;
    let found = read_whole_job(state.parts.store.pool(), job_id.as_str()).await?.ok_or_else(missing)?;
    if found.0.tenant_id == caller.tenant_id.as_str() { Ok(found) } else { Err(missing()) }
}

impl Watch {
    /// Begins to watch after an event number.
    ///
    /// # Errors
    /// `not_found`, also for a job of another tenant.
    pub async fn begin(state: &AppState, caller: &Caller, job_id: &str, after: i64) -> ApiResult<Self> {
        let (events, frames) = (state.parts.follower.subscribe(), state.frames.subscribe());
        let (_, so_far) = job_of(state, caller, job_id).await?;
        let job_id: JobId = job_id.parse().map_err(|_| ApiError::not_found("job"))?;
        let latest = state.frames.latest(job_id.as_str());
        let mut watch =
            Self { state: state.clone(), job_id, after, ready: VecDeque::new(), over: false, events, frames };
        watch.take(so_far);
        if let (false, Some(frame)) = (watch.over, latest) {
            watch.ready.extend(read_frame(&frame));
        }
        Ok(watch)
    }

    /// The job.
    #[must_use]
    pub const fn job_id(&self) -> &JobId {
        &self.job_id
    }

    /// What comes next; `None` after the job's end.
    pub async fn next(&mut self) -> Option<Seen> {
        loop {
            if let Some(seen) = self.ready.pop_front() {
                return Some(seen);
            }
            if self.over {
                return None;
            }
            tokio::select! {
                events = self.events.recv() => match events {
                    Ok(events) => self.take(self.of_this_job(&events)),
                    Err(RecvError::Lagged(_)) => self.read_again().await,
                    Err(RecvError::Closed) => return None,
                },
                frame = self.frames.recv() => match frame {
                    Ok(frame) if frame.job_id == self.job_id.as_str() => self.ready.extend(read_frame(&frame)),
                    Ok(_) | Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return None,
                },
            }
        }
    }

    fn of_this_job(&self, events: &Events) -> Vec<JobEventRow> {
        let ours = |event: &&store::Recorded| *event.aggregate_id == *self.job_id.as_str();
        events.iter().filter(ours).filter_map(published_row).collect()
    }

    fn take(&mut self, rows: Vec<JobEventRow>) {
        for row in rows {
            self.over |= is_end(&row.event_type);
            if row.sequence > self.after {
                self.after = row.sequence;
                self.ready.push_back(Seen::Event(row));
            }
        }
    }

    /// Too slow for the live events: the log has them all.
    async fn read_again(&mut self) {
        match read_job(self.state.parts.store.pool(), self.job_id.as_str()).await {
            Ok(Some((_, rows))) => self.take(rows),
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, job_id = %self.job_id, "a watcher can't catch up yet"),
        }
    }
}

fn read_frame(frame: &Frame) -> Option<Seen> {
    serde_json::from_slice(&frame.payload).ok().map(Seen::Frame)
}

/// Whether a public event ends its job.
#[must_use]
pub fn is_end(event_type: &str) -> bool {
    matches!(event_type, "job.succeeded" | "job.failed" | "job.canceled" | "job.expired")
}

/// A numbered event as clients see it.
#[must_use]
pub fn published(row: &JobEventRow) -> Value {
    json!({ "sequence": row.sequence, "job_id": row.job_id, "type": row.event_type, "data": row.data, "at": row.at })
}
