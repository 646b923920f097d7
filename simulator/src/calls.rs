//! One call, start to end, the same for every provider: log it, let a fault strike, do the work, wait, answer.
//!
//! | phase  | what happens |
//! |--------|--------------|
//! | arrive | the request is logged as pending |
//! | strike | a scheduled fault delays, hangs, refuses or garbles |
//! | work   | the provider's handler refuses, or makes its answer |
//! | accept | work that the provider would charge for is logged as such, before anything can be lost |
//! | wait   | the latency, in simulated time |
//! | answer | the answer leaves, is cut, or is lost |
//!
//! It knows no provider's JSON: the shape of an error is the provider's function.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::{StreamExt, stream};
use serde_json::Value;

use crate::Sim;
use crate::faults::Fault;
use crate::requests::{Entry, PENDING};

/// The longest that a hanging call is held.
const HANG_LIMIT: std::time::Duration = std::time::Duration::from_secs(3_600);

/// From the last bytes of a body that is cut to the cut: without it they would not leave.
const CUT_PAUSE: std::time::Duration = std::time::Duration::from_millis(5);

/// Marks a response that must not leave: the server drops the connection instead.
#[derive(Debug, Clone, Copy)]
pub struct DropConnection;

/// A refusal in the provider's own words.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// The provider's code.
    pub code: String,
    /// What is wrong, for people.
    pub message: String,
    /// Seconds for `Retry-After`.
    pub retry_after: Option<u64>,
    /// What else the provider says, in its own shape.
    pub details: Value,
}

impl Refusal {
    /// A refusal without `Retry-After` and details.
    pub fn new(status: u16, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { status, code: code.into(), message: message.into(), retry_after: None, details: Value::Null }
    }
}

/// One server-sent event, and how long it waits after the one before.
#[derive(Debug)]
pub struct Event {
    /// Simulated milliseconds after the event before.
    pub after_ms: u64,
    /// What stands after `data: `.
    pub data: String,
}

/// What an accepted call answers.
#[derive(Debug)]
pub enum Answer {
    /// A JSON body after a latency.
    Json {
        /// Simulated milliseconds before the answer.
        after_ms: u64,
        /// The body.
        body: Value,
    },
    /// A stream of server-sent events; the last one is sent as it is (`[DONE]`).
    Events(Vec<Event>),
    /// A file.
    File {
        /// Its media type.
        content_type: &'static str,
        /// Its bytes.
        bytes: Vec<u8>,
    },
    /// 204.
    Nothing,
}

/// How a provider writes its errors.
pub type ErrorShape = fn(&Refusal, request_id: &str) -> Value;

/// A call under way; when it is dropped before its end, the client has gone.
pub struct Call {
    sim: Arc<Sim>,
    seq: u64,
    fault: Fault,
    request_id: String,
    ended: bool,
}

impl Call {
    /// Logs the arrival and lets the schedule decide which fault strikes.
    pub fn arrive(sim: &Arc<Sim>, entry: Entry, key: &str) -> Self {
        let fault = sim.faults.take(&entry, key).unwrap_or_default();
        Self::log(sim, entry, fault)
    }

    /// Logs an arrival that no fault may strike (a bad key).
    pub fn arrive_unstruck(sim: &Arc<Sim>, entry: Entry) -> Self {
        Self::log(sim, entry, Fault::default())
    }

    fn log(sim: &Arc<Sim>, entry: Entry, fault: Fault) -> Self {
        let seq = sim.requests.begin(Entry { outcome: PENDING.into(), at: crate::now_text(), ..entry });
        let request_id = crate::request_id(sim.config.seed, seq);
        Self { sim: sim.clone(), seq, fault, request_id, ended: false }
    }

    /// The fault that struck, or one without effects.
    pub fn fault(&self) -> &Fault {
        &self.fault
    }

    /// The provider's id of this request.
    pub fn request_id(&self) -> &str {
        &self.request_id
    }

    /// The call's number, unique in this simulator.
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// Logs that work is done from here on that the provider would charge for. A task is kept before: a simulator that
    /// is killed in between has a task that its log does not know, never the log of a task that it lost.
    pub fn accept(&self, task_id: Option<&str>) {
        self.note(|entry| {
            entry.accepted = true;
            entry.task_id = task_id.map(str::to_owned).or(entry.task_id.take());
        });
    }

    /// Usage with the fault's fields written over it.
    pub fn usage(&self, mut usage: Value) -> Value {
        if let (Some(wrong), Some(fields)) = (&self.fault.wrong_usage, usage.as_object_mut()) {
            fields.extend(wrong.clone());
        }
        usage
    }

    /// What the fault does before any work: delays, then hangs, refuses or garbles.
    pub async fn strike(&mut self, streams: bool, shape: ErrorShape) -> Option<Response> {
        tokio::time::sleep(std::time::Duration::from_millis(self.fault.delay_ms)).await;
        if self.fault.hang {
            self.end("hung", None);
            tokio::time::sleep(HANG_LIMIT).await;
            return Some(dropped());
        }
        if let Some(status) = self.fault.status {
            let phrase = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
            let code = self.fault.code.clone().unwrap_or_else(|| phrase.unwrap_or("Error").replace(' ', ""));
            let message = self.fault.message.clone().unwrap_or_else(|| format!("The request failed: {code}."));
            let refusal = Refusal { retry_after: self.fault.retry_after, ..Refusal::new(status, code, message) };
            return Some(self.refuse(&refusal, shape));
        }
        if self.fault.garbage {
            self.end("answered", Some(200));
            return Some(garbage(streams, &self.request_id));
        }
        None
    }

    /// Answers with an error in the provider's shape.
    pub fn refuse(&mut self, refusal: &Refusal, shape: ErrorShape) -> Response {
        self.end("answered", Some(refusal.status));
        let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, axum::Json(shape(refusal, &self.request_id))).into_response();
        let headers = response.headers_mut();
        if let Some(seconds) = refusal.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Ok(code) = HeaderValue::from_str(&refusal.code) {
            headers.insert("x-error-code", code);
        }
        with_request_id(response, &self.request_id)
    }

    /// Waits and answers, unless the fault loses or cuts the answer.
    pub async fn answer(mut self, answer: Answer) -> Response {
        if self.fault.lose_answer {
            self.wait_for(&answer).await;
            self.end("lost", None);
            return dropped();
        }
        match answer {
            Answer::Json { after_ms, body } => {
                self.sim.clock.sleep(after_ms).await;
                self.whole(body.to_string())
            }
            Answer::Events(events) => self.events(events),
            Answer::File { content_type, bytes } => {
                self.end("answered", Some(200));
                with_request_id(([(header::CONTENT_TYPE, content_type)], bytes).into_response(), &self.request_id)
            }
            Answer::Nothing => {
                self.end("answered", Some(204));
                with_request_id(StatusCode::NO_CONTENT.into_response(), &self.request_id)
            }
        }
    }

    async fn wait_for(&self, answer: &Answer) {
        let after_ms = match answer {
            Answer::Json { after_ms, .. } => *after_ms,
            Answer::Events(events) => events.iter().map(|event| event.after_ms).sum(),
            Answer::File { .. } | Answer::Nothing => 0,
        };
        self.sim.clock.sleep(after_ms).await;
    }

    fn whole(mut self, text: String) -> Response {
        let json = [(header::CONTENT_TYPE, "application/json; charset=utf-8")];
        if self.fault.cut_after_chunks.is_none() {
            self.end("answered", Some(200));
            return with_request_id((json, text).into_response(), &self.request_id);
        }
        self.end("cut", Some(200));
        let half = Bytes::copy_from_slice(&text.as_bytes()[..text.len() / 2]);
        let pieces = stream::iter([Ok(half)]).chain(stream::once(cut()));
        with_request_id((json, Body::from_stream(pieces)).into_response(), &self.request_id)
    }

    fn events(self, events: Vec<Event>) -> Response {
        self.note(|entry| entry.status = Some(200));
        let request_id = self.request_id.clone();
        let body = Body::from_stream(stream::unfold((self, events.into_iter(), 0), next_event));
        let headers = [(header::CONTENT_TYPE, "text/event-stream; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")];
        with_request_id((headers, body).into_response(), &request_id)
    }

    fn end(&mut self, outcome: &str, status: Option<u16>) {
        self.ended = true;
        self.note(|entry| {
            entry.outcome = outcome.into();
            entry.ended_at = Some(crate::now_text());
            entry.status = status;
        });
    }

    fn note(&self, change: impl FnOnce(&mut Entry)) {
        if let Some(entry) = self.sim.requests.update(self.seq, change) {
            self.sim.record("request", &self.seq.to_string(), serde_json::to_value(entry).unwrap_or_default());
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if !self.ended {
            self.note(|entry| {
                entry.outcome = "client_gone".into();
                entry.ended_at = Some(crate::now_text());
            });
        }
    }
}

type Streaming = (Call, std::vec::IntoIter<Event>, usize);

async fn next_event((mut call, mut events, sent): Streaming) -> Option<(std::io::Result<Bytes>, Streaming)> {
    if call.ended {
        return None;
    }
    if call.fault.cut_after_chunks == Some(sent) {
        call.end("cut", Some(200));
        return Some((cut().await, (call, events, sent)));
    }
    let Some(event) = events.next() else {
        call.end("answered", Some(200));
        return None;
    };
    call.sim.clock.sleep(event.after_ms).await;
    if events.len() == 0 && call.fault.cut_after_chunks.is_none() {
        call.end("answered", Some(200));
    }
    Some((Ok(Bytes::from(format!("data: {}\n\n", event.data))), (call, events, sent + 1)))
}

/// Ends a body in the middle, once what was sent before has left.
async fn cut() -> std::io::Result<Bytes> {
    tokio::time::sleep(CUT_PAUSE).await;
    Err(std::io::Error::other("cut by a fault"))
}

/// A response that the server turns into a dropped connection.
fn dropped() -> Response {
    let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
    response.extensions_mut().insert(DropConnection);
    response
}

fn garbage(streams: bool, request_id: &str) -> Response {
    let (kind, text) = match streams {
        true => ("text/event-stream; charset=utf-8", "data: {\"id\":\"02\",\"choices\":[{\"del\n\n"),
        false => ("application/json; charset=utf-8", "<html>{\"id\": \"02"),
    };
    with_request_id(([(header::CONTENT_TYPE, kind)], text).into_response(), request_id)
}

fn with_request_id(mut response: Response, request_id: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(request_id) {
        response.headers_mut().insert("x-request-id", value);
    }
    response
}
