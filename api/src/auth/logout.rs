//! `POST /auth/logout`: ends the session of the bearer token.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
};
use store::identity::SessionId;

use crate::{
    caller::{Person, csrf},
    error::ApiResult,
    state::AppState,
};

/// Ends the session. Its tokens are refused from now on.
#[utoipa::path(post, path = "/auth/logout", tag = "auth", security(("token" = [])),
    responses((status = 204, description = "the session has ended")))]
pub async fn logout(State(state): State<AppState>, headers: HeaderMap, person: Person) -> ApiResult<StatusCode> {
    if !headers.contains_key(axum::http::header::AUTHORIZATION) {
        csrf::check_origin(&headers, &state.settings)?;
        let token = headers.get(csrf::CSRF_HEADER).and_then(|value| value.to_str().ok());
        csrf::check_token(&state.secrets, &person.session.session_id.to_string(), token)?;
    }
    end(&state, &person.session.session_id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends a session, in this process at once.
///
/// # Errors
/// The store's.
pub async fn end(state: &AppState, session_id: &SessionId) -> ApiResult<()> {
    state.identity.revoke_session(session_id, state.store.now()).await?;
    state.sessions.forget(session_id);
    Ok(())
}
