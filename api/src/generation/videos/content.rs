//! `GET /v1/videos/{id}/content`: the film of a video that is done, whole or in part.

use axum::{extract::State, http::HeaderMap, response::Response};
use projections::rows::JobStatus;
use serde::Deserialize;
use utoipa::IntoParams;

use super::video_of;
use crate::{
    assets::deliver::deliver,
    caller::Caller,
    error::{ApiError, ApiResult, ErrorCode},
    request::{Path, Query},
    state::AppState,
};

/// Which file of a video.
#[derive(Debug, Deserialize, IntoParams)]
pub struct Variant {
    /// `video`; other files are outputs of the job.
    variant: Option<String>,
}

/// Sends the bytes of a video.
///
/// # Errors
/// `not_found`, also while it is not done.
#[utoipa::path(get, path = "/v1/videos/{id}/content", tag = "compatible", params(("id" = String, Path), Variant),
    security(("api_key" = []), ("token" = [])),
    responses((status = 200), (status = 206), (status = 304), (status = 404), (status = 416)))]
pub async fn content(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    Query(Variant { variant }): Query<Variant>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    send(&state, &caller, (&id, variant.as_deref()), &headers).await.map_err(ApiError::openai)
}

async fn send(
    state: &AppState,
    caller: &Caller,
    (id, variant): (&str, Option<&str>),
    headers: &HeaderMap,
) -> ApiResult<Response> {
    let (row, _) = video_of(state, caller, id).await?;
    if variant.is_some_and(|variant| variant != "video") {
        return Err(ApiError::parameter("variant", "variant is video: other files are outputs of the job"));
    }
    if row.status != JobStatus::Succeeded {
        return Err(ApiError::new(ErrorCode::NotFound, "the video is not done: ask GET /v1/videos/{id} for its state"));
    }
    let film = row.outputs.iter().find(|output| output.content_type.starts_with("video/"));
    let film = film.ok_or_else(|| ApiError::not_found("video"))?;
    let asset_id = film.asset_id.parse().map_err(|_| ApiError::not_found("video"))?;
    let asset = state.assets.by_id(&caller.tenant_id, &asset_id, state.store.now()).await?;
    deliver(state, &asset, headers).await
}
