//! Whether this process is alive, ready, and what it counted. For load balancers, orchestrators and Prometheus.

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value, json};

use crate::state::AppState;

/// `GET /healthz`: the process answers.
pub async fn live() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: every part that requests need is there, or which is not.
pub async fn ready(State(state): State<AppState>) -> Response {
    let (database, limits, objects) =
        tokio::join!(store::log::head(state.store.pool()), state.limits.ready(), state.objects.ready());
    let lag = database.as_ref().ok().map(|head| (head - state.follower.position()).max(0));
    let follower = match lag {
        Some(lag) if lag > state.settings.ready_lag_events => Err(format!("{lag} events behind")),
        Some(_) => Ok(()),
        None => Err("unknown".to_owned()),
    };
    let parts = [
        ("database", database.map(drop).map_err(|_| "out of reach".to_owned())),
        ("bus", state.bus.ready().map_err(|error| error.to_string())),
        ("limits", limits.map_err(|error| error.to_string())),
        ("objects", objects.map_err(|error| error.to_string())),
        ("log_follower", follower),
    ];
    let ready = parts.iter().all(|(_, state)| state.is_ok());
    let parts: Map<String, Value> = parts
        .into_iter()
        .map(|(name, state)| (name.to_owned(), state.err().map_or(json!("ok"), Value::from)))
        .collect();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, axum::Json(json!({ "ready": ready, "parts": parts, "lag_events": lag }))).into_response()
}

/// `GET /metrics`: what this process counted, for Prometheus.
pub async fn metrics(State(state): State<AppState>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], (state.metrics)())
}
