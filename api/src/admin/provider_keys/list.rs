//! `GET /admin/api/provider-keys` and `GET /admin/api/provider-keys/{id}`: our keys, the oldest first, and how they do.

use axum::extract::State;
use domain::id::ProviderKeyId;
use serde::Deserialize;
use utoipa::IntoParams;

use super::{ProviderKeyView, known};
use crate::{
    caller::AdminCaller,
    error::{ApiError, ApiResult},
    page::{List, cursor, page_size},
    request::{Path, Query},
    state::AppState,
};

/// Which keys, and which page of them.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct KeysQuery {
    /// The provider's name.
    provider: Option<String>,
    /// The last key of the page before.
    after: Option<String>,
    /// How many, at most 100.
    limit: Option<u32>,
}

/// Lists the provider keys.
#[utoipa::path(get, path = "/admin/api/provider-keys", tag = "admin", params(KeysQuery), security(("token" = [])),
    responses((status = 200, body = List<ProviderKeyView>)))]
pub async fn list(
    State(state): State<AppState>,
    _: AdminCaller,
    Query(query): Query<KeysQuery>,
) -> ApiResult<axum::Json<List<ProviderKeyView>>> {
    let limit = page_size(query.limit)?;
    let after = cursor::<ProviderKeyId>(query.after.as_deref())?;
    let catalog = state.live.catalog();
    let provider_id = match &query.provider {
        None => None,
        Some(name) => {
            let provider = catalog.provider(name).ok_or_else(|| ApiError::not_found("provider"))?;
            Some(provider.provider_id.clone())
        }
    };
    let wanted = catalog.all_provider_keys().filter(|entry| {
        let of_provider = entry
            .registration()
            .is_some_and(|known| provider_id.as_ref().is_none_or(|provider_id| known.provider_id == *provider_id));
        of_provider && after.as_ref().is_none_or(|after| entry.provider_key_id > *after)
    });
    let page: Vec<_> = wanted.take(limit as usize + 1).cloned().collect();
    let has_more = page.len() > limit as usize;
    let mut rows = Vec::with_capacity(page.len());
    for entry in page.iter().take(limit as usize) {
        rows.push(ProviderKeyView::of(&state, &entry.provider_key_id, &entry.key).await?);
    }
    Ok(axum::Json(List::page(rows, has_more, |row| row.id().to_owned())))
}

/// Shows a provider key.
#[utoipa::path(get, path = "/admin/api/provider-keys/{id}", tag = "admin", params(("id" = String, Path)),
    security(("token" = [])), responses((status = 200, body = ProviderKeyView), (status = 404)))]
pub async fn show(
    State(state): State<AppState>,
    _: AdminCaller,
    Path(id): Path<String>,
) -> ApiResult<axum::Json<ProviderKeyView>> {
    let (id, key) = known(&state, &id).await?;
    Ok(axum::Json(ProviderKeyView::of(&state, &id, &key).await?))
}
