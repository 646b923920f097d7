//! `GET /v1/keys`: the live API keys of the tenant, the oldest first.

use axum::extract::State;
use domain::{id::ApiKeyId, tenant::Tenant};
use serde::Deserialize;
use utoipa::IntoParams;

use super::KeyView;
use crate::{
    caller::Caller,
    error::ApiResult,
    page::{List, cursor, page_size},
    request::Query,
    state::AppState,
};

/// Which page.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct KeyQuery {
    /// The last key of the page before.
    after: Option<String>,
    /// How many, at most 100.
    limit: Option<u32>,
}

/// Lists the API keys.
#[utoipa::path(get, path = "/v1/keys", tag = "keys", params(KeyQuery), security(("token" = []), ("api_key" = [])),
    responses((status = 200, body = List<KeyView>)))]
pub async fn list(
    State(state): State<AppState>,
    caller: Caller,
    Query(query): Query<KeyQuery>,
) -> ApiResult<axum::Json<List<KeyView>>> {
    let limit = page_size(query.limit)?;
    let after = cursor::<ApiKeyId>(query.after.as_deref())?;
    let tenant: Tenant = state.store.read(caller.tenant_id.as_str()).await?;
    let later = tenant.api_keys().filter(|key| after.as_ref().is_none_or(|after| key.api_key_id > *after));
    let keys = later.take(limit as usize + 1).map(KeyView::from).collect();
    Ok(axum::Json(List::cut(keys, limit, |key: &KeyView| key.id.clone())))
}
