//! `POST /v1/estimates`: what a request would hold and likely cost, with the lines that it adds up from. Nothing is held.

use axum::extract::State;
use domain::{
    Credits,
    capability::CapabilityKind,
    pricing::{Charge, ChargeLine, PriceError},
};
use projections::live::{Callable, Uncallable};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;
use utoipa::ToSchema;

use crate::{
    caller::Caller,
    error::{ApiError, ApiResult, ErrorCode},
    request::Json,
    state::AppState,
};

/// What would be asked for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EstimateRequest {
    /// The public name of the model.
    model: String,
    /// Such as `text_to_image`.
    #[schema(value_type = String)]
    capability: CapabilityKind,
    /// As they would be sent.
    #[serde(default)]
    #[schema(value_type = Object)]
    params: Value,
}

/// What it would cost.
#[derive(Debug, Serialize, ToSchema)]
pub struct Estimate {
    /// `estimate`
    object: &'static str,
    /// The model.
    model: String,
    /// The capability.
    capability: &'static str,
    /// The version of the price.
    price_version: u32,
    /// What would be set aside: the most it can cost within its bounds.
    #[schema(value_type = String)]
    hold: Credits,
    /// What it likely costs.
    #[schema(value_type = String)]
    expected: Credits,
    /// What the hold adds up from.
    #[schema(value_type = Vec<Object>)]
    breakdown: Vec<ChargeLine>,
    /// What the likely cost adds up from.
    #[schema(value_type = Vec<Object>)]
    expected_breakdown: Vec<ChargeLine>,
    /// The parameters, with their defaults.
    #[schema(value_type = Object)]
    params: Value,
}

/// Estimates a request.
#[utoipa::path(post, path = "/v1/estimates", tag = "models", request_body = EstimateRequest,
    security(("token" = []), ("api_key" = [])),
    responses((status = 200, body = Estimate), (status = 404, description = "model_not_found"),
              (status = 422, description = "invalid_parameter")))]
pub async fn estimate(
    State(state): State<AppState>,
    caller: Caller,
    Json(request): Json<EstimateRequest>,
) -> ApiResult<axum::Json<Estimate>> {
    let EstimateRequest { model, capability, params } = request;
    let callable = callable(&state, &caller, &model, capability)?;
    let params = if params.is_null() { Value::Object(serde_json::Map::new()) } else { params };
    let params = callable.schema.resolve(params)?;
    let quote = callable.capability.quote(&params, state.store.now()).map_err(|error| unpriced(&error))?;
    let (Charge { amount: hold, lines: breakdown, .. }, likely) = (quote.hold, quote.expected);
    Ok(axum::Json(Estimate {
        object: "estimate",
        model,
        capability: capability.name(),
        price_version: callable.version,
        hold,
        expected: likely.amount,
        breakdown,
        expected_breakdown: likely.lines,
        params,
    }))
}

/// What a caller may call now.
///
/// # Errors
/// `model_not_allowed`, `model_not_found`.
pub fn callable(
    state: &AppState,
    caller: &Caller,
    model: &str,
    capability: CapabilityKind,
) -> ApiResult<Arc<Callable>> {
    caller.may_use(model)?;
    let uncallable = |reason: Uncallable| match reason {
        Uncallable::NoSuchCapability => format!("{model} has no capability {capability}"),
        other => other.to_string(),
    };
    let found = state.live.catalog().callable(model, capability);
    found.map_err(|reason| ApiError::new(ErrorCode::ModelNotFound, uncallable(reason)).of("model"))
}

/// A request that can't be priced can't be called.
#[must_use]
pub fn unpriced(error: &PriceError) -> ApiError {
    ApiError::parameter("params", error.to_string())
}
