//! `Idempotency-Key`: the same request again is answered as before. The key is a stream of its own in the log, so that
//! it holds across processes; the answer is kept beside it for a day.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, StatusCode, header::CONTENT_TYPE},
    response::Response,
};
use chrono::TimeDelta;
use domain::{id::TenantId, once::OnceError, stream::Refusal, unit::OnceKey};
use serde_json::Value;
use sha2::{Digest, Sha256};
use store::{ExecuteError, contents::Reply};

use crate::{
    error::{ApiError, ApiResult, ErrorCode},
    state::AppState,
};

/// The header of the key.
pub const KEY: &str = "idempotency-key";
/// The longest key.
pub const KEY_MAX_CHARS: usize = 255;
/// How long an answer is kept.
const KEPT: TimeDelta = TimeDelta::hours(24);
/// Says that an answer is one given before.
pub const REPLAYED: &str = "idempotent-replayed";

/// The once-only key of a request, if its client sent one.
///
/// # Errors
/// The key is empty, too long or not ASCII.
pub fn once_key(headers: &HeaderMap, tenant: &TenantId, route: &str, body: &Value) -> ApiResult<Option<OnceKey>> {
    let Some(value) = headers.get(KEY) else { return Ok(None) };
    key_of(value.to_str().unwrap_or_default(), tenant, route, body).map(Some)
}

/// The once-only key of a text that a client chose.
///
/// # Errors
/// It is empty, too long or not ASCII.
pub fn key_of(key: &str, tenant: &TenantId, route: &str, body: &Value) -> ApiResult<OnceKey> {
    if key.is_empty() || key.len() > KEY_MAX_CHARS || !key.is_ascii() {
        return Err(ApiError::new(ErrorCode::InvalidRequest, "Idempotency-Key has 1 to 255 visible ASCII characters"));
    }
    let mut hasher = Sha256::new();
    for part in [tenant.as_str(), route, key] {
        hasher.update(u64::try_from(part.len()).expect("a length fits").to_be_bytes());
        hasher.update(part);
    }
    let id = format!("idem:{}", hex::encode(hasher.finalize()));
    Ok(OnceKey { id, fingerprint: hex::encode(Sha256::digest(body.to_string())) })
}

/// The job that the same request led to before, if this is what was refused.
pub fn replayed(error: &ExecuteError) -> Option<String> {
    match error {
        ExecuteError::Refused(refusal) => match &**refusal {
            Refusal::Once(OnceError::Replayed { subject }) => Some(subject.clone()),
            _ => None,
        },
        _ => None,
    }
}

/// Keeps the answer of a request with a key. When that fails, a replay says so and nothing else is lost.
pub async fn keep(state: &AppState, once: Option<&OnceKey>, body: &Value) {
    let Some(once) = once else { return };
    let reply = Reply {
        status: StatusCode::OK.as_u16(),
        content_type: "application/json".into(),
        body: body.to_string().into_bytes(),
    };
    let parts = state.parts.dispatcher.parts();
    let now = parts.store.now();
    if let Err(error) = parts.contents.put_reply(&once.id, &reply, now, now + KEPT).await {
        tracing::warn!(%error, "an answer is not kept for replays");
    }
}

/// The answer that was given before.
///
/// # Errors
/// The first request is still being worked on, failed, or its answer was too long to be kept.
pub async fn replay(state: &AppState, once: &OnceKey, job_id: &str) -> ApiResult<Response> {
    let parts = state.parts.dispatcher.parts();
    let kept = parts.contents.reply(&once.id, parts.store.now()).await;
    let kept = kept.map_err(|error| ApiError::unavailable("the database", &error))?;
    let Some(reply) = kept else {
        let message = format!("the first request with this key is {job_id}: it is being worked on, or gave no answer");
        return Err(ApiError::new(ErrorCode::IdempotencyInFlight, message));
    };
    let mut response = Response::new(Body::from(reply.body));
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::OK);
    let headers = response.headers_mut();
    headers
        .insert(CONTENT_TYPE, HeaderValue::from_str(&reply.content_type).map_err(|error| ApiError::internal(&error))?);
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    Ok(response)
}
