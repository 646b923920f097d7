//! `POST /v1/jobs`: holds the credits, submits the job and answers 202, or with `Prefer: wait=N` once it has ended.

use std::time::Duration;

use axum::{
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::{capability::CapabilityKind, job::Mode};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::view;
use crate::{
    caller::Caller,
    catalog::deprecation::announce,
    error::{ApiError, ApiResult, ErrorCode},
    generation::{
        idempotency::{self, REPLAYED},
        prepare::Asked,
        submit::submit,
        watch::{Watch, job_of},
    },
    request::Json,
    state::AppState,
};

/// The route, as jobs remember it.
pub const ROUTE: &str = "/v1/jobs";
/// The longest wait that a client may ask for.
pub const WAIT_MAX: Duration = Duration::from_secs(60);
/// When to look again at a job that has not ended, in seconds.
const LOOK_AGAIN: &str = "2";

/// A job to be.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewJob {
    /// The public name of the model.
    pub model: String,
    /// What it is asked to do, such as `text_to_video`.
    pub capability: String,
    /// Its parameters, by the capability's schema.
    #[serde(default)]
    pub params: Value,
    /// Whatever the client wants to find again.
    #[serde(default)]
    pub metadata: Option<Value>,
    /// Where to send news of the job.
    #[serde(default)]
    pub webhook_url: Option<String>,
    /// What `POST /v1/estimates` gave for the same request: it then costs what was estimated.
    #[serde(default)]
    pub quote: Option<String>,
}

/// Submits a job.
///
/// # Errors
/// 402 without credits, 422 for parameters or a reused idempotency key, 404 for the model.
#[utoipa::path(post, path = "/v1/jobs", tag = "jobs", security(("api_key" = []), ("token" = [])), request_body = NewJob, responses(
    (status = 202, description = "The job, under way."), (status = 200, description = "The job, ended within the wait."),
))]
pub async fn create(
    State(state): State<AppState>,
    caller: Caller,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> ApiResult<Response> {
    let wait = wait(&headers)?;
    let once = idempotency::once_key(&headers, &caller.tenant_id, ROUTE, &body)?;
    let new: NewJob =
        serde_json::from_value(body).map_err(|error| ApiError::new(ErrorCode::InvalidParameter, error.to_string()))?;
    let kind: CapabilityKind =
        new.capability.parse().map_err(|_| ApiError::parameter("capability", "there is no such capability"))?;
    if new.webhook_url.is_some() {
        return Err(ApiError::parameter("webhook_url", "webhooks are not available yet: follow the job's events"));
    }
    let params = if new.params.is_null() { Value::Object(serde_json::Map::new()) } else { new.params };
    let asked = Asked {
        model: new.model,
        kind,
        params,
        route: ROUTE,
        mode: Mode::Queued,
        metadata: new.metadata,
        webhook_url: new.webhook_url,
        once,
        quote: new.quote,
    };
    let model = asked.model.clone();
    let submitted = submit(&state, &caller, asked).await?;
    let mut response = answer(&state, &caller, &submitted.job_id, wait).await?;
    announce(&state, &model, kind, response.headers_mut());
    if submitted.replayed {
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    }
    Ok(response)
}

async fn answer(state: &AppState, caller: &Caller, job_id: &str, wait: Option<Duration>) -> ApiResult<Response> {
    if let Some(wait) = wait {
        let mut watch = Watch::begin(state, caller, job_id, 0).await?;
        let ended = async { while watch.next().await.is_some() {} };
        // A wait that runs out is answered with the job as it stands.
        drop(tokio::time::timeout(wait, ended).await);
    }
    let (row, _) = job_of(state, caller, job_id).await?;
    let status = if row.status.is_final() && wait.is_some() { StatusCode::OK } else { StatusCode::ACCEPTED };
    let mut response = (status, axum::Json(view(state, &row).await?)).into_response();
    let headers = response.headers_mut();
    let location = format!("/v1/jobs/{job_id}");
    headers.insert(header::LOCATION, HeaderValue::from_str(&location).map_err(|error| ApiError::internal(&error))?);
    if !row.status.is_final() {
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static(LOOK_AGAIN));
    }
    if let Some(wait) = wait {
        let applied = HeaderValue::from_str(&format!("wait={}", wait.as_secs())).expect("a number is ASCII");
        headers.insert(HeaderName::from_static("preference-applied"), applied);
    }
    Ok(response)
}

/// `Prefer: wait=N`, from one second to [`WAIT_MAX`].
fn wait(headers: &HeaderMap) -> ApiResult<Option<Duration>> {
    let Some(prefer) = headers.get("prefer").and_then(|value| value.to_str().ok()) else { return Ok(None) };
    let Some(wait) = prefer.split([',', ';']).find_map(|part| part.trim().strip_prefix("wait=")) else {
        return Ok(None);
    };
    match wait.parse::<u64>() {
        Ok(seconds @ 1..) if seconds <= WAIT_MAX.as_secs() => Ok(Some(Duration::from_secs(seconds))),
        _ => Err(ApiError::new(ErrorCode::InvalidRequest, "Prefer: wait is from 1 to 60 seconds")),
    }
}
