//! `POST /v1/embeddings`, as OpenAI's.

use axum::{
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use dispatch::{Answer, Finished};
use domain::{capability::CapabilityKind, job::Mode};
use serde_json::{Value, json};

use super::{
    idempotency, label,
    prepare::{Asked, model_and_params, note_start, prepare, replay_or, stored_params},
};
use crate::{
    caller::Caller,
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
    let asked = Asked {
        model: model.clone(),
        kind: CapabilityKind::Embedding,
        params: Value::Object(params),
        route: ROUTE,
        mode: Mode::Interactive,
        metadata: None,
        webhook_url: None,
        once: once.clone(),
    };
    let prepared = prepare(state, caller, asked)?;
    let params = stored_params(&prepared)?;
    let started = match state.parts.dispatcher.start(prepared).await {
        Ok(started) => started,
        Err(error) => return replay_or(state, once.as_ref(), error).await,
    };
    note_start(state, caller);
    let job_id = started.job_id().clone();
    let Finished { answer, cost } = state.parts.dispatcher.answer(started, params).await?;
    let Answer::Body(mut body) = answer else { return Err(ApiError::internal(&"embeddings answered with images")) };
    body["model"] = json!(model);
    body["usage"]["cost"] = json!(cost);
    idempotency::keep(state, once.as_ref(), &body).await;
    let mut response = axum::Json(body).into_response();
    label(&mut response, &job_id, Some(cost));
    Ok(response)
}
