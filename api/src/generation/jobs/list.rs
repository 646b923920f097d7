//! `GET /v1/jobs`: the tenant's jobs, the newest first, by filters.

use axum::{
    extract::State,
    http::HeaderValue,
    response::{IntoResponse as _, Response},
};
use chrono::{DateTime, Utc};
use projections::{published::JobView, queries::JobQuery, rows::JobStatus};
use serde::Deserialize;
use serde_json::Value;
use utoipa::IntoParams;

use super::present;
use crate::{
    account::ledger::{LAG, lag_of},
    caller::Caller,
    error::ApiResult,
    page::{List, page_size},
    request::Query,
    state::AppState,
};

/// Which jobs.
#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct Filter {
    /// Only with this status.
    #[param(value_type = Option<String>)]
    status: Option<JobStatus>,
    /// Only of this model.
    model: Option<String>,
    /// Only of this capability.
    capability: Option<String>,
    /// Only by this API key.
    key: Option<String>,
    /// Only submitted at or after this.
    from: Option<DateTime<Utc>>,
    /// Only submitted before this.
    to: Option<DateTime<Utc>>,
    /// The last job of the page before.
    after: Option<String>,
    /// How many, at most 100.
    limit: Option<u32>,
}

/// Lists jobs. Their parameters stand in each job itself.
///
/// # Errors
/// When a filter is malformed or the database out of reach.
#[utoipa::path(get, path = "/v1/jobs", tag = "jobs", security(("api_key" = []), ("token" = [])), params(Filter), responses((status = 200, description = "A page of jobs.")))]
pub async fn list(State(state): State<AppState>, caller: Caller, Query(filter): Query<Filter>) -> ApiResult<Response> {
    let limit = page_size(filter.limit)?;
    let query = JobQuery {
        tenant_id: Some(caller.tenant_id.to_string()),
        status: filter.status,
        model: filter.model,
        capability: filter.capability,
        api_key_id: filter.key,
        from: filter.from,
        to: filter.to,
        after: filter.after,
        limit,
        ..JobQuery::default()
    };
    let lag = lag_of(&state, &caller).await?;
    let page = state.reads.jobs(&query).await?;
    let views = page.rows.iter().map(|row| present(&state, row, Value::Null)).collect();
    let list = List::page(views, page.has_more, |view: &JobView| view.id.clone());
    Ok(([(LAG, HeaderValue::from(lag))], axum::Json(list)).into_response())
}
