//! JSON bodies, with errors of our own: another content type, a body too large or too slow, no JSON, wrong fields.

use axum::{
    body::Bytes,
    extract::{FromRequest, Request, rejection::BytesRejection},
    http::{HeaderMap, StatusCode, header::CONTENT_TYPE},
};
use serde::de::DeserializeOwned;

use super::BODY_WITHIN;
use crate::error::{ApiError, ApiResult, ErrorCode};

/// A JSON body.
#[derive(Clone, Copy, Debug)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> ApiResult<Self> {
        if !is_json(request.headers()) {
            return Err(ApiError::new(ErrorCode::UnsupportedMediaType, "the body must be application/json"));
        }
        let bytes = read(request, state).await?;
        serde_json::from_slice(&bytes).map(Self).map_err(|error| malformed(&error))
    }
}

/// The whole body, within the limit of its route and in time.
///
/// # Errors
/// `payload_too_large`, `request_timeout`, `invalid_request`.
pub async fn read<S: Send + Sync>(request: Request, state: &S) -> ApiResult<Bytes> {
    let reading = tokio::time::timeout(BODY_WITHIN, Bytes::from_request(request, state));
    let late = |_| ApiError::new(ErrorCode::RequestTimeout, "the body did not arrive in time");
    reading.await.map_err(late)?.map_err(|rejection| unread(&rejection))
}

fn unread(rejection: &BytesRejection) -> ApiError {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        ApiError::new(ErrorCode::PayloadTooLarge, "the body is larger than this route takes")
    } else {
        ApiError::new(ErrorCode::InvalidRequest, "the body broke off")
    }
}

fn malformed(error: &serde_json::Error) -> ApiError {
    if error.is_data() {
        ApiError::new(ErrorCode::InvalidParameter, error.to_string())
    } else {
        ApiError::new(ErrorCode::InvalidJson, format!("the body is not JSON: {error}"))
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}
