//! `GET /admin/api/jobs/{id}`: a job fresh from the log, with its numbered events and its attempts.

use axum::extract::State;
use projections::{queries::read_job, rows::AttemptRow};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::AdminJob;
use crate::{
    caller::AuditorCaller,
    error::{ApiError, ApiResult},
    freshness::PATIENCE,
    generation::watch::published,
    request::Path,
    state::AppState,
};

/// A job with what happened to it.
#[derive(Debug, Serialize, ToSchema)]
pub struct AdminJobDetail {
    /// As in the list.
    #[serde(flatten)]
    job: AdminJob,
    /// Its numbered events, as its tenant sees them.
    #[schema(value_type = Vec<Object>)]
    events: Vec<Value>,
    /// Its attempts, as far as the read models are.
    #[schema(value_type = Vec<Object>)]
    attempt_list: Vec<AttemptRow>,
}

/// Shows a job.
#[utoipa::path(get, path = "/admin/api/jobs/{id}", tag = "admin", params(("id" = String, Path)),
    security(("token" = [])),
    responses((status = 200, body = AdminJobDetail), (status = 404, description = "not_found")))]
pub async fn show(
    State(state): State<AppState>,
    _: AuditorCaller,
    Path(id): Path<String>,
) -> ApiResult<axum::Json<AdminJobDetail>> {
    let missing = || ApiError::not_found("job");
    let (row, events) = read_job(state.store.pool(), &id).await?.ok_or_else(missing)?;
    // What its events tell of shall stand among the attempts too, unless the read models are far behind.
    state.reads.wait_for(state.follower.position(), PATIENCE).await?;
    let attempt_list = state.reads.attempts(&id).await?;
    let events = events.iter().map(published).collect();
    Ok(axum::Json(AdminJobDetail { job: AdminJob::from(&row), events, attempt_list }))
}
