//! The headers of every page: a strict policy, nothing kept by caches, no frames.

use axum::{
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Redirect, Response},
};
use maud::Markup;

/// Nothing within the markup runs or styles; everything comes from here.
pub const PAGE_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; \
     connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
);
/// What would turn texts into scripts is reported in the browser's console, not yet blocked.
const TRUSTED_TYPES: (HeaderName, HeaderValue) =
    (header::CONTENT_SECURITY_POLICY_REPORT_ONLY, HeaderValue::from_static("require-trusted-types-for 'script'"));

/// A page.
#[must_use]
pub fn page(status: StatusCode, markup: Markup) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CONTENT_SECURITY_POLICY, PAGE_POLICY),
        TRUSTED_TYPES,
        (header::CACHE_CONTROL, HeaderValue::from_static("private, no-store")),
        (header::VARY, HeaderValue::from_static("Cookie, Accept-Language, HX-Request, HX-History-Restore-Request")),
        (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    ];
    (status, headers, markup.into_string()).into_response()
}

/// Another page instead, to be got. The path is one that was made here.
#[must_use]
pub fn see(path: &str) -> Response {
    ([(header::CACHE_CONTROL, "no-store")], Redirect::to(path)).into_response()
}
