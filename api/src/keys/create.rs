//! `POST /v1/keys`: a new API key. Its text is in this answer and nowhere else, ever.

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
};
use chrono::{DateTime, Utc};
use domain::{
    Credits,
    id::ApiKeyId,
    tenant::{ApiKey, TenantCommand},
    unit::Unit,
};
use serde::{Deserialize, Serialize};
use store::{Side, Work};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{KeyView, check};
use crate::{
    caller::{Caller, api_key},
    error::ApiResult,
    freshness::PATIENCE,
    request::Json,
    state::AppState,
};

/// What the key shall be.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewKey {
    /// What to call it.
    pub name: String,
    /// What it may do; none means all that a client may.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// The models it may use; none means all.
    #[serde(default)]
    pub models: Vec<String>,
    /// The most it may spend in all, in credits.
    #[schema(value_type = Option<String>)]
    pub budget: Option<Credits>,
    /// The most it may spend in a day of UTC, in credits.
    #[schema(value_type = Option<String>)]
    pub budget_per_day: Option<Credits>,
    /// The most it may spend in a month of UTC, in credits.
    #[schema(value_type = Option<String>)]
    pub budget_per_month: Option<Credits>,
    /// Requests a minute.
    pub requests_per_minute: Option<u32>,
    /// Tokens of text a minute.
    pub tokens_per_minute: Option<u64>,
    /// Jobs under way at once.
    pub concurrent_jobs: Option<u32>,
    /// From when on it is refused.
    pub expires_at: Option<DateTime<Utc>>,
}

/// A key that was just issued.
#[derive(Debug, Serialize, ToSchema)]
pub struct IssuedKey {
    /// What is known of it.
    #[serde(flatten)]
    pub view: KeyView,
    /// The key itself. Keep it: it is not shown again.
    pub key: String,
}

/// Issues an API key.
#[utoipa::path(post, path = "/v1/keys", tag = "keys", request_body = NewKey, security(("token" = [])),
    responses((status = 201, body = IssuedKey), (status = 403, description = "forbidden")))]
pub async fn create(
    State(state): State<AppState>,
    caller: Caller,
    Json(new): Json<NewKey>,
) -> ApiResult<impl IntoResponse> {
    let issued = issue(&state, &caller, new).await?;
    Ok((StatusCode::CREATED, [(header::CACHE_CONTROL, "no-store")], axum::Json(issued)))
}

/// Issues a key, and waits until this process takes it.
///
/// # Errors
/// `forbidden`, `invalid_parameter`, `limit_reached`.
pub async fn issue(state: &AppState, caller: &Caller, new: NewKey) -> ApiResult<IssuedKey> {
    caller.needs_owner()?;
    let key = api_key::generate();
    let api_key = ApiKey {
        api_key_id: ApiKeyId::from_uuid(Uuid::now_v7()),
        name: new.name.trim().to_owned(),
        prefix: api_key::shown(&key),
        sha256: hex::encode(api_key::hash(&key)),
        scopes: new.scopes,
        models: new.models,
        budget: new.budget,
        budget_per_day: new.budget_per_day,
        budget_per_month: new.budget_per_month,
        requests_per_minute: new.requests_per_minute,
        tokens_per_minute: new.tokens_per_minute,
        concurrent_jobs: new.concurrent_jobs,
        expires_at: new.expires_at,
    };
    check(&api_key, state.store.now())?;
    let view = KeyView::from(&api_key);
    let unit = Unit::of(&caller.tenant_id, TenantCommand::IssueApiKey(Box::new(api_key)));
    let committed = state.store.execute(Work { unit, context: caller.context(), side: Side::default() }).await?;
    state.follower.reached(committed.position, PATIENCE).await;
    Ok(IssuedKey { view, key })
}
