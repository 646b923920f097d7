//! `GET /admin/api/tenants`: all tenants, the oldest first.

use axum::extract::State;
use domain::id::TenantId;
use serde::Deserialize;
use utoipa::IntoParams;

use super::TenantRow;
use crate::{
    caller::AuditorCaller,
    error::ApiResult,
    page::{List, cursor, page_size},
    request::Query,
    state::AppState,
};

/// Which page.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct TenantQuery {
    /// The last tenant of the page before.
    after: Option<String>,
    /// How many, at most 100.
    limit: Option<u32>,
}

/// Lists the tenants.
#[utoipa::path(get, path = "/admin/api/tenants", tag = "admin", params(TenantQuery), security(("token" = [])),
    responses((status = 200, body = List<TenantRow>)))]
pub async fn list(
    State(state): State<AppState>,
    _: AuditorCaller,
    Query(query): Query<TenantQuery>,
) -> ApiResult<axum::Json<List<TenantRow>>> {
    let limit = page_size(query.limit)?;
    let after = cursor::<TenantId>(query.after.as_deref())?;
    let tenants = state.live.tenants();
    let later = tenants.all().filter(|(id, _)| after.as_ref().is_none_or(|after| *id > after));
    let rows = later.take(limit as usize + 1).map(|(id, entry)| TenantRow::of(id, entry));
    Ok(axum::Json(List::cut(rows.collect(), limit, |row: &TenantRow| row.id.clone())))
}
