//! The headers that stand on every answer: how long it took, which version answered, and how much of the rate is left.

use std::time::Instant;

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;

const VERSION: &str = "2020-10-01";
/// The rates of the pretended account; nothing counts against them, so all but one call is always left.
const RATES: [(&str, &str); 6] = [
    ("x-ratelimit-limit-requests", "10000"),
    ("x-ratelimit-remaining-requests", "9999"),
    ("x-ratelimit-reset-requests", "6ms"),
    ("x-ratelimit-limit-tokens", "30000000"),
    ("x-ratelimit-remaining-tokens", "29999000"),
    ("x-ratelimit-reset-tokens", "2ms"),
];

/// Adds them.
pub async fn add(request: Request, next: Next) -> Response {
    let began = Instant::now();
    let mut response = next.run(request).await;
    let took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    let headers = response.headers_mut();
    headers.insert("openai-processing-ms", HeaderValue::from(took_ms));
    headers.insert("openai-version", HeaderValue::from_static(VERSION));
    for (name, value) in RATES {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}
