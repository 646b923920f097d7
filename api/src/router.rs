//! The whole route table, in one function, with a word on who calls each group.

use axum::{Router, extract::DefaultBodyLimit, middleware, routing::get};
use tower_http::catch_panic::CatchPanicLayer;

use crate::{health, request::JSON_BODY_MAX_BYTES, request::observe, state::AppState};

/// Every route of the API and of the pages.
#[must_use]
pub fn router(state: AppState) -> Router {
    Router::new()
        // Load balancers, orchestrators, Prometheus. Not for the internet: the proxy keeps /metrics inside.
        .route("/healthz", get(health::live))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::metrics))
        .layer(DefaultBodyLimit::max(JSON_BODY_MAX_BYTES))
        .layer(CatchPanicLayer::custom(observe::on_panic))
        .layer(middleware::from_fn(observe::observe))
        .with_state(state)
}
