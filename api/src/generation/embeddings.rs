//! `POST /v1/embeddings`, as OpenAI's.

use axum::{
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use dispatch::{Answer, Finished};
use domain::capability::CapabilityKind;
use serde_json::{Value, json};

use super::{
    idempotency, label,
    prepare::{Asked, Begun, begin, model_and_params},
};
use crate::{
    caller::Caller,
    catalog::deprecation::announce,
    error::{ApiError, ApiResult},
    request::Json,
    state::AppState,
};

/// The route, as jobs remember it.
pub const ROUTE: &str = "/v1/embeddings";

/// Answers with vectors.
///
/// # Errors
/// As OpenAI's: 400 for parameters, 401, 402, 404, 429, 5xx.
#[utoipa::path(post, path = "/v1/embeddings", tag = "compatible", request_body = serde_json::Value,
    security(("api_key" = []), ("token" = [])),
    responses((status = 200, description = "A list of vectors."), (status = 402, description = "insufficient_credits")))]
pub async fn create(
    State(state): State<AppState>,
    caller: Caller,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> ApiResult<Response> {
    embed(&state, &caller, &headers, body).await.map_err(ApiError::openai)
}

async fn embed(state: &AppState, caller: &Caller, headers: &HeaderMap, body: Value) -> ApiResult<Response> {
    let once = idempotency::once_key(headers, &caller.tenant_id, ROUTE, &body)?;
    let (model, params) = model_and_params(body)?;
    let asked = Asked::waiting((model.clone(), CapabilityKind::Embedding), Value::Object(params), ROUTE, once.clone());
    let asked = asked.quoted(headers)?;
    let (started, params) = match begin(state, caller, asked).await? {
        Begun::Started(started, params) => (*started, params),
        Begun::Replayed(response) => return Ok(response),
    };
    let job_id = started.job_id().clone();
    let Finished { answer, cost } = state.parts.dispatcher.answer(started, params).await?;
    let Answer::Body(mut body) = answer else { return Err(ApiError::internal(&"embeddings answered with images")) };
    body["model"] = json!(model);
    body["usage"]["cost"] = json!(cost);
    idempotency::keep(state, once.as_ref(), &body).await;
    let mut response = axum::Json(body).into_response();
    label(&mut response, &job_id, Some(cost));
    announce(state, &model, CapabilityKind::Embedding, response.headers_mut());
    Ok(response)
}
