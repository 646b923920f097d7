//! `POST /v1/chat/completions`, as OpenAI's: a whole answer, or server-sent events as they come from upstream.
//!
//! Unknown fields pass through. A client that goes away mid-stream drops its frames; dispatch does the rest.

use std::{convert::Infallible, time::Duration};

use axum::{
    extract::State,
    http::HeaderMap,
    response::{
        IntoResponse, Response, Sse,
        sse::{Event, KeepAlive},
    },
};
use dispatch::{Answer, ChatFrame, ChatFrames, Finished, Started};
use domain::{Credits, capability::CapabilityKind, id::JobId, unit::OnceKey};
use futures::{Stream, stream};
use serde_json::{Value, json};

use super::{
    idempotency, label,
    prepare::{Asked, Begun, begin, model_and_params},
};
use crate::{
    caller::Caller,
    catalog::deprecation::announce,
    error::{ApiError, ApiResult, ErrorCode},
    request::Json,
    state::AppState,
};

/// The route, as jobs remember it.
pub const ROUTE: &str = "/v1/chat/completions";
/// How often a silent stream shows that it lives.
const PING_EVERY: Duration = Duration::from_secs(15);
/// What a caller reads who took nothing for too long.
const CUT_OFF: &str = "nothing of the stream was taken for too long; the rest of the answer is missing";

/// Answers a chat.
///
/// # Errors
/// As OpenAI's: 400 for parameters, 401, 402, 404, 429, 5xx.
#[utoipa::path(post, path = "/v1/chat/completions", tag = "compatible", request_body = serde_json::Value,
    security(("api_key" = []), ("token" = [])),
    responses((status = 200, description = "A completion, or with `stream` server-sent events."), (status = 402, description = "insufficient_credits")))]
pub async fn create(
    State(state): State<AppState>,
    caller: Caller,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> ApiResult<Response> {
    complete(&state, &caller, &headers, body).await.map_err(ApiError::openai)
}

async fn complete(state: &AppState, caller: &Caller, headers: &HeaderMap, body: Value) -> ApiResult<Response> {
    let once = idempotency::once_key(headers, &caller.tenant_id, ROUTE, &body)?;
    let (model, mut params) = model_and_params(body)?;
    let streamed = params.remove("stream").is_some_and(|stream| stream == Value::Bool(true));
    let asked = Asked::waiting((model.clone(), CapabilityKind::Chat), Value::Object(params), ROUTE, once.clone());
    let asked = asked.quoted(headers)?;
    let (started, params) = match begin(state, caller, asked).await? {
        Begun::Started(started, params) => (*started, params),
        Begun::Replayed(response) => return Ok(response),
    };
    let mut response = if streamed {
        stream_answer(state, started, params, model.clone()).await?
    } else {
        whole_answer(state, started, params, (model.clone(), once)).await?
    };
    announce(state, &model, CapabilityKind::Chat, response.headers_mut());
    Ok(response)
}

async fn whole_answer(
    state: &AppState,
    started: Started,
    params: Value,
    (model, once): (String, Option<OnceKey>),
) -> ApiResult<Response> {
    let job_id = started.job_id().clone();
    let Finished { answer, cost } = state.parts.dispatcher.answer(started, params).await?;
    let Answer::Body(mut body) = answer else { return Err(ApiError::internal(&"a chat answered with images")) };
    name(&mut body, &job_id, &model);
    body["usage"]["cost"] = json!(cost);
    idempotency::keep(state, once.as_ref(), &body).await;
    let mut response = axum::Json(body).into_response();
    label(&mut response, &job_id, Some(cost));
    Ok(response)
}

async fn stream_answer(state: &AppState, started: Started, params: Value, model: String) -> ApiResult<Response> {
    let job_id = started.job_id().clone();
    let frames = state.parts.dispatcher.answer_streamed(started, params).await?;
    let events = events(frames, job_id.clone(), model);
    let keep_alive = KeepAlive::new().interval(PING_EVERY).text("ping");
    let mut response = Sse::new(events).keep_alive(keep_alive).into_response();
    label(&mut response, &job_id, None);
    Ok(response)
}

/// Where a stream of events stands.
struct Streaming {
    frames: ChatFrames,
    job_id: JobId,
    model: String,
    /// The chunk with the usage waits for the cost that goes into it.
    usage: Option<Value>,
    /// What is still to be sent when the answer has ended.
    last: Vec<Event>,
    ended: bool,
}

fn events(frames: ChatFrames, job_id: JobId, model: String) -> impl Stream<Item = Result<Event, Infallible>> {
    let streaming = Streaming { frames, job_id, model, usage: None, last: Vec::new(), ended: false };
    stream::unfold(streaming, |mut streaming| async move {
        let event = streaming.next().await?;
        Some((Ok(event), streaming))
    })
}

impl Streaming {
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.last.pop() {
                return Some(event);
            }
            if self.ended {
                return None;
            }
            match self.frames.recv().await {
                Some(ChatFrame::Chunk(chunk)) => return Some(self.chunk(chunk)),
                Some(ChatFrame::Usage { forced: true, .. }) => {}
                Some(ChatFrame::Usage { chunk, .. }) if chunk["choices"].as_array().is_some_and(Vec::is_empty) => {
                    self.usage = Some(chunk);
                }
                Some(ChatFrame::Usage { chunk, .. }) => return Some(self.chunk(chunk)),
                Some(ChatFrame::Done { cost }) => self.end(cost),
                Some(ChatFrame::Failed(error)) => self.fail(error.into()),
                Some(ChatFrame::CutOff) => self.fail(ApiError::new(ErrorCode::RequestTimeout, CUT_OFF)),
                None => self.fail(ApiError::internal(&"a stream ended without its end")),
            }
        }
    }

    fn chunk(&self, mut chunk: Value) -> Event {
        name(&mut chunk, &self.job_id, &self.model);
        Event::default().data(chunk.to_string())
    }

    fn end(&mut self, cost: Credits) {
        self.ended = true;
        self.last.push(Event::default().data("[DONE]"));
        if let Some(mut usage) = self.usage.take() {
            usage["usage"]["cost"] = json!(cost);
            self.last.push(self.chunk(usage));
        }
    }

    fn fail(&mut self, error: ApiError) {
        self.ended = true;
        self.last.push(Event::default().data(error.body(self.job_id.as_str()).to_string()));
    }
}

/// Ids and names are ours: the job's id, and the public name of the model.
fn name(body: &mut Value, job_id: &JobId, model: &str) {
    body["id"] = json!(job_id);
    body["model"] = json!(model);
}
