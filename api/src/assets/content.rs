//! `GET /v1/assets/{id}/content`: the bytes of a file, whole or in part.

use axum::{extract::State, http::HeaderMap, response::Response};

use super::{deliver::deliver, parse};
use crate::{caller::Caller, error::ApiResult, request::Path, state::AppState};

/// Sends the bytes of a file. Takes `Range`, `If-Range` and `If-None-Match`.
#[utoipa::path(get, path = "/v1/assets/{id}/content", tag = "assets", params(("id" = String, Path)),
    security(("token" = []), ("api_key" = [])),
    responses((status = 200), (status = 206), (status = 304), (status = 404), (status = 416)))]
pub async fn content(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    let asset = state.assets.by_id(&caller.tenant_id, &parse(&id)?, state.store.now()).await?;
    deliver(&state, &asset, &headers).await
}
