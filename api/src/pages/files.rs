//! `GET /static/{file}`: what pages load. Names change with the content, so browsers may keep it for ever.
//! `GET /sw.js` and `GET /offline`: what a browser keeps for when there is no network. `GET /styleguide`: in development only.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use templates_maud::{files::find, offline, paths, styleguide::styleguide};

use super::{answer, as_page, desk::look};
use crate::{
    error::{ApiError, ApiResult},
    request::{Path, RequestContext},
    state::AppState,
};

/// Sends a file that pages load.
pub async fn show(Path(name): Path<String>) -> ApiResult<impl IntoResponse> {
    let file = find(&name).ok_or_else(|| ApiError::not_found("file"))?;
    let headers =
        [(header::CONTENT_TYPE, file.content_type), (header::CACHE_CONTROL, "public, max-age=31536000, immutable")];
    Ok((headers, file.bytes))
}

/// Sends the service worker of this build. It is asked for anew each time, so that a new build is noticed.
pub async fn worker() -> impl IntoResponse {
    let headers = [(header::CONTENT_TYPE, "text/javascript; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")];
    (headers, offline::service_worker())
}

/// Shows the page for when there is no network.
pub async fn offline(State(state): State<AppState>, headers: HeaderMap) -> Response {
    answer::page(StatusCode::OK, offline::offline(&look(&state, &headers, paths::OVERVIEW)))
}

/// Shows every component, where the gateway runs for development.
pub async fn styles(State(state): State<AppState>, context: RequestContext, headers: HeaderMap) -> Response {
    let look = look(&state, &headers, paths::STYLEGUIDE);
    if state.settings.development {
        answer::page(StatusCode::OK, styleguide(&look, state.store.now()))
    } else {
        as_page(ApiError::not_found("page"), &look, &context.request_id)
    }
}
