//! `PATCH /v1/keys/{id}`: another name, other limits, budgets, scopes or models. What the body leaves out stays; `null`
//! takes a limit away. The key itself stays the same.

use axum::extract::State;
use chrono::{DateTime, Utc};
use domain::{
    Credits,
    id::ApiKeyId,
    tenant::{ApiKeyChange, Tenant, TenantCommand},
    unit::Unit,
};
use serde::{Deserialize, Deserializer};
use store::{Side, Work};
use utoipa::ToSchema;

use super::{KeyView, check};
use crate::{
    caller::Caller,
    error::{ApiError, ApiResult},
    freshness::PATIENCE,
    request::{Json, Path},
    state::AppState,
};

/// What shall change.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct KeyChange {
    /// What to call it.
    name: Option<String>,
    /// What it may do; none means all that a client may.
    scopes: Option<Vec<String>>,
    /// The models it may use; none means all.
    models: Option<Vec<String>>,
    /// The most it may spend in all, in credits.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    budget: Option<Option<Credits>>,
    /// The most it may spend in a day of UTC, in credits.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    budget_per_day: Option<Option<Credits>>,
    /// The most it may spend in a month of UTC, in credits.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    budget_per_month: Option<Option<Credits>>,
    /// Requests a minute.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<u32>)]
    requests_per_minute: Option<Option<u32>>,
    /// Tokens of text a minute.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<u64>)]
    tokens_per_minute: Option<Option<u64>>,
    /// Jobs under way at once.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<u32>)]
    concurrent_jobs: Option<Option<u32>>,
    /// From when on it is refused.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<DateTime<Utc>>)]
    expires_at: Option<Option<DateTime<Utc>>>,
}

/// A field that stands in the body, be it `null`.
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(field: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(field).map(Some)
}

/// Changes an API key.
#[utoipa::path(patch, path = "/v1/keys/{id}", tag = "keys", params(("id" = String, Path)), request_body = KeyChange,
    security(("token" = [])),
    responses((status = 200, body = KeyView), (status = 403, description = "forbidden"),
              (status = 404, description = "not_found"), (status = 422, description = "invalid_parameter")))]
pub async fn change(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    Json(change): Json<KeyChange>,
) -> ApiResult<axum::Json<KeyView>> {
    caller.needs_owner()?;
    let missing = || ApiError::not_found("API key");
    let api_key_id: ApiKeyId = id.parse().map_err(|_| missing())?;
    let change = ApiKeyChange::from(change);
    let known = key_of(&state, &caller, &api_key_id).await?.ok_or_else(missing)?;
    let mut wanted = change.clone().of(known.clone());
    // A key that has expired may still be renamed.
    wanted.expires_at = wanted.expires_at.filter(|_| wanted.expires_at != known.expires_at);
    check(&wanted, state.store.now())?;
    let command = TenantCommand::ChangeApiKey { api_key_id: api_key_id.clone(), change: Box::new(change) };
    let unit = Unit::of(&caller.tenant_id, command);
    let committed = state.store.execute(Work { unit, context: caller.context(), side: Side::default() }).await?;
    state.follower.reached(committed.position, PATIENCE).await;
    let changed = key_of(&state, &caller, &api_key_id).await?.ok_or_else(missing)?;
    Ok(axum::Json(KeyView::from(&changed)))
}

/// A live key of the caller's tenant.
///
/// # Errors
/// The store's.
pub async fn key_of(state: &AppState, caller: &Caller, id: &ApiKeyId) -> ApiResult<Option<domain::tenant::ApiKey>> {
    let tenant: Tenant = state.store.read(caller.tenant_id.as_str()).await?;
    Ok(tenant.api_keys().find(|key| key.api_key_id == *id).cloned())
}

impl From<KeyChange> for ApiKeyChange {
    fn from(change: KeyChange) -> Self {
        Self {
            name: change.name.map(|name| name.trim().to_owned()),
            scopes: change.scopes,
            models: change.models,
            budget: change.budget,
            budget_per_day: change.budget_per_day,
            budget_per_month: change.budget_per_month,
            requests_per_minute: change.requests_per_minute,
            tokens_per_minute: change.tokens_per_minute,
            concurrent_jobs: change.concurrent_jobs,
            expires_at: change.expires_at,
        }
    }
}
