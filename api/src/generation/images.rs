//! `POST /v1/images/generations`, as OpenAI's: from a text, and from images too when the body brings some.
//!
//! Links are ours and signed; `b64_json` reads the stored bytes. Images that upstream refused are listed apart.

use axum::{
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use dispatch::{Answer, Finished};
use domain::{Credits, capability::CapabilityKind, job::Output, unit::OnceKey};
use futures::TryStreamExt as _;
use serde_json::{Map, Value, json};

use super::{
    idempotency, label,
    prepare::{Asked, Begun, begin, model_and_params},
    size,
};
use crate::{
    assets::link,
    caller::Caller,
    catalog::{deprecation::announce, estimates::callable},
    error::{ApiError, ApiResult},
    request::Json,
    state::AppState,
};

/// The route, as jobs remember it.
pub const ROUTE: &str = "/v1/images/generations";

/// How the client wants its images.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Url,
    Base64,
}

/// Makes images while the caller waits.
///
/// # Errors
/// As OpenAI's: 400 for parameters, 401, 402, 404, 429, 5xx.
#[utoipa::path(post, path = "/v1/images/generations", tag = "compatible", request_body = serde_json::Value,
    security(("api_key" = []), ("token" = [])),
    responses((status = 200, description = "Links to images, or their bytes in base64."), (status = 402, description = "insufficient_credits")))]
pub async fn create(
    State(state): State<AppState>,
    caller: Caller,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> ApiResult<Response> {
    generate(&state, &caller, &headers, body).await.map_err(ApiError::openai)
}

async fn generate(state: &AppState, caller: &Caller, headers: &HeaderMap, body: Value) -> ApiResult<Response> {
    let once = idempotency::once_key(headers, &caller.tenant_id, ROUTE, &body)?;
    let (model, params) = model_and_params(body)?;
    let from_images = params.get("image").is_some_and(|image| !image.is_null());
    let kind = if from_images { CapabilityKind::ImageToImage } else { CapabilityKind::TextToImage };
    make(state, caller, headers, Making { route: ROUTE, model, kind, params, once }).await
}

/// Images that are to be made while the caller waits.
pub(super) struct Making {
    /// The route, as jobs remember it.
    pub(super) route: &'static str,
    /// The public name of the model.
    pub(super) model: String,
    /// From a text, or from images.
    pub(super) kind: CapabilityKind,
    /// The parameters, in OpenAI's words.
    pub(super) params: Map<String, Value>,
    /// The once-only key of the request.
    pub(super) once: Option<OnceKey>,
}

/// Makes images, and answers as OpenAI does.
pub(super) async fn make(
    state: &AppState,
    caller: &Caller,
    headers: &HeaderMap,
    making: Making,
) -> ApiResult<Response> {
    let Making { route, model, kind, mut params, once } = making;
    let called = callable(state, caller, &model, kind)?;
    let properties = &called.schema.schema()["properties"];
    let format = format(&mut params, properties)?;
    several(&mut params, properties)?;
    fit_size(&mut params, properties)?;
    params.remove("user");
    let asked = Asked::waiting((model.clone(), kind), Value::Object(params), route, once.clone()).quoted(headers)?;
    let (started, params) = match begin(state, caller, asked).await? {
        Begun::Started(started, params) => (*started, params),
        Begun::Replayed(response) => return Ok(response),
    };
    let job_id = started.job_id().clone();
    let Finished { answer, cost } = state.parts.dispatcher.answer(started, params).await?;
    let Answer::Images { outputs, failures } = answer else {
        return Err(ApiError::internal(&"images answered with a text"));
    };
    let body = answered(state, (&outputs, &failures, cost), format).await?;
    idempotency::keep(state, once.as_ref(), &body).await;
    let mut response = axum::Json(body).into_response();
    label(&mut response, &job_id, Some(cost));
    announce(state, &model, kind, response.headers_mut());
    Ok(response)
}

async fn answered(
    state: &AppState,
    (outputs, failures, cost): (&[Output], &[(String, String)], Credits),
    format: Format,
) -> ApiResult<Value> {
    let mut data = Vec::with_capacity(outputs.len());
    for output in outputs {
        data.push(image(state, output, format).await?);
    }
    let failed: Vec<Value> =
        failures.iter().map(|(code, message)| json!({ "code": code, "message": message })).collect();
    Ok(json!({
        "created": state.parts.store.now().timestamp(),
        "data": data,
        "failed": failed,
        "usage": { "images": outputs.len(), "cost": cost },
    }))
}

/// A size in pixels, for models that have other words for it.
fn fit_size(params: &mut Map<String, Value>, properties: &Value) -> ApiResult<()> {
    let other_words = properties.get("size").is_none() && properties.get("ratio").is_some();
    match params.get("size").and_then(Value::as_str).filter(|_| other_words).map(str::to_owned) {
        None => Ok(()),
        Some(asked) => {
            params.remove("size");
            if asked != "auto" {
                params.extend(size::translate(&asked, properties)?);
            }
            Ok(())
        }
    }
}

/// How the client wants its images; unless it says so, as the capability does.
fn format(params: &mut Map<String, Value>, properties: &Value) -> ApiResult<Format> {
    let asked = params.remove("response_format").filter(|asked| !asked.is_null());
    let usual = &properties["response_format"]["default"];
    match asked.as_ref().unwrap_or(usual) {
        Value::Null => Ok(Format::Url),
        Value::String(word) if word == "url" => Ok(Format::Url),
        Value::String(word) if word == "b64_json" => Ok(Format::Base64),
        _ => Err(ApiError::parameter("response_format", "response_format is url or b64_json")),
    }
}

/// OpenAI's `n`, in the words of the model: its own `n`, or a sequence of at most so many.
fn several(params: &mut Map<String, Value>, properties: &Value) -> ApiResult<()> {
    if properties.get("n").is_some() {
        return Ok(());
    }
    match params.remove("n") {
        None | Some(Value::Null) => Ok(()),
        Some(n) => match n.as_u64() {
            Some(1) => Ok(()),
            Some(n @ 2..=15) => {
                params.insert("sequential_image_generation".into(), json!("auto"));
                params.insert("max_images".into(), json!(n));
                Ok(())
            }
            _ => Err(ApiError::parameter("n", "n is from 1 to 15")),
        },
    }
}

async fn image(state: &AppState, output: &Output, format: Format) -> ApiResult<Value> {
    let size = output.width.zip(output.height).map(|(width, height)| format!("{width}x{height}"));
    if format == Format::Url {
        let url = link::sign(state, &output.asset_id).url;
        return Ok(json!({ "url": url, "asset_id": output.asset_id, "size": size }));
    }
    let parts = state.parts.dispatcher.parts();
    let asset = parts.assets.by_link(&output.asset_id, parts.store.now()).await?;
    let object = parts.objects.get(&asset.object_key).await?;
    let chunks: Vec<bytes::Bytes> =
        object.body.try_collect().await.map_err(|error| ApiError::unavailable("the object storage", &error))?;
    Ok(json!({ "b64_json": STANDARD.encode(chunks.concat()), "asset_id": output.asset_id, "size": size }))
}
