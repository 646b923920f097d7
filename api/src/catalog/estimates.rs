//! `POST /v1/estimates`: what a request would hold and likely cost, with the lines that it adds up from. Nothing is held.

use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use chrono::{DateTime, Utc};
use domain::{
    Credits,
    capability::CapabilityKind,
    pricing::{Charge, ChargeLine, PriceError},
};
use projections::live::{Callable, Uncallable};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::sync::Arc;
use utoipa::ToSchema;

use super::{
    deprecation::{announce, refuse_sunset},
    quote::{self, Terms},
};
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
    /// Send it as `quote` with a job, or as the header `X-Zephyr-Quote` on a compatible route: the request then costs what was
    /// estimated, also if the price has changed since.
    quote: String,
    /// Until when the quote is honoured.
    quote_expires_at: DateTime<Utc>,
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
) -> ApiResult<Response> {
    let EstimateRequest { model, capability, params } = request;
    let callable = callable(&state, &caller, &model, capability)?;
    let params = if params.is_null() { Value::Object(serde_json::Map::new()) } else { params };
    let params = callable.schema.resolve_or_explain(params)?;
    let now = state.store.now();
    let quote = callable.capability.quote(&params, now).map_err(|error| unpriced(&error))?;
    let terms = terms(&caller, &callable, &params, now);
    let (Charge { amount: hold, lines: breakdown, .. }, likely) = (quote.hold, quote.expected);
    let estimate = Estimate {
        object: "estimate",
        model: model.clone(),
        capability: capability.name(),
        price_version: callable.version,
        hold,
        expected: likely.amount,
        breakdown,
        expected_breakdown: likely.lines,
        params,
        quote: terms.seal(&state.secrets),
        quote_expires_at: terms.expires_at,
    };
    let mut response = axum::Json(estimate).into_response();
    announce(&state, &model, capability, response.headers_mut());
    Ok(response)
}

fn terms(caller: &Caller, callable: &Callable, params: &Value, now: DateTime<Utc>) -> Terms {
    Terms {
        tenant_id: caller.tenant_id.clone(),
        model: callable.model.clone(),
        capability: callable.kind,
        price_version: callable.version,
        params_sha256: digest(&params.to_string()),
        moment: now,
        expires_at: now + quote::VALID_FOR,
    }
}

/// The sha256 of resolved parameters, in hex.
#[must_use]
pub fn digest(params: &str) -> String {
    hex::encode(Sha256::digest(params))
}

/// What a caller may call now.
///
/// # Errors
/// `model_not_allowed`, `model_not_found`, `capability_sunset`.
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
    let found = found.map_err(|reason| ApiError::new(ErrorCode::ModelNotFound, uncallable(reason)).of("model"))?;
    refuse_sunset(state, model, capability)?;
    Ok(found)
}

/// A request that can't be priced can't be called.
#[must_use]
pub fn unpriced(error: &PriceError) -> ApiError {
    ApiError::parameter("params", error.to_string())
}
