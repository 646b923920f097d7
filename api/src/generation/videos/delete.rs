//! `DELETE /v1/videos/{id}`: a video's files and what it was made from go; its job stays in the books.

use axum::extract::State;
use serde::Serialize;
use store::assets::AssetsError;
use utoipa::ToSchema;

use super::video_of;
use crate::{
    caller::Caller,
    error::{ApiError, ApiResult, ErrorCode},
    request::Path,
    state::AppState,
};

/// A video that is gone.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeletedVideo {
    /// The job's id.
    id: String,
    /// `video.deleted`
    object: &'static str,
    /// `true`
    deleted: bool,
}

/// Deletes a video that is done or has failed.
///
/// # Errors
/// `not_found`; `conflict` while it is being made.
#[utoipa::path(delete, path = "/v1/videos/{id}", tag = "compatible", params(("id" = String, Path)),
    security(("api_key" = []), ("token" = [])), responses((status = 200, body = DeletedVideo), (status = 404), (status = 409)))]
pub async fn delete(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<axum::Json<DeletedVideo>> {
    erase(&state, &caller, &id).await.map_err(ApiError::openai)?;
    Ok(axum::Json(DeletedVideo { id, object: "video.deleted", deleted: true }))
}

async fn erase(state: &AppState, caller: &Caller, id: &str) -> ApiResult<()> {
    let (row, inputs) = video_of(state, caller, id).await?;
    if !row.status.is_final() {
        let why = format!("the video is being made: cancel it first, with POST /v1/jobs/{id}/cancel");
        return Err(ApiError::new(ErrorCode::Conflict, why));
    }
    for output in &row.outputs {
        let Ok(asset_id) = output.asset_id.parse() else { continue };
        match state.assets.delete(&caller.tenant_id, &asset_id, state.store.now()).await {
            // Somebody deleted the file by itself before.
            Ok(()) | Err(AssetsError::Missing) => {}
            Err(error) => return Err(error.into()),
        }
    }
    // Last: as long as the inputs are there, the video is found, and deleting it can be repeated.
    Ok(state.parts.dispatcher.parts().contents.erase(&inputs.job_id).await?)
}
