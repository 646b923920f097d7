//! `POST /admin/api/tenants`: a tenant with its account, owned by somebody who is registered.

use axum::{extract::State, http::StatusCode, response::IntoResponse};
use domain::{
    account::AccountCommand,
    id::{TenantId, UserId},
    tenant::{Role, TenantCommand},
    unit::Unit,
};
use serde::Deserialize;
use store::{Side, Work};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{TenantRow, known, said};
use crate::{
    caller::AdminCaller,
    error::{ApiError, ApiResult},
    freshness::PATIENCE,
    request::Json,
    state::AppState,
};

/// A tenant to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTenant {
    /// What its people call it.
    pub name: String,
    /// Who manages it: `usr_…`
    pub owner: String,
}

/// Creates a tenant and opens its account.
#[utoipa::path(post, path = "/admin/api/tenants", tag = "admin", request_body = NewTenant, security(("token" = [])),
    responses((status = 201, body = TenantRow), (status = 404, description = "not_found: no such user")))]
pub async fn create(
    State(state): State<AppState>,
    admin: AdminCaller,
    Json(new): Json<NewTenant>,
) -> ApiResult<impl IntoResponse> {
    let tenant_id = make(&state, &admin, new).await?;
    let (id, entry) = known(&state, tenant_id.as_str())?;
    Ok((StatusCode::CREATED, axum::Json(TenantRow::of(&id, &entry))))
}

/// Creates a tenant with its account and its owner, in one unit of work.
///
/// # Errors
/// `invalid_parameter`; `not_found` for the owner.
pub async fn make(state: &AppState, admin: &AdminCaller, new: NewTenant) -> ApiResult<TenantId> {
    let name = said("name", &new.name)?;
    let missing = || ApiError::not_found("user").of("owner");
    let user_id: UserId = new.owner.parse().map_err(|_| missing())?;
    state.identity.user_by_id(&user_id).await?.ok_or_else(missing)?;
    let tenant_id = TenantId::from_uuid(Uuid::now_v7());
    let unit = Unit::of(&tenant_id, TenantCommand::CreateTenant { name })
        .then(&tenant_id, TenantCommand::AddMember { user_id, role: Role::Owner })
        .then(&tenant_id, AccountCommand::OpenAccount);
    let committed = state.store.execute(Work { unit, context: admin.context(), side: Side::default() }).await?;
    state.follower.reached(committed.position, PATIENCE).await;
    Ok(tenant_id)
}
