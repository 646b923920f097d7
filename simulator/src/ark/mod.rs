//! Volcengine Ark as its SDK and documentation show it: chat, images, video tasks, embeddings, models.
//! Null fields count as absent. Keys that begin with `sim` are good; `sim-a-1` and `sim-a-2` belong to one account, `sim-a`.

mod catalog;
mod chat;
mod embeddings;
mod fields;
mod image_sizes;
mod images;
mod messages;
mod models;
mod refusal;
mod replies;
mod tasks;
mod video_ageing;
mod video_content;
mod video_create;
mod video_models;
mod video_params;
mod video_queries;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use axum::routing::{get, post};
use bytes::Bytes;
use serde_json::Value;

use crate::Sim;
use crate::calls::{Answer, Call, Refusal};
use crate::requests::Entry;

pub use tasks::Ark;
pub use video_ageing::resume;

/// The largest body, as the provider's limit for video inputs.
const MAX_BODY: usize = 64 << 20;

/// All of Ark's paths; callers are the gateway and Ark's own SDK.
pub fn routes() -> Router<Arc<Sim>> {
    let tasks = get(video_queries::list).post(video_create::create);
    let task = get(video_queries::get).delete(video_queries::delete);
    Router::new()
        .route("/ark/api/v3/chat/completions", post(chat::complete))
        .route("/ark/api/v3/images/generations", post(images::generate))
        .route("/ark/api/v3/contents/generations/tasks", tasks)
        .route("/ark/api/v3/contents/generations/tasks/{id}", task)
        .route("/ark/api/v3/embeddings", post(embeddings::texts))
        .route("/ark/api/v3/embeddings/multimodal", post(embeddings::multimodal))
        .route("/ark/api/v3/models", get(models::list))
        .layer(DefaultBodyLimit::max(MAX_BODY))
}

/// A request as the routes hand it over.
pub struct Incoming {
    method: Method,
    uri: axum::http::Uri,
    headers: HeaderMap,
    body: Bytes,
}

impl<S: Send + Sync> axum::extract::FromRequest<S> for Incoming {
    type Rejection = Response;

    async fn from_request(request: axum::extract::Request, state: &S) -> Result<Self, Response> {
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let headers = request.headers().clone();
        match Bytes::from_request(request, state).await {
            Ok(body) => Ok(Self { method, uri, headers, body }),
            Err(_) => {
                let refusal = refusal::invalid("body", "it is larger than 64 MB or did not arrive whole");
                let id = crate::request_id(0, 0);
                let status = axum::http::StatusCode::PAYLOAD_TOO_LARGE;
                Err(axum::response::IntoResponse::into_response((status, axum::Json(refusal::shape(&refusal, &id)))))
            }
        }
    }
}

impl Incoming {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    fn key(&self) -> &str {
        self.header("authorization").and_then(|value| value.strip_prefix("Bearer ")).unwrap_or("").trim()
    }

    /// The host that the caller used, for links.
    fn host(&self) -> &str {
        self.header("host").unwrap_or("127.0.0.1")
    }

    fn entry(&self, op: &str, body: &Value, task_id: Option<&str>) -> Entry {
        let key = self.key();
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let tail = key.char_indices().rev().nth(5).map_or(key, |(start, _)| &key[start..]);
        Entry {
            provider: "ark".into(),
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

/// What a handler works with once the key is good and the body is JSON.
pub struct Work<'a> {
    sim: &'a Arc<Sim>,
    call: &'a Call,
    incoming: &'a Incoming,
    body: &'a Value,
    account: &'a str,
}

/// The account that a key belongs to: the key without its last part.
fn account(key: &str) -> &str {
    key.rsplit_once('-').map_or(key, |(account, _)| account)
}

/// One call through its phases; `work` refuses or makes the answer.
async fn run(
    State(sim): State<Arc<Sim>>,
    incoming: Incoming,
    op: &str,
    task_id: Option<&str>,
    work: impl FnOnce(Work<'_>) -> Result<Answer, Refusal>,
) -> Response {
    let parsed = match incoming.body.is_empty() {
        true => Ok(Value::Null),
        false => serde_json::from_slice::<Value>(&incoming.body),
    };
    let body = parsed.as_ref().unwrap_or(&Value::Null);
    let entry = incoming.entry(op, body, task_id);
    if !incoming.key().starts_with("sim") {
        return Call::arrive_unstruck(&sim, entry).refuse(&refusal::bad_key(incoming.key()), refusal::shape);
    }
    let mut call = Call::arrive(&sim, entry, incoming.key());
    if let Some(response) = call.strike(body["stream"] == true, refusal::shape).await {
        return response;
    }
    let answer = match &parsed {
        Err(error) => Err(refusal::invalid("body", &format!("it is not JSON: {error}"))),
        Ok(Value::Object(_) | Value::Null) => {
            work(Work { sim: &sim, call: &call, incoming: &incoming, body, account: account(incoming.key()) })
        }
        Ok(_) => Err(refusal::invalid("body", "it is not a JSON object")),
    };
    match answer {
        Ok(answer) => call.answer(answer).await,
        Err(refused) => call.refuse(&refused, refusal::shape),
    }
}
