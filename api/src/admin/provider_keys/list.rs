//! `GET /admin/api/provider-keys` and `GET /admin/api/provider-keys/{id}`: our keys, the oldest first, and how they do.

use axum::extract::State;
use domain::id::ProviderKeyId;
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    ProviderKeyView, known,
    select::{KeyStanding, Wanted, select},
};
use crate::{
    caller::AuditorCaller,
    error::ApiResult,
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
    /// Only with this state; else also revoked ones.
    state: Option<KeyStanding>,
    /// Only with this text in the label, the account or the fingerprint.
    q: Option<String>,
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
    _: AuditorCaller,
    Query(query): Query<KeysQuery>,
) -> ApiResult<axum::Json<List<ProviderKeyView>>> {
    let limit = page_size(query.limit)?;
    let wanted = Wanted {
        provider: query.provider,
        state: query.state,
        q: query.q.unwrap_or_default(),
        after: cursor::<ProviderKeyId>(query.after.as_deref())?,
        with_revoked: true,
    };
    let (rows, has_more) = select(&state, &wanted, limit as usize).await?;
    Ok(axum::Json(List::page(rows, has_more, |row: &ProviderKeyView| row.id.clone())))
}

/// Shows a provider key.
#[utoipa::path(get, path = "/admin/api/provider-keys/{id}", tag = "admin", params(("id" = String, Path)),
    security(("token" = [])), responses((status = 200, body = ProviderKeyView), (status = 404)))]
pub async fn show(
    State(state): State<AppState>,
    _: AuditorCaller,
    Path(id): Path<String>,
) -> ApiResult<axum::Json<ProviderKeyView>> {
    let (id, key) = known(&state, &id).await?;
    Ok(axum::Json(ProviderKeyView::of(&state, &id, &key).await?))
}
