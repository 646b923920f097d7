//! `POST /admin/api/jobs/{id}/cancel` and `…/reconcile`: asks a job to stop, or for the outcome of one that nobody knows.
//!
//! Neither ends a hold by itself: that is for a verdict or for the declared policy.

use axum::extract::State;
use dispatch::duty;
use domain::{id::JobId, job::Phase};
use projections::{queries::read_job, rows::JobRow};
use store::timers;

use super::AdminJob;
use crate::{
    caller::AdminCaller,
    error::{ApiError, ApiResult, ErrorCode},
    generation::jobs::cancel::stop,
    request::Path,
    state::AppState,
};

/// Asks a job to stop, as its tenant could. Twice is once.
#[utoipa::path(post, path = "/admin/api/jobs/{id}/cancel", tag = "admin", params(("id" = String, Path)),
    security(("token" = [])), responses((status = 200, body = AdminJob), (status = 404, description = "not_found"),
              (status = 409, description = "conflict: it has ended otherwise")))]
pub async fn cancel(
    State(state): State<AppState>,
    admin: AdminCaller,
    Path(id): Path<String>,
) -> ApiResult<axum::Json<AdminJob>> {
    let row = stop_one(&state, &admin, &id).await?;
    Ok(axum::Json(AdminJob::from(&row)))
}

/// Asks a job to stop, at an admin's word.
///
/// # Errors
/// `not_found`; `conflict` when it has ended otherwise.
pub async fn stop_one(state: &AppState, admin: &AdminCaller, id: &str) -> ApiResult<JobRow> {
    let (job_id, row) = known(state, id).await?;
    let tenant_id = row.tenant_id.parse().map_err(|_| ApiError::not_found("job"))?;
    stop(state, &tenant_id, &job_id, admin.context()).await?;
    known(state, id).await.map(|(_, row)| row)
}

/// Asks the provider now what became of a job whose outcome is unknown, or of one that the provider works on.
#[utoipa::path(post, path = "/admin/api/jobs/{id}/reconcile", tag = "admin", params(("id" = String, Path)),
    security(("token" = [])), responses((status = 200, body = AdminJob), (status = 404, description = "not_found"),
              (status = 409, description = "conflict: there is nothing to ask the provider")))]
pub async fn reconcile(
    State(state): State<AppState>,
    _: AdminCaller,
    Path(id): Path<String>,
) -> ApiResult<axum::Json<AdminJob>> {
    let row = ask_upstream(&state, &id).await?;
    Ok(axum::Json(AdminJob::from(&row)))
}

/// Makes the question to the provider about a job due now.
///
/// # Errors
/// `not_found`; `conflict` when there is nothing to ask.
pub async fn ask_upstream(state: &AppState, id: &str) -> ApiResult<JobRow> {
    let (job_id, row) = known(state, id).await?;
    let job: domain::job::Job = state.store.read(job_id.as_str()).await?;
    let kind = match job.phase() {
        Phase::Unknown { .. } => duty::RECONCILE,
        Phase::Running { .. } => duty::POLL,
        _ => return Err(ApiError::new(ErrorCode::Conflict, "there is nothing to ask the provider about this job")),
    };
    let hastened = timers::reschedule(state.store.pool(), job_id.as_str(), kind, state.store.now()).await;
    hastened.map_err(|error| ApiError::unavailable("the database", &error))?;
    Ok(row)
}

async fn known(state: &AppState, id: &str) -> ApiResult<(JobId, JobRow)> {
    let missing = || ApiError::not_found("job");
    let job_id: JobId = id.parse().map_err(|_| missing())?;
    let (row, _) = read_job(state.store.pool(), id).await?.ok_or_else(missing)?;
    Ok((job_id, row))
}
