//! `/admin/jobs`: what waits, who works, what is open and for how long, and the jobs of all tenants by filters.

use axum::{extract::State, http::StatusCode, response::Response};
use chrono::TimeDelta;
use projections::{queries::JobQuery, rows::JobStatus};
use serde::Deserialize;
use templates_maud::console::jobs::{Counts, Filter, JobsPage, Queue, View};

use super::Seat;
use crate::{
    error::{ApiError, ApiResult},
    pages::{answer, desk::bounded},
    request::Query,
    state::AppState,
};

/// How many jobs a page shows.
const SHOWN: u32 = 50;
/// How old an open job is when it is called stuck.
const STUCK_AFTER: TimeDelta = TimeDelta::minutes(15);

/// Which jobs.
#[derive(Default, Deserialize)]
pub struct Asked {
    view: Option<String>,
    status: Option<String>,
    cap: Option<String>,
    model: Option<String>,
    tenant: Option<String>,
    key: Option<String>,
    after: Option<String>,
}

/// Shows the monitor.
pub async fn show(State(state): State<AppState>, seat: Seat, Query(asked): Query<Asked>) -> Response {
    monitor(&state, &seat, asked, false).await.unwrap_or_else(|error| seat.failed(&error))
}

/// Shows the part of it that changes.
pub async fn part(State(state): State<AppState>, seat: Seat, Query(asked): Query<Asked>) -> Response {
    monitor(&state, &seat, asked, true).await.unwrap_or_else(|error| seat.failed(&error))
}

async fn monitor(state: &AppState, seat: &Seat, asked: Asked, part: bool) -> ApiResult<Response> {
    let after = Some(bounded("after", asked.after)?).filter(|after| !after.is_empty());
    let filter = Filter {
        view: bounded("view", asked.view)?,
        status: bounded("status", asked.status)?,
        capability: bounded("cap", asked.cap)?,
        model: bounded("model", asked.model)?,
        tenant: bounded("tenant", asked.tenant)?,
        key: bounded("key", asked.key)?,
    };
    let query = query(state, &filter, after.clone())?;
    let (page, counts) = tokio::join!(state.reads.jobs(&query), counts(state));
    let (page, counts) = (page?, counts?);
    let shown = JobsPage {
        look: &seat.look,
        operator: &seat.operator,
        filter: &filter,
        counts: &counts,
        jobs: &page.rows,
        after: after.as_deref(),
        next: page.rows.last().filter(|_| page.has_more).map(|job| job.job_id.as_str()),
    };
    Ok(answer::page(StatusCode::OK, if part { shown.part() } else { shown.render() }))
}

fn query(state: &AppState, filter: &Filter, after: Option<String>) -> ApiResult<JobQuery> {
    let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let view = View::ALL.into_iter().find(|view| view.name() == filter.view);
    if view.is_none() && !filter.view.is_empty() {
        return Err(ApiError::parameter("view", "there is no such view"));
    }
    let status = JobStatus::ALL.into_iter().find(|status| status.name() == filter.status);
    if status.is_none() && !filter.status.is_empty() {
        return Err(ApiError::parameter("status", "there is no such status"));
    }
    Ok(JobQuery {
        tenant_id: given(&filter.tenant),
        status,
        model: given(&filter.model),
        capability: given(&filter.capability),
        api_key_id: given(&filter.key),
        to: (view == Some(View::Stuck)).then(|| state.store.now() - STUCK_AFTER),
        open: matches!(view, Some(View::Open | View::Stuck)),
        min_attempts: (view == Some(View::Retried)).then_some(2),
        after,
        limit: SHOWN,
        ..JobQuery::default()
    })
}

async fn counts(state: &AppState) -> ApiResult<Counts> {
    let (pool, now) = (state.store.pool(), state.store.now());
    let (open, queue, put_aside, unsent, duties, workers) = tokio::join!(
        state.reads.open_jobs(now),
        state.bus.job_queue(),
        state.bus.dead_letters(),
        store::outbox::waiting(pool),
        store::timers::by_kind(pool, now),
        store::timers::holders(pool, now),
    );
    let queue = queue.ok();
    Ok(Counts {
        queue: Queue {
            waiting: queue.map(|queue| queue.waiting),
            consumers: queue.and_then(|queue| queue.consumers),
            put_aside: put_aside.ok(),
            unsent: unsent.ok(),
            waiting_for_keys: state.parts.dispatcher.waiting_for_keys(),
        },
        duties: duties.unwrap_or_default(),
        workers: workers.unwrap_or_default(),
        open: open?,
    })
}
