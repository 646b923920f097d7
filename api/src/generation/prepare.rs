//! A request becomes a job that may be submitted: its capability found, its parameters resolved, its price asked.
//! Nothing is read from the database here, and nothing is held yet.

use std::sync::Arc;

use axum::response::Response;
use dispatch::{Prepared, StartError};
use domain::{
    capability::CapabilityKind,
    id::JobId,
    job::{Mode, Submission},
    pricing::PriceError,
    unit::OnceKey,
};
use projections::live::{Callable, Uncallable};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use store::JobInputsRow;
use uuid::Uuid;

use super::idempotency;
use crate::{
    caller::Caller,
    error::{ApiError, ApiResult, ErrorCode},
    state::AppState,
};

/// The largest metadata of a job, as JSON.
pub const METADATA_MAX_BYTES: usize = 16 * 1024;

/// What a client asks for, as a route has parsed it.
pub struct Asked {
    /// The public name of the model.
    pub model: String,
    /// What the model is asked to do.
    pub kind: CapabilityKind,
    /// The parameters, unresolved.
    pub params: Value,
    /// The route, such as `/v1/jobs`.
    pub route: &'static str,
    /// Where the job runs.
    pub mode: Mode,
    /// What the client attached.
    pub metadata: Option<Value>,
    /// Where the client wants to hear of it.
    pub webhook_url: Option<String>,
    /// The once-only key of the request.
    pub once: Option<OnceKey>,
}

/// Validates and prices what was asked for.
///
/// # Errors
/// What is wrong with it, by parameter.
pub fn prepare(state: &AppState, caller: &Caller, asked: Asked) -> ApiResult<Prepared> {
    caller.needs_scope("generate")?;
    caller.may_use(&asked.model)?;
    let callable = callable(state, &asked.model, asked.kind)?;
    let params = callable.schema.resolve(asked.params)?;
    let quote = callable.capability.quote(&params).map_err(|error| unpriced(&error))?;
    let params = params.to_string();
    let now = state.parts.store.now();
    let submission = Submission {
        tenant_id: caller.tenant_id.clone(),
        user_id: caller.user_id.clone(),
        api_key_id: caller.api_key_id().cloned(),
        model: asked.model,
        capability: asked.kind,
        price_version: callable.version,
        priced_params: quote.priced,
        inputs_sha256: hex::encode(Sha256::digest(params.as_bytes())),
        hold: quote.hold.amount,
        mode: asked.mode,
        expires_at: now + state.parts.dispatcher.parts().ages.expire_after,
    };
    let job_id = JobId::from_uuid(Uuid::now_v7());
    tracing::Span::current().record("job_id", job_id.as_str());
    let inputs = JobInputsRow {
        job_id: job_id.to_string(),
        route: asked.route.to_owned(),
        params,
        metadata: asked.metadata.map(bounded_metadata).transpose()?,
        webhook_url: asked.webhook_url,
    };
    Ok(Prepared { job_id, submission, callable, inputs, once: asked.once, context: caller.context() })
}

fn bounded_metadata(metadata: Value) -> ApiResult<String> {
    let text = metadata.to_string();
    if !metadata.is_object() || text.len() > METADATA_MAX_BYTES {
        let message = format!("metadata is an object of at most {METADATA_MAX_BYTES} bytes");
        return Err(ApiError::parameter("metadata", message));
    }
    Ok(text)
}

/// The capability that a request means.
///
/// # Errors
/// `model_not_found`, or that it can't be called.
pub fn callable(state: &AppState, model: &str, kind: CapabilityKind) -> ApiResult<Arc<Callable>> {
    state.parts.live.catalog().callable(model, kind).map_err(|error| match error {
        Uncallable::NoSuchCapability => {
            ApiError::new(ErrorCode::ModelNotFound, format!("{model} has no capability {kind}")).of("model")
        }
        other => ApiError::new(ErrorCode::ModelNotFound, other.to_string()).of("model"),
    })
}

/// A request that can't be bounded or priced is the caller's to change: it names a parameter that can't be read.
fn unpriced(error: &PriceError) -> ApiError {
    ApiError::new(ErrorCode::InvalidParameter, format!("the request can't be priced: {error}"))
}

/// The model that a compatible body names, and everything else of it as parameters.
///
/// # Errors
/// The body is no object, or names no model.
pub fn model_and_params(body: Value) -> ApiResult<(String, Map<String, Value>)> {
    let Value::Object(mut params) = body else {
        return Err(ApiError::new(ErrorCode::InvalidParameter, "the body must be an object"));
    };
    match params.remove("model") {
        Some(Value::String(model)) if !model.is_empty() => Ok((model, params)),
        _ => Err(ApiError::parameter("model", "model is required: the name of a model")),
    }
}

/// The resolved parameters, as they are stored and sent.
///
/// # Errors
/// Never in practice: they were written from a value.
pub fn stored_params(prepared: &Prepared) -> ApiResult<Value> {
    serde_json::from_str(&prepared.inputs.params).map_err(|error| ApiError::internal(&error))
}

/// Answers a replayed request as before; any other refusal stays one.
///
/// # Errors
/// The refusal.
pub async fn replay_or(state: &AppState, once: Option<&OnceKey>, error: StartError) -> ApiResult<Response> {
    match (once, &error) {
        (Some(once), StartError::Execute(refused)) => match idempotency::replayed(refused) {
            Some(job_id) => idempotency::replay(state, once, &job_id).await,
            None => Err(error.into()),
        },
        _ => Err(error.into()),
    }
}

/// Notes that this tenant wrote, so that its own lists show it.
pub fn note_start(state: &AppState, caller: &Caller) {
    state.written.note(&caller.tenant_id, state.parts.follower.position() + 1);
}
