//! `DELETE /v1/assets/{id}`: hides a file at once; its bytes go soon after.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::parse;
use crate::{caller::Caller, error::ApiResult, request::Path, state::AppState};

/// A file that is gone.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeletedAsset {
    /// `ast_…`
    id: String,
    /// `asset`
    object: &'static str,
    /// `true`
    deleted: bool,
}

/// Deletes a file.
#[utoipa::path(delete, path = "/v1/assets/{id}", tag = "assets", params(("id" = String, Path)),
    security(("token" = []), ("api_key" = [])), responses((status = 200, body = DeletedAsset), (status = 404)))]
pub async fn delete(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<axum::Json<DeletedAsset>> {
    state.assets.delete(&caller.tenant_id, &parse(&id)?, state.store.now()).await?;
    Ok(axum::Json(DeletedAsset { id, object: "asset", deleted: true }))
}
