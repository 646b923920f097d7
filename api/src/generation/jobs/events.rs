//! `GET /v1/jobs/{id}/events`: the numbered events of a job, as a list or as server-sent events that go on to its end.
//!
//! `Last-Event-ID` (or `?after=`) resumes by number. Progress and text come between, without a number.

use std::{convert::Infallible, time::Duration};

use axum::{
    extract::State,
    http::{HeaderMap, header::ACCEPT},
    response::{
        IntoResponse, Response, Sse,
        sse::{Event, KeepAlive},
    },
};
use futures::{Stream, stream};
use serde::Deserialize;
use serde_json::json;

use crate::{
    caller::Caller,
    error::ApiResult,
    generation::watch::{Seen, Watch, job_of, published},
    request::{Path, Query},
    state::AppState,
};

/// How often a silent stream shows that it lives.
const PING_EVERY: Duration = Duration::from_secs(15);

/// From where on.
#[derive(Clone, Copy, Debug, Deserialize, utoipa::IntoParams)]
pub struct From {
    /// Only events with a greater number.
    #[serde(default)]
    after: i64,
}

/// The events of a job.
///
/// # Errors
/// `not_found`, also for a job of another tenant.
#[utoipa::path(get, path = "/v1/jobs/{id}/events", tag = "jobs", security(("api_key" = []), ("token" = [])), params(("id" = String, Path), From), responses(
    (status = 200, description = "A list, or with `Accept: text/event-stream` a stream."),
))]
pub async fn events(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    Query(from): Query<From>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if !text(ACCEPT.as_str()).unwrap_or_default().contains("text/event-stream") {
        let (_, rows) = job_of(&state, &caller, &id).await?;
        let data: Vec<_> = rows.iter().filter(|row| row.sequence > from.after).map(published).collect();
        return Ok(axum::Json(json!({ "object": "list", "data": data, "has_more": false, "next_cursor": null }))
            .into_response());
    }
    let after = text("last-event-id").and_then(|number| number.parse().ok()).unwrap_or(from.after);
    let watch = Watch::begin(&state, &caller, &id, after).await?;
    let keep_alive = KeepAlive::new().interval(PING_EVERY).text("ping");
    Ok(Sse::new(sent(watch)).keep_alive(keep_alive).into_response())
}

fn sent(watch: Watch) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold(watch, |mut watch| async move {
        let event = match watch.next().await? {
            Seen::Event(row) => {
                let number = row.sequence.to_string();
                Event::default().event(&row.event_type).id(number).data(published(&row).to_string())
            }
            Seen::Frame(frame) => {
                let kind = frame["type"].as_str().unwrap_or("frame").to_owned();
                Event::default().event(kind).data(frame.to_string())
            }
        };
        Some((Ok(event), watch))
    })
}
