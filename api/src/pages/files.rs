//! `GET /static/{file}`: what pages load. Names change with the content, so browsers may keep it for ever.

use axum::{http::header, response::IntoResponse};
use templates_maud::files::find;

use crate::{
    error::{ApiError, ApiResult},
    request::Path,
};

/// Sends a file that pages load.
pub async fn show(Path(name): Path<String>) -> ApiResult<impl IntoResponse> {
    let file = find(&name).ok_or_else(|| ApiError::not_found("file"))?;
    let headers =
        [(header::CONTENT_TYPE, file.content_type), (header::CACHE_CONTROL, "public, max-age=31536000, immutable")];
    Ok((headers, file.bytes))
}
