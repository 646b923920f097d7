//! `GET /v1/assets/{id}`: what is known of a file, with a fresh link.

use axum::extract::State;

use super::{AssetView, parse, view};
use crate::{caller::Caller, error::ApiResult, request::Path, state::AppState};

/// Shows a file.
#[utoipa::path(get, path = "/v1/assets/{id}", tag = "assets", params(("id" = String, Path)),
    security(("token" = []), ("api_key" = [])), responses((status = 200, body = AssetView), (status = 404)))]
pub async fn show(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<axum::Json<AssetView>> {
    let asset = state.assets.by_id(&caller.tenant_id, &parse(&id)?, state.store.now()).await?;
    Ok(axum::Json(view(&state, &asset)))
}
