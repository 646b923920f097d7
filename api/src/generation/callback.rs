//! `POST /upstream/{provider}/{attempt}/{token}`: an upstream says that a task has changed. Nothing that it says is
//! believed: the job's timer is hastened, and the task is read again from the provider itself.

use axum::{extract::State, http::StatusCode};
use dispatch::duty;
use domain::id::AttemptId;

use crate::{
    error::{ApiError, ApiResult},
    request::Path,
    state::AppState,
};

/// The path of an attempt's callback, below the public URL.
#[must_use]
pub fn path(provider: &str, attempt_id: &str, token: &str) -> String {
    format!("/upstream/{provider}/{attempt_id}/{token}")
}

/// Hastens the timer of the attempt's job.
///
/// # Errors
/// `not_found` for a token that is not the attempt's.
pub async fn heard(
    State(state): State<AppState>,
    Path((_, attempt_id, token)): Path<(String, String, String)>,
) -> ApiResult<StatusCode> {
    let missing = || ApiError::not_found("callback");
    let attempt_id: AttemptId = attempt_id.parse().map_err(|_| missing())?;
    if !state.secrets.is_callback_token(attempt_id.as_str(), &token) {
        return Err(missing());
    }
    let store = &state.parts.store;
    let hastened = store::timers::hasten_attempt(store.pool(), attempt_id.as_str(), duty::POLL, store.now()).await;
    hastened.map_err(|error| ApiError::unavailable("the database", &error))?;
    Ok(StatusCode::NO_CONTENT)
}
