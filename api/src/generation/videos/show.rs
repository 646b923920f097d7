//! `GET /v1/videos/{id}`: a video as the log has its job this moment.

use axum::{
    extract::State,
    http::{HeaderName, HeaderValue},
    response::{IntoResponse as _, Response},
};

use super::{VideoView, video_of, view};
use crate::{
    caller::Caller,
    error::{ApiError, ApiResult},
    request::Path,
    state::AppState,
};

/// When OpenAI's SDKs ask again while they wait, in milliseconds.
const ASK_AGAIN: (HeaderName, HeaderValue) =
    (HeaderName::from_static("openai-poll-after-ms"), HeaderValue::from_static("2000"));

/// Shows a video.
///
/// # Errors
/// `not_found`, also for a video of another tenant.
#[utoipa::path(get, path = "/v1/videos/{id}", tag = "compatible", params(("id" = String, Path)),
    security(("api_key" = []), ("token" = [])), responses((status = 200, body = VideoView), (status = 404)))]
pub async fn show(State(state): State<AppState>, caller: Caller, Path(id): Path<String>) -> ApiResult<Response> {
    let (row, inputs) = video_of(&state, &caller, &id).await.map_err(ApiError::openai)?;
    let mut response = axum::Json(view(&state, &row, inputs)).into_response();
    if !row.status.is_final() {
        response.headers_mut().insert(ASK_AGAIN.0, ASK_AGAIN.1);
    }
    Ok(response)
}
