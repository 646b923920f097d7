//! Capabilities that are to go: every use says so in headers (RFC 9745, RFC 8594), and after the date calls are refused with the
//! name of what to use instead.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header::LINK};
use chrono::{DateTime, Utc};
use domain::{capability::CapabilityKind, model::Deprecation};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::{
    error::{ApiError, ApiResult, ErrorCode},
    state::AppState,
};

/// Since when a capability is deprecated.
pub const DEPRECATION: HeaderName = HeaderName::from_static("deprecation");
/// Until when it can be called.
pub const SUNSET: HeaderName = HeaderName::from_static("sunset");

/// That a capability is to go.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DeprecationView {
    /// When that was announced.
    deprecated_at: DateTime<Utc>,
    /// From when on calls are refused.
    sunset_at: DateTime<Utc>,
    /// The model to use instead, if one is named.
    replacement: Option<String>,
}

impl From<&Deprecation> for DeprecationView {
    fn from(deprecation: &Deprecation) -> Self {
        let Deprecation { deprecated_at, sunset_at, replacement } = deprecation.clone();
        Self { deprecated_at, sunset_at, replacement }
    }
}

/// Refuses a capability whose date is past.
///
/// # Errors
/// `capability_sunset`, with the replacement.
pub fn refuse_sunset(state: &AppState, model: &str, kind: CapabilityKind) -> ApiResult<()> {
    let catalog = state.live.catalog();
    let over = |deprecation: &&Deprecation| deprecation.is_over(state.store.now());
    let Some(deprecation) = catalog.deprecation(model, kind).filter(over) else { return Ok(()) };
    let date = deprecation.sunset_at.format("%Y-%m-%d");
    let message = match &deprecation.replacement {
        Some(name) => format!("{kind} of {model} could be used until {date}; use {name} instead"),
        None => format!("{kind} of {model} could be used until {date}"),
    };
    let details = json!({ "sunset_at": deprecation.sunset_at, "replacement": deprecation.replacement });
    Err(ApiError::new(ErrorCode::CapabilitySunset, message).of("model").with_details(details))
}

/// Says on an answer that the capability which gave it is to go.
pub fn announce(state: &AppState, model: &str, kind: CapabilityKind, headers: &mut HeaderMap) {
    let catalog = state.live.catalog();
    let Some(deprecation) = catalog.deprecation(model, kind) else { return };
    let since = format!("@{}", deprecation.deprecated_at.timestamp());
    let until = deprecation.sunset_at.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let successor =
        deprecation.replacement.as_ref().map(|name| format!("</v1/catalog/{name}>; rel=\"successor-version\""));
    for (name, text) in [(DEPRECATION, Some(since)), (SUNSET, Some(until)), (LINK, successor)] {
        if let Some(value) = text.and_then(|text| HeaderValue::from_str(&text).ok()) {
            headers.insert(name, value);
        }
    }
}
