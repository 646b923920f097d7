//! `POST /v1/jobs/{id}/cancel`: asks a job to stop. Twice is once. What upstream has begun may still be charged.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use dispatch::duty;
use domain::{
    id::{JobId, TenantId},
    job::{JobCommand, Phase},
    unit::{Unit, Unsuccessful},
};
use store::{Context, ExecuteError, Side, Work};

use super::view;
use crate::{caller::Caller, error::ApiResult, generation::watch::job_of, request::Path, state::AppState};

/// Asks a job to stop: one that waits ends at once and costs nothing; one that upstream works on is canceled there if
/// upstream can, and otherwise goes on to its end and is charged.
///
/// # Errors
/// `not_found`; `conflict` when the job has ended otherwise.
#[utoipa::path(post, path = "/v1/jobs/{id}/cancel", tag = "jobs", security(("api_key" = []), ("token" = [])), params(("id" = String, Path)), responses(
    (status = 200, description = "The job as it stands now."),
))]
pub async fn cancel(State(state): State<AppState>, caller: Caller, Path(id): Path<String>) -> ApiResult<Response> {
    ask(&state, &caller, &id).await?;
    let (row, _) = job_of(&state, &caller, &id).await?;
    Ok(axum::Json(view(&state, &row).await?).into_response())
}

/// Asks a job of the caller's tenant to stop.
///
/// # Errors
/// `not_found`; `conflict` when the job has ended otherwise.
pub async fn ask(state: &AppState, caller: &Caller, id: &str) -> ApiResult<()> {
    job_of(state, caller, id).await?;
    let job_id: JobId = id.parse().map_err(|_| crate::error::ApiError::not_found("job"))?;
    stop(state, &caller.tenant_id, &job_id, caller.context()).await
}

/// Asks a job of a tenant to stop.
///
/// # Errors
/// `conflict` when it has ended otherwise.
pub async fn stop(state: &AppState, tenant_id: &TenantId, job_id: &JobId, context: Context) -> ApiResult<()> {
    let store = &state.parts.store;
    let asked = Work { unit: Unit::of(job_id, JobCommand::RequestCancel), context, side: Side::default() };
    store.execute(asked).await?;
    stop_if_waiting(state, tenant_id, job_id).await?;
    // Whoever follows the job upstream asks at once.
    let hastened = store::timers::reschedule(store.pool(), job_id.as_str(), duty::POLL, store.now()).await;
    if let Err(error) = hastened {
        tracing::warn!(%error, %job_id, "a cancel waits for the job's next timer");
    }
    Ok(())
}

async fn stop_if_waiting(state: &AppState, tenant_id: &TenantId, job_id: &JobId) -> ApiResult<()> {
    let job: domain::job::Job = state.parts.store.read(job_id.as_str()).await?;
    let Phase::Queued = job.phase() else { return Ok(()) };
    match state.parts.dispatcher.stop_waiting(tenant_id, job_id, Unsuccessful::Canceled).await {
        Ok(committed) => {
            state.written.note(tenant_id, committed.position);
            Ok(())
        }
        // An attempt began in between: it sees the wish by itself.
        Err(ExecuteError::Refused(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
