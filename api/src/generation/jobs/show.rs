//! `GET /v1/jobs/{id}`: a job as the log has it this moment.

use axum::{
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};

use super::view;
use crate::{caller::Caller, error::ApiResult, generation::watch::job_of, request::Path, state::AppState};

/// Shows a job.
///
/// # Errors
/// `not_found`, also for a job of another tenant.
#[utoipa::path(get, path = "/v1/jobs/{id}", tag = "jobs", security(("api_key" = []), ("token" = [])), params(("id" = String, Path)), responses(
    (status = 200, description = "The job."),
))]
pub async fn show(State(state): State<AppState>, caller: Caller, Path(id): Path<String>) -> ApiResult<Response> {
    let (row, _) = job_of(&state, &caller, &id).await?;
    let mut response = axum::Json(view(&state, &row).await?).into_response();
    if !row.status.is_final() {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
    }
    Ok(response)
}
