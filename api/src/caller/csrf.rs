//! Whether a request that cookies speak for is the person's own: it comes from our pages, and carries their token.
//!
//! Requests with a bearer token never come here: no browser adds one by itself.

use axum::http::{HeaderMap, Method, header};

use super::Secrets;
use crate::{
    error::{ApiError, ApiResult, ErrorCode},
    settings::ApiSettings,
};

/// The header that scripts of our pages send the token in.
pub const CSRF_HEADER: &str = "x-csrf-token";

/// Whether a method may change something.
#[must_use]
pub fn changes_state(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// The request comes from a page of ours, as far as the browser says.
///
/// # Errors
/// `csrf_refused`.
pub fn check_origin(headers: &HeaderMap, settings: &ApiSettings) -> ApiResult<()> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let from_here = text("sec-fetch-site").is_none_or(|site| site == "same-origin" || site == "none");
    let ours = |origin: &str| {
        let same_host = text(header::HOST.as_str())
            .is_some_and(|host| origin.strip_prefix("http://").or(origin.strip_prefix("https://")) == Some(host));
        origin == settings.public_url || same_host
    };
    if from_here && text(header::ORIGIN.as_str()).is_none_or(ours) {
        return Ok(());
    }
    Err(refused("the request comes from another site"))
}

/// The request carries the token of its session.
///
/// # Errors
/// `csrf_refused`.
pub fn check_token(secrets: &Secrets, binding: &str, token: Option<&str>) -> ApiResult<()> {
    if token.is_some_and(|token| secrets.is_form_token(binding, token)) {
        return Ok(());
    }
    Err(refused("the form has expired; load the page again"))
}

fn refused(message: &'static str) -> ApiError {
    ApiError::new(ErrorCode::CsrfRefused, message)
}
