//! The simulator's own routes under `/_sim`: faults, clock, request log, reset, endpoints, and the files that were made.
//! They ask for no key: this is a test tool bound to loopback.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::Sim;
use crate::faults::Fault;
use crate::requests;

/// Endpoint ids that may be mapped to models.
const MAX_ENDPOINTS: usize = 1_000;
/// How long a listing waits for calls to settle.
const SETTLED_WITHIN: std::time::Duration = std::time::Duration::from_secs(20);

/// All routes under `/_sim`; callers are tests and, for files, whoever got a link.
pub fn routes() -> Router<Arc<Sim>> {
    Router::new()
        .route("/_sim/faults", post(schedule).get(scheduled).delete(unschedule))
        .route("/_sim/requests", get(list))
        .route("/_sim/clock", post(set_clock).get(show_clock))
        .route("/_sim/endpoints", post(add_endpoints))
        .route("/_sim/reset", post(reset))
        .route("/_sim/files/{id}", get(file))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scheduling {
    faults: Vec<Fault>,
}

async fn schedule(State(sim): State<Arc<Sim>>, Json(body): Json<Scheduling>) -> Response {
    match sim.faults.schedule(body.faults) {
        Ok(scheduled) => Json(json!({ "scheduled": scheduled })).into_response(),
        Err(problem) => bad(&problem),
    }
}

async fn scheduled(State(sim): State<Arc<Sim>>) -> Json<Value> {
    Json(json!({ "faults": sim.faults.list() }))
}

async fn unschedule(State(sim): State<Arc<Sim>>) -> StatusCode {
    sim.faults.clear();
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listing {
    op: Option<String>,
    #[serde(default)]
    since: u64,
    /// Only once there are such calls and none is under way, or [`SETTLED_WITHIN`] is over.
    #[serde(default)]
    settled: bool,
}

async fn list(State(sim): State<Arc<Sim>>, Query(query): Query<Listing>) -> Json<Value> {
    let op = query.op.as_deref().filter(|op| !op.is_empty());
    if query.settled {
        drop(tokio::time::timeout(SETTLED_WITHIN, sim.requests.settled(op, query.since)).await);
    }
    let (entries, last_seq) = sim.requests.list(op, query.since);
    Json(json!({ "requests": entries, "last_seq": last_seq, "capacity": requests::CAPACITY }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockSetting {
    time_scale: f64,
}

async fn set_clock(State(sim): State<Arc<Sim>>, Json(setting): Json<ClockSetting>) -> Response {
    if !sim.clock.set_scale(setting.time_scale) {
        return bad("time_scale is between 0.0001 and 1000");
    }
    show_clock(State(sim)).await.into_response()
}

async fn show_clock(State(sim): State<Arc<Sim>>) -> Json<Value> {
    Json(json!({ "time_scale": sim.clock.scale(), "now_ms": sim.clock.now_ms() }))
}

/// Maps endpoint ids (`ep-…`) to model ids.
async fn add_endpoints(
    State(sim): State<Arc<Sim>>,
    Json(added): Json<std::collections::HashMap<String, String>>,
) -> Response {
    let mut endpoints = sim.endpoints.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if endpoints.len() + added.len() > MAX_ENDPOINTS {
        return bad("at most 1000 endpoints");
    }
    endpoints.extend(added);
    Json(json!({ "endpoints": &*endpoints })).into_response()
}

async fn reset(State(sim): State<Arc<Sim>>) -> StatusCode {
    sim.reset();
    StatusCode::NO_CONTENT
}

async fn file(State(sim): State<Arc<Sim>>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    let Some(made) = sim.files.get(&id) else {
        return (StatusCode::NOT_FOUND, "no such file").into_response();
    };
    if made.expires_at < chrono::Utc::now().timestamp() {
        return (StatusCode::FORBIDDEN, "the link has expired").into_response();
    }
    let content_type = made.recipe.content_type();
    let Ok(bytes) = tokio::task::spawn_blocking(move || made.recipe.render()).await else {
        return (StatusCode::INTERNAL_SERVER_ERROR, "the file could not be made").into_response();
    };
    ranged(bytes, content_type, headers.get(header::RANGE).and_then(|range| range.to_str().ok()))
}

/// The whole file, or the one range asked for.
fn ranged(bytes: Vec<u8>, content_type: &'static str, range: Option<&str>) -> Response {
    let common = [(header::CONTENT_TYPE, content_type), (header::ACCEPT_RANGES, "bytes")];
    let Some((start, end)) = range.and_then(|range| parse_range(range, bytes.len())) else {
        return (common, bytes).into_response();
    };
    let stated = [(header::CONTENT_RANGE, format!("bytes {start}-{}/{}", end - 1, bytes.len()))];
    (StatusCode::PARTIAL_CONTENT, common, stated, bytes[start..end].to_vec()).into_response()
}

/// `bytes=a-b`, `bytes=a-` or `bytes=-n` as a half-open range; none when it fits no byte.
fn parse_range(range: &str, length: usize) -> Option<(usize, usize)> {
    let (from, to) = range.strip_prefix("bytes=")?.split_once('-')?;
    let (start, end) = match (from.parse::<usize>().ok(), to.parse::<usize>().ok()) {
        (Some(start), Some(last)) => (start, last.saturating_add(1).min(length)),
        (Some(start), None) => (start, length),
        (None, Some(tail)) => (length.saturating_sub(tail), length),
        (None, None) => return None,
    };
    (start < end).then_some((start, end))
}

fn bad(problem: &str) -> Response {
    (StatusCode::BAD_REQUEST, Json(json!({ "error": problem }))).into_response()
}
