//! `POST /auth/login`: an address and a password for tokens.

use axum::{extract::State, http::HeaderMap, response::IntoResponse};
use secrecy::SecretString;
use serde::Deserialize;
use utoipa::ToSchema;

use super::open_session;
use crate::{
    error::ApiResult,
    request::{ClientAddress, Json, throttle},
    state::AppState,
};

/// Who wants to log in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    /// The address.
    pub email: String,
    /// The password.
    #[schema(value_type = String)]
    pub password: SecretString,
}

/// Logs a person in.
#[utoipa::path(post, path = "/auth/login", tag = "auth", request_body = Credentials,
    responses((status = 200, body = super::Tokens), (status = 401, description = "invalid_credentials"),
              (status = 429, description = "rate_limited")))]
pub async fn login(
    State(state): State<AppState>,
    ClientAddress(address): ClientAddress,
    headers: HeaderMap,
    Json(Credentials { email, password }): Json<Credentials>,
) -> ApiResult<impl IntoResponse> {
    let rate = throttle::take_auth(&state.limits, address, Some(&email)).await?;
    let user = state.identity.verify_password(&email, &password).await?;
    Ok((rate.0, axum::Json(open_session(&state, &user, &headers).await?)))
}
