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

use super::KeyView;
use crate::{
    caller::{Caller, SCOPES, api_key},
    error::{ApiError, ApiResult},
    freshness::PATIENCE,
    request::Json,
    state::AppState,
};

/// The longest name of a key.
const NAME_MAX_CHARS: usize = 100;
/// The most models that one key names.
const MODELS_MAX: usize = 100;
/// The longest name of a model.
const MODEL_MAX_CHARS: usize = 100;

/// What the key shall be.
#[derive(Clone, Debug, Deserialize, ToSchema)]
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
    /// The most it may spend, in credits.
    #[schema(value_type = Option<String>)]
    pub budget: Option<Credits>,
    /// Requests a minute.
    pub requests_per_minute: Option<u32>,
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
    check(&new, state.store.now())?;
    let key = api_key::generate();
    let NewKey { name, scopes, models, budget, requests_per_minute, expires_at } = new;
    let api_key = ApiKey {
        api_key_id: ApiKeyId::from_uuid(Uuid::now_v7()),
        name: name.trim().to_owned(),
        prefix: api_key::shown(&key),
        sha256: hex::encode(api_key::hash(&key)),
        scopes,
        models,
        budget,
        requests_per_minute,
        expires_at,
    };
    let view = KeyView::from(&api_key);
    let unit = Unit::of(&caller.tenant_id, TenantCommand::IssueApiKey(Box::new(api_key)));
    let committed = state.store.execute(Work { unit, context: caller.context(), side: Side::default() }).await?;
    state.follower.reached(committed.position, PATIENCE).await;
    Ok(IssuedKey { view, key })
}

fn check(new: &NewKey, now: DateTime<Utc>) -> ApiResult<()> {
    let name = new.name.trim();
    if name.is_empty() || name.chars().count() > NAME_MAX_CHARS {
        return Err(ApiError::parameter("name", format!("a name has 1 to {NAME_MAX_CHARS} characters")));
    }
    if let Some(unknown) = new.scopes.iter().position(|scope| !SCOPES.contains(&scope.as_str())) {
        return Err(ApiError::parameter(
            &format!("scopes.{unknown}"),
            format!("a scope is one of {}", SCOPES.join(", ")),
        ));
    }
    if new.models.len() > MODELS_MAX || new.models.iter().any(|model| model.len() > MODEL_MAX_CHARS) {
        return Err(ApiError::parameter("models", format!("a key names at most {MODELS_MAX} models")));
    }
    if new.budget.is_some_and(|budget| !budget.is_amount()) {
        return Err(ApiError::parameter("budget", "a budget is not negative and at most a billion credits"));
    }
    if new.requests_per_minute == Some(0) {
        return Err(ApiError::parameter("requests_per_minute", "a key may do one request a minute at least"));
    }
    if new.expires_at.is_some_and(|at| at <= now) {
        return Err(ApiError::parameter("expires_at", "expires_at lies in the past"));
    }
    Ok(())
}
