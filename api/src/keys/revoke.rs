//! `DELETE /v1/keys/{id}`: refuses a key from now on, everywhere.

use axum::extract::State;
use domain::{
    id::ApiKeyId,
    tenant::{Tenant, TenantCommand},
    unit::Unit,
};
use serde::Serialize;
use store::{Side, Work};
use utoipa::ToSchema;

use crate::{
    caller::Caller,
    error::{ApiError, ApiResult},
    freshness::PATIENCE,
    request::Path,
    state::AppState,
};

/// A key that is refused from now on.
#[derive(Debug, Serialize, ToSchema)]
pub struct RevokedKey {
    /// `key_…`
    id: String,
    /// `api_key`
    object: &'static str,
    /// `true`
    deleted: bool,
}

/// Revokes an API key.
#[utoipa::path(delete, path = "/v1/keys/{id}", tag = "keys", params(("id" = String, Path)), security(("token" = [])),
    responses((status = 200, body = RevokedKey), (status = 404, description = "not_found")))]
pub async fn revoke(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<axum::Json<RevokedKey>> {
    end(&state, &caller, &id).await?;
    Ok(axum::Json(RevokedKey { id, object: "api_key", deleted: true }))
}

/// Ends a key of the caller's tenant.
///
/// # Errors
/// `forbidden`, `not_found`.
pub async fn end(state: &AppState, caller: &Caller, id: &str) -> ApiResult<()> {
    caller.needs_owner()?;
    let api_key_id: ApiKeyId = id.parse().map_err(|_| ApiError::not_found("API key"))?;
    let tenant: Tenant = state.store.read(caller.tenant_id.as_str()).await?;
    if !tenant.api_keys().any(|key| key.api_key_id == api_key_id) {
        return Err(ApiError::not_found("API key"));
    }
    let unit = Unit::of(&caller.tenant_id, TenantCommand::RevokeApiKey { api_key_id });
    let committed = state.store.execute(Work { unit, context: caller.context(), side: Side::default() }).await?;
    state.follower.reached(committed.position, PATIENCE).await;
    Ok(())
}
