//! `POST /v1/videos`: takes a form or JSON, submits a job to the queue, and answers with the video to be.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue},
    response::{IntoResponse as _, Response},
};
use domain::{capability::CapabilityKind, job::Mode};
use serde_json::Value;

use super::{VideoView, params, video_of, view};
use crate::{
    caller::Caller,
    catalog::{deprecation::announce, estimates::callable},
    error::{ApiError, ApiResult},
    generation::{
        body,
        idempotency::{self, REPLAYED},
        label,
        prepare::{Asked, model_and_params},
        submit::{Submitted, submit},
    },
    state::AppState,
};

/// The route, as jobs remember it.
pub const ROUTE: &str = "/v1/videos";

/// Begins a video.
///
/// # Errors
/// As OpenAI's: 400 for parameters, 401, 402, 404, 413, 429.
#[utoipa::path(post, path = "/v1/videos", tag = "compatible",
    request_body(content_type = "multipart/form-data", description = "`model`, `prompt`, `seconds`, `size`, `input_reference`, and what else the model takes; or the same as JSON"),
    security(("api_key" = []), ("token" = [])),
    responses((status = 200, body = VideoView), (status = 402, description = "insufficient_credits")))]
pub async fn create(
    State(state): State<AppState>,
    caller: Caller,
    headers: HeaderMap,
    request: Request,
) -> ApiResult<Response> {
    begin(&state, &caller, &headers, request).await.map_err(ApiError::openai)
}

async fn begin(state: &AppState, caller: &Caller, headers: &HeaderMap, request: Request) -> ApiResult<Response> {
    let mut body = body::read(state, caller, request).await?;
    let once = idempotency::once_key(headers, &caller.tenant_id, ROUTE, &body.fingerprint)?;
    let from_image = body.fields.get("input_reference").is_some_and(|reference| !reference.is_null());
    let kind = if from_image { CapabilityKind::ImageToVideo } else { CapabilityKind::TextToVideo };
    let (model, fields) = model_and_params(Value::Object(std::mem::take(&mut body.fields)))?;
    body.fields = fields;
    let called = callable(state, caller, &model, kind)?;
    let properties = &called.schema.schema()["properties"];
    body.typed(properties);
    let (params, wanted) = params::translate(body.fields, properties)?;
    let asked = Asked {
        model: model.clone(),
        kind,
        params: Value::Object(params),
        route: ROUTE,
        mode: Mode::Queued,
        metadata: Some(wanted),
        webhook_url: None,
        once,
        quote: None,
    };
    let submitted = submit(state, caller, asked.quoted(headers)?).await;
    let Submitted { job_id, replayed, .. } = submitted.map_err(params::in_their_words)?;
    let (row, inputs) = video_of(state, caller, &job_id).await?;
    let mut response = axum::Json(view(state, &row, inputs)).into_response();
    if let Ok(job_id) = job_id.parse() {
        label(&mut response, &job_id, None);
    }
    announce(state, &model, kind, response.headers_mut());
    if replayed {
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    }
    Ok(response)
}
