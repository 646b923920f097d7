//! `POST /admin/api/users`: a person, with a role on the platform or none. Their tenant follows with their first log-in.

use axum::{extract::State, http::StatusCode, response::IntoResponse};
use secrecy::SecretString;
use serde::Deserialize;
use store::identity::{PlatformRole, User};
use utoipa::ToSchema;

use super::UserRow;
use crate::{
    auth::register::{self, Registration},
    caller::AdminCaller,
    error::ApiResult,
    request::Json,
    state::AppState,
};

/// A person to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPerson {
    /// The address to log in with.
    pub email: String,
    /// From 8 to 200 characters.
    #[schema(value_type = String)]
    pub password: SecretString,
    /// How to call them; else the address does.
    pub display_name: Option<String>,
    /// The language of their pages, `en` or `zh`.
    pub locale: Option<String>,
    /// `admin` or `auditor` of the platform.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub platform_role: Option<PlatformRole>,
}

/// Creates a person.
#[utoipa::path(post, path = "/admin/api/users", tag = "admin", request_body = NewPerson, security(("token" = [])),
    responses((status = 201, body = UserRow), (status = 409, description = "email_taken"),
              (status = 422, description = "invalid_parameter")))]
pub async fn create(
    State(state): State<AppState>,
    _: AdminCaller,
    Json(new): Json<NewPerson>,
) -> ApiResult<impl IntoResponse> {
    let user = make(&state, new).await?;
    Ok((StatusCode::CREATED, axum::Json(UserRow::of(&state, &user))))
}

/// Creates a person, with a role or none.
///
/// # Errors
/// `invalid_parameter`, `email_taken`.
pub async fn make(state: &AppState, new: NewPerson) -> ApiResult<User> {
    let NewPerson { email, password, display_name, locale, platform_role } = new;
    let mut user = register::create(state, Registration { email, password, display_name, locale }).await?;
    if platform_role.is_some() {
        state.identity.set_role(&user.id, platform_role).await?;
        user.platform_role = platform_role;
    }
    Ok(user)
}
