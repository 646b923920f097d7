//! What an admin changes of a person: whether they may log in, their role, their password, their sessions. Twice is
//! once. Nobody shuts themselves out: another admin does that.
//!
//! Other processes take a session for good for some moments more.

use axum::extract::State;
use secrecy::SecretString;
use serde::Deserialize;
use store::identity::{PlatformRole, User};
use utoipa::ToSchema;

use super::{UserRow, known};
use crate::{
    caller::AdminCaller,
    error::{ApiError, ApiResult, ErrorCode},
    request::{Json, Path},
    state::AppState,
};

/// A role on the platform.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRole {
    /// `admin`, `auditor` or `null`.
    #[schema(value_type = Option<String>)]
    platform_role: Option<PlatformRole>,
}

/// A password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPassword {
    /// From 8 to 200 characters.
    #[schema(value_type = String)]
    password: SecretString,
}

/// Keeps a person out, and ends their sessions.
#[utoipa::path(post, path = "/admin/api/users/{id}/disable", tag = "admin", params(("id" = String, Path)),
    security(("token" = [])), responses((status = 200, body = UserRow), (status = 404, description = "not_found"),
              (status = 409, description = "conflict: oneself")))]
pub async fn disable(
    State(state): State<AppState>,
    admin: AdminCaller,
    Path(id): Path<String>,
) -> ApiResult<axum::Json<UserRow>> {
    change(&state, &admin, &id, Change::Disable).await
}

/// Lets a person in again.
#[utoipa::path(post, path = "/admin/api/users/{id}/enable", tag = "admin", params(("id" = String, Path)),
    security(("token" = [])), responses((status = 200, body = UserRow), (status = 404, description = "not_found")))]
pub async fn enable(
    State(state): State<AppState>,
    admin: AdminCaller,
    Path(id): Path<String>,
) -> ApiResult<axum::Json<UserRow>> {
    change(&state, &admin, &id, Change::Enable).await
}

/// Gives or takes a role on the platform.
#[utoipa::path(put, path = "/admin/api/users/{id}/role", tag = "admin", params(("id" = String, Path)),
    request_body = NewRole, security(("token" = [])),
    responses((status = 200, body = UserRow), (status = 404, description = "not_found"),
              (status = 409, description = "conflict: oneself")))]
pub async fn set_role(
    State(state): State<AppState>,
    admin: AdminCaller,
    Path(id): Path<String>,
    Json(role): Json<NewRole>,
) -> ApiResult<axum::Json<UserRow>> {
    change(&state, &admin, &id, Change::Role(role.platform_role)).await
}

/// Sets a password, and ends the sessions that the old one opened.
#[utoipa::path(put, path = "/admin/api/users/{id}/password", tag = "admin", params(("id" = String, Path)),
    request_body = NewPassword, security(("token" = [])),
    responses((status = 200, body = UserRow), (status = 404, description = "not_found"),
              (status = 422, description = "invalid_parameter")))]
pub async fn set_password(
    State(state): State<AppState>,
    admin: AdminCaller,
    Path(id): Path<String>,
    Json(new): Json<NewPassword>,
) -> ApiResult<axum::Json<UserRow>> {
    change(&state, &admin, &id, Change::Password(new.password)).await
}

/// Ends all sessions of a person.
#[utoipa::path(delete, path = "/admin/api/users/{id}/sessions", tag = "admin", params(("id" = String, Path)),
    security(("token" = [])), responses((status = 200, body = UserRow), (status = 404, description = "not_found")))]
pub async fn end_sessions(
    State(state): State<AppState>,
    admin: AdminCaller,
    Path(id): Path<String>,
) -> ApiResult<axum::Json<UserRow>> {
    change(&state, &admin, &id, Change::EndSessions).await
}

/// What becomes of a person.
pub enum Change {
    /// Is kept out; nobody does it to themselves.
    Disable,
    /// Is let in again.
    Enable,
    /// Gets this role on the platform, or none; nobody does it to themselves.
    Role(Option<PlatformRole>),
    /// Gets this password; the sessions of the old one end.
    Password(SecretString),
    /// Is logged out everywhere.
    EndSessions,
}

/// Changes a person, and shows them.
async fn change(state: &AppState, admin: &AdminCaller, id: &str, change: Change) -> ApiResult<axum::Json<UserRow>> {
    carry_out(state, admin, id, change).await?;
    shown(state, id).await
}

/// Changes a person.
///
/// # Errors
/// `not_found`; `conflict` for oneself; `invalid_parameter`.
pub async fn carry_out(state: &AppState, admin: &AdminCaller, id: &str, change: Change) -> ApiResult<()> {
    match change {
        Change::Disable => {
            let user = other(state, admin, id).await?;
            forget_sessions(state, &user).await?;
            if user.disabled_at.is_none() {
                state.identity.disable_user(&user.id, state.store.now()).await?;
            }
        }
        Change::Enable => state.identity.enable_user(&known(state, id).await?.id).await?,
        Change::Role(role) => {
            let user = other(state, admin, id).await?;
            state.identity.set_role(&user.id, role).await?;
            forget_sessions(state, &user).await?;
        }
        Change::Password(password) => {
            let user = known(state, id).await?;
            state.identity.set_password(&user.id, &password).await?;
            end(state, &user).await?;
        }
        Change::EndSessions => end(state, &known(state, id).await?).await?,
    }
    Ok(())
}

/// A person who is not the one who asks.
async fn other(state: &AppState, admin: &AdminCaller, id: &str) -> ApiResult<User> {
    let user = known(state, id).await?;
    if user.id == admin.session.user.id {
        return Err(ApiError::new(ErrorCode::Conflict, "another admin has to do this: nobody shuts themselves out"));
    }
    Ok(user)
}

async fn end(state: &AppState, user: &User) -> ApiResult<()> {
    forget_sessions(state, user).await?;
    state.identity.revoke_sessions_of(&user.id, None, state.store.now()).await?;
    Ok(())
}

/// This process asks for the sessions of the person anew.
async fn forget_sessions(state: &AppState, user: &User) -> ApiResult<()> {
    for session in state.identity.sessions_of(&user.id, state.store.now()).await? {
        state.sessions.forget(&session.id);
    }
    Ok(())
}

async fn shown(state: &AppState, id: &str) -> ApiResult<axum::Json<UserRow>> {
    let user = known(state, id).await?;
    Ok(axum::Json(UserRow::of(state, &user)))
}
