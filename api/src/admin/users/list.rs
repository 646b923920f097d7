//! `GET /admin/api/users`, the newest first, and `GET /admin/api/users/{id}`.

use axum::extract::State;
use domain::id::UserId;
use serde::Deserialize;
use utoipa::IntoParams;

use super::{UserRow, known};
use crate::{
    caller::AdminCaller,
    error::ApiResult,
    page::{List, PAGE_MAX, cursor, page_size},
    request::{Path, Query},
    state::AppState,
};

/// Which page.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct UserQuery {
    /// The last person of the page before.
    after: Option<String>,
    /// How many, at most 100.
    limit: Option<u32>,
}

/// Lists the people.
#[utoipa::path(get, path = "/admin/api/users", tag = "admin", params(UserQuery), security(("token" = [])),
    responses((status = 200, body = List<UserRow>)))]
pub async fn list(
    State(state): State<AppState>,
    _: AdminCaller,
    Query(query): Query<UserQuery>,
) -> ApiResult<axum::Json<List<UserRow>>> {
    let limit = page_size(query.limit)?;
    let after = cursor::<UserId>(query.after.as_deref())?;
    let (rows, more) = page(&state, after.as_ref(), limit).await?;
    Ok(axum::Json(List::page(rows, more, |row: &UserRow| row.id.clone())))
}

/// Some people, the newest first, and whether more follow.
///
/// # Errors
/// The store's.
pub async fn page(state: &AppState, after: Option<&UserId>, limit: u32) -> ApiResult<(Vec<UserRow>, bool)> {
    let page = state.identity.users(after, limit).await?;
    // The store gives a page of at most as many: whether more follow is asked for by the last of them.
    let more = match page.last() {
        Some(last) if page.len() == limit.min(PAGE_MAX) as usize => {
            !state.identity.users(Some(&last.id), 1).await?.is_empty()
        }
        _ => false,
    };
    Ok((page.iter().map(|user| UserRow::of(state, user)).collect(), more))
}

/// Shows a person.
#[utoipa::path(get, path = "/admin/api/users/{id}", tag = "admin", params(("id" = String, Path)),
    security(("token" = [])), responses((status = 200, body = UserRow), (status = 404, description = "not_found")))]
pub async fn show(
    State(state): State<AppState>,
    _: AdminCaller,
    Path(id): Path<String>,
) -> ApiResult<axum::Json<UserRow>> {
    let user = known(&state, &id).await?;
    Ok(axum::Json(UserRow::of(&state, &user)))
}
