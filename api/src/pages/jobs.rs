//! `GET /jobs`: the tenant's jobs.

use axum::{extract::State, http::StatusCode, response::Response};
use projections::{queries::JobQuery, rows::JobStatus};
use serde::Deserialize;
use templates_maud::portal::jobs::{Filter, JobsPage};

use super::{
    answer,
    desk::{Desk, bounded, cursor_of},
};
use crate::{
    account::ledger::lag_of,
    error::{ApiError, ApiResult},
    page::PAGE_DEFAULT,
    request::Query,
    state::AppState,
};

/// Which jobs.
#[derive(Default, Deserialize)]
pub struct Wanted {
    status: Option<String>,
    cap: Option<String>,
    model: Option<String>,
    after: Option<String>,
}

/// Shows the jobs.
pub async fn show(State(state): State<AppState>, desk: Desk, Query(wanted): Query<Wanted>) -> Response {
    desk.answered(render(&state, &desk, wanted).await)
}

async fn render(state: &AppState, desk: &Desk, wanted: Wanted) -> ApiResult<Response> {
    let after = cursor_of("after", wanted.after)?;
    let filter = Filter {
        status: bounded("status", wanted.status)?,
        capability: bounded("cap", wanted.cap)?,
        model: bounded("model", wanted.model)?,
    };
    let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let query = JobQuery {
        tenant_id: Some(desk.caller.tenant_id.to_string()),
        status: status(&filter.status)?,
        model: given(&filter.model),
        capability: given(&filter.capability),
        after: after.clone(),
        limit: PAGE_DEFAULT,
        ..JobQuery::default()
    };
    lag_of(state, &desk.caller).await?;
    let page = state.reads.jobs(&query).await?;
    let next = page.rows.last().filter(|_| page.has_more).map(|job| job.job_id.as_str());
    let (look, visitor, after) = (&desk.look, &desk.visitor, after.as_deref());
    let markup = JobsPage { look, visitor, filter: &filter, jobs: &page.rows, after, next }.render();
    Ok(answer::page(StatusCode::OK, markup))
}

fn status(name: &str) -> ApiResult<Option<JobStatus>> {
    let known = JobStatus::ALL.into_iter().find(|status| status.name() == name);
    if name.is_empty() || known.is_some() {
        Ok(known)
    } else {
        Err(ApiError::parameter("status", "there is no such status"))
    }
}
