//! A request as a provider's routes take it, and one call through its phases. What differs between providers is a `Dialect`.
//!
//! Keys that begin with `sim` are good; `sim-a-1` and `sim-a-2` belong to one account, `sim-a`. It knows no provider's fields.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use bytes::Bytes;
use serde_json::Value;

use crate::Sim;
use crate::calls::{Answer, Call, ErrorShape, Refusal};
use crate::requests::Entry;

/// How a provider speaks.
#[derive(Debug)]
pub struct Dialect {
    /// Its name in the request log and in faults.
    pub provider: &'static str,
    /// How it writes errors.
    pub shape: ErrorShape,
    /// Its refusal of a key.
    pub bad_key: fn(&str) -> Refusal,
    /// Its refusal of a body that can't be read.
    pub bad_body: fn(&str) -> Refusal,
}

/// A request as the routes hand it over.
#[derive(Debug)]
pub struct Incoming {
    method: Method,
    /// The path and query.
    pub uri: Uri,
    headers: HeaderMap,
    /// None when it was too large or did not arrive whole.
    body: Option<Bytes>,
}

impl<S: Send + Sync> FromRequest<S> for Incoming {
    type Rejection = Infallible;

    async fn from_request(request: Request, state: &S) -> Result<Self, Infallible> {
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let headers = request.headers().clone();
        let body = Bytes::from_request(request, state).await.ok();
        Ok(Self { method, uri, headers, body })
    }
}

impl Incoming {
    /// A header, when it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The API key, or nothing.
    pub fn key(&self) -> &str {
        self.header("authorization").and_then(|value| value.strip_prefix("Bearer ")).unwrap_or("").trim()
    }

    /// The host that the caller used, for links.
    pub fn host(&self) -> &str {
        self.header("host").unwrap_or("127.0.0.1")
    }

    /// The body's bytes, or the provider's refusal of a body that did not come through.
    pub fn bytes(&self, dialect: &Dialect) -> Result<&Bytes, Refusal> {
        let missing = || Refusal { status: 413, ..(dialect.bad_body)("it is too large or did not arrive whole") };
        self.body.as_ref().ok_or_else(missing)
    }

    /// The body as a JSON object, or null when there is none.
    pub fn json(&self, dialect: &Dialect) -> Result<Value, Refusal> {
        let bytes = self.bytes(dialect)?;
        if bytes.is_empty() {
            return Ok(Value::Null);
        }
        match serde_json::from_slice(bytes) {
            Ok(body @ (Value::Object(_) | Value::Null)) => Ok(body),
            Ok(_) => Err((dialect.bad_body)("it is not a JSON object")),
            Err(error) => Err((dialect.bad_body)(&format!("it is not JSON: {error}"))),
        }
    }

    fn entry(&self, provider: &str, op: &str, body: &Value, task_id: Option<&str>) -> Entry {
        let key = self.key();
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let tail = key.char_indices().rev().nth(5).map_or(key, |(start, _)| &key[start..]);
        Entry {
            provider: provider.into(),
            op: op.into(),
            method: self.method.to_string(),
            path: self.uri.to_string(),
            key: tail.into(),
            model: text(&body["model"]),
            client_request_id: self.header("x-client-request-id").map(str::to_owned),
            safety_identifier: text(&body["safety_identifier"]).or_else(|| text(&body["user"])),
            task_id: task_id.map(str::to_owned),
            ..Entry::default()
        }
    }
}

/// What a handler works with once the key is good and the body can be read.
pub struct Work<'a> {
    /// Everything that the routes share.
    pub sim: &'a Arc<Sim>,
    /// The call under way.
    pub call: &'a Call,
    /// The request.
    pub incoming: &'a Incoming,
    /// Its body.
    pub body: &'a Value,
    /// Whose key it came with.
    pub account: &'a str,
}

/// What a call asks for, in the request log's words.
pub struct Op<'a> {
    /// `chat`, `images`, `video_create`, …
    pub name: &'a str,
    /// The task that the path names.
    pub task_id: Option<&'a str>,
}

/// One call with a JSON body through its phases; `work` refuses or makes the answer.
pub async fn run(
    dialect: &Dialect,
    sim: &Arc<Sim>,
    incoming: &Incoming,
    op: Op<'_>,
    work: impl FnOnce(Work<'_>) -> Result<Answer, Refusal>,
) -> Response {
    run_on(dialect, sim, incoming, incoming.json(dialect), op, work).await
}

/// The same, with a body that the route has read in its own way.
pub async fn run_on(
    dialect: &Dialect,
    sim: &Arc<Sim>,
    incoming: &Incoming,
    read: Result<Value, Refusal>,
    op: Op<'_>,
    work: impl FnOnce(Work<'_>) -> Result<Answer, Refusal>,
) -> Response {
    let body = read.as_ref().unwrap_or(&Value::Null);
    let entry = incoming.entry(dialect.provider, op.name, body, op.task_id);
    let key = incoming.key();
    if !key.starts_with("sim") {
        return Call::arrive_unstruck(sim, entry).refuse(&(dialect.bad_key)(key), dialect.shape);
    }
    let mut call = Call::arrive(sim, entry, key);
    if let Some(response) = call.strike(body["stream"] == true, dialect.shape).await {
        return response;
    }
    let answer = match &read {
        Err(refusal) => Err(refusal.clone()),
        Ok(body) => work(Work { sim, call: &call, incoming, body, account: account(key) }),
    };
    match answer {
        Ok(answer) => call.answer(answer).await,
        Err(refused) => call.refuse(&refused, dialect.shape),
    }
}

/// The account that a key belongs to: the key without its last part.
fn account(key: &str) -> &str {
    key.rsplit_once('-').map_or(key, |(account, _)| account)
}
