//! `POST /auth/register`: a person, their tenant and its account.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::IntoResponse,
};
use domain::id::UserId;
use secrecy::SecretString;
use serde::Deserialize;
use store::identity::{NewUser, User};
use utoipa::ToSchema;
use uuid::Uuid;

use super::open_session;
use crate::{
    error::{ApiError, ApiResult},
    request::{ClientAddress, Json, throttle},
    state::AppState,
};

/// The longest name of a person.
const NAME_MAX_CHARS: usize = 100;

/// Who wants to be registered.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Registration {
    /// The address to log in with.
    pub email: String,
    /// From 8 to 200 characters.
    #[schema(value_type = String)]
    pub password: SecretString,
    /// How to call them; else the address does.
    pub display_name: Option<String>,
    /// The language of their pages, `en` or `zh`.
    pub locale: Option<String>,
}

/// Registers a person and logs them in.
#[utoipa::path(post, path = "/auth/register", tag = "auth", request_body = Registration,
    responses((status = 201, body = super::Tokens), (status = 409, description = "email_taken")))]
pub async fn register(
    State(state): State<AppState>,
    ClientAddress(address): ClientAddress,
    headers: HeaderMap,
    Json(registration): Json<Registration>,
) -> ApiResult<impl IntoResponse> {
    let rate = throttle::take_auth(&state.limits, address, Some(&registration.email)).await?;
    let user = create(&state, registration).await?;
    let tokens = open_session(&state, &user, &headers).await?;
    Ok((StatusCode::CREATED, rate.0, axum::Json(tokens)))
}

/// The person's row; the tenant follows with the first session.
///
/// # Errors
/// `invalid_parameter`, `email_taken`.
pub async fn create(state: &AppState, registration: Registration) -> ApiResult<User> {
    let Registration { email, password, display_name, locale } = registration;
    let name = display_name.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
    let name = name.unwrap_or_else(|| email.split('@').next().unwrap_or_default().to_owned());
    if name.chars().count() > NAME_MAX_CHARS || name.chars().any(char::is_control) {
        return Err(ApiError::parameter("display_name", format!("a name has at most {NAME_MAX_CHARS} characters")));
    }
    let locale = locale.filter(|locale| locale.starts_with("zh")).map_or("en", |_| "zh").to_owned();
    let id = UserId::from_uuid(Uuid::now_v7());
    let new = NewUser { id, email, password, display_name: name, platform_role: None, locale };
    Ok(state.identity.create_user(new, state.store.now()).await?)
}
