//! `POST /auth/refresh`: the next tokens of a session. A refresh token that comes back late ends its whole family.

use axum::{extract::State, response::IntoResponse};
use secrecy::SecretString;
use serde::Deserialize;
use store::identity::IdentityError;
use utoipa::ToSchema;

use super::{Tokens, tokens};
use crate::{
    error::ApiResult,
    request::{ClientAddress, Json, throttle},
    state::AppState,
};

/// What is to be renewed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Renewal {
    /// The last refresh token.
    #[schema(value_type = String)]
    pub refresh_token: SecretString,
}

/// Renews a session.
#[utoipa::path(post, path = "/auth/refresh", tag = "auth", request_body = Renewal,
    responses((status = 200, body = Tokens), (status = 401, description = "session_ended")))]
pub async fn refresh(
    State(state): State<AppState>,
    ClientAddress(address): ClientAddress,
    Json(Renewal { refresh_token }): Json<Renewal>,
) -> ApiResult<impl IntoResponse> {
    let rate = throttle::take_auth(&state.limits, address, None).await?;
    Ok((rate.0, axum::Json(renew(&state, &refresh_token).await?)))
}

/// The next tokens of the session that a refresh token belongs to.
///
/// # Errors
/// `session_ended`, `suspended`.
pub async fn renew(state: &AppState, refresh_token: &SecretString) -> ApiResult<Tokens> {
    let rotated = state.identity.rotate(refresh_token, state.store.now()).await.inspect_err(|error| {
        if matches!(error, IdentityError::Reused) {
            tracing::warn!("a refresh token came back; its session is revoked");
        }
    })?;
    let user = state.identity.user_by_id(&rotated.session.user_id).await?.ok_or(IdentityError::SessionEnded)?;
    tokens(state, &user, &rotated.session, &rotated.new_token)
}
