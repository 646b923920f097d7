//! `POST /admin/api/tenants/{id}/suspend` and `…/resume`: its requests are refused everywhere, or taken again. Jobs
//! under way go on to their end. Twice is once.

use axum::extract::State;
use domain::tenant::TenantCommand;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{TenantRow, command, known, said};
use crate::{
    caller::AdminCaller,
    error::ApiResult,
    request::{Json, Path},
    state::AppState,
};

/// Why a tenant is suspended. Its people read it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Suspension {
    /// In words.
    reason: String,
}

/// Suspends a tenant.
#[utoipa::path(post, path = "/admin/api/tenants/{id}/suspend", tag = "admin", params(("id" = String, Path)),
    request_body = Suspension, security(("token" = [])),
    responses((status = 200, body = TenantRow), (status = 404, description = "not_found")))]
pub async fn suspend(
    State(state): State<AppState>,
    admin: AdminCaller,
    Path(id): Path<String>,
    Json(suspension): Json<Suspension>,
) -> ApiResult<axum::Json<TenantRow>> {
    let reason = said("reason", &suspension.reason)?;
    carry_out(&state, &admin, &id, TenantCommand::SuspendTenant { reason }).await
}

/// Resumes a tenant.
#[utoipa::path(post, path = "/admin/api/tenants/{id}/resume", tag = "admin", params(("id" = String, Path)),
    security(("token" = [])), responses((status = 200, body = TenantRow), (status = 404, description = "not_found")))]
pub async fn resume(
    State(state): State<AppState>,
    admin: AdminCaller,
    Path(id): Path<String>,
) -> ApiResult<axum::Json<TenantRow>> {
    carry_out(&state, &admin, &id, TenantCommand::ResumeTenant).await
}

async fn carry_out(
    state: &AppState,
    admin: &AdminCaller,
    id: &str,
    wish: TenantCommand,
) -> ApiResult<axum::Json<TenantRow>> {
    let (id, _) = known(state, id)?;
    command(state, admin, &id, wish).await?;
    let (id, entry) = known(state, id.as_str())?;
    Ok(axum::Json(TenantRow::of(&id, &entry)))
}
