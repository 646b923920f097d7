//! The outermost layer: gives each request an id, a span and its metrics, and writes the bodies of errors.
//!
//! It never reads a body, and never logs a query string, a cookie or a header but the client's own request id.

use std::{any::Any, convert::Infallible, time::Instant};

use axum::{
    body::HttpBody as _,
    extract::{FromRequestParts, MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header, request::Parts},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use domain::id::RequestId;
use tracing::{Instrument as _, field::Empty};
use uuid::Uuid;

use super::journal::{Answered, Asker, millis};
use crate::{
    error::{ApiError, ErrorCode},
    generation::{COST, JOB_ID},
    state::AppState,
};

/// The id of the request, on every answer.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The client's own id of it, for the logs only.
const CLIENT_REQUEST_ID: &str = "x-client-request-id";
/// The longest client's id that is logged.
const CLIENT_REQUEST_ID_MAX: usize = 128;

/// The id of the request that is being answered.
#[derive(Clone, Debug)]
pub struct RequestContext {
    /// `req_…`
    pub request_id: RequestId,
}

impl<S: Send + Sync> FromRequestParts<S> for RequestContext {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let known = parts.extensions.get::<Self>().cloned();
        Ok(known.unwrap_or_else(|| Self { request_id: RequestId::from_uuid(Uuid::now_v7()) }))
    }
}

/// Answers a request with its id, whatever becomes of it.
pub async fn observe(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let (started, at) = (Instant::now(), state.store.now());
    let context = RequestContext { request_id: RequestId::from_uuid(Uuid::now_v7()) };
    let route = request.extensions().get::<MatchedPath>().map_or("unmatched", MatchedPath::as_str).to_owned();
    let method = request.method().clone();
    let span = tracing::info_span!(
        "request", request_id = %context.request_id, %method, route,
        client_request_id = client_request_id(request.headers()),
        tenant_id = Empty, user_id = Empty, api_key_id = Empty, job_id = Empty,
    );
    request.extensions_mut().insert(context.clone());
    async move {
        let mut response = next.run(request).await;
        let code = response.extensions().get::<ApiError>().map(|error| error.code.name());
        let asker = response.extensions().get::<Asker>().cloned().unwrap_or_default();
        response = finish(response, &method, context.request_id.as_str());
        let id = HeaderValue::from_str(context.request_id.as_str()).expect("an id is ASCII");
        response.headers_mut().insert(REQUEST_ID, id);
        record(&method, route.clone(), response.status(), started);
        let header = |name: &HeaderName| response.headers().get(name)?.to_str().ok().map(str::to_owned);
        let answered = Answered {
            number: 0,
            at,
            request_id: context.request_id.to_string(),
            method: method.to_string(),
            route,
            asker,
            status: response.status().as_u16(),
            code,
            job_id: header(&JOB_ID),
            cost: header(&COST),
            began_ms: millis(started),
            ended_ms: None,
        };
        state.journal.keep(answered, started, response)
    }
    .instrument(span)
    .await
}

/// A panic in a handler becomes an error like any other.
#[must_use]
pub fn on_panic(cause: Box<dyn Any + Send>) -> Response {
    let text = cause.downcast_ref::<String>().map(String::as_str).or(cause.downcast_ref::<&str>().copied());
    ApiError::internal(&text.unwrap_or("a panic without words")).into_response()
}

/// Writes the body of an error, also of those that the framework answered with by itself.
fn finish(mut response: Response, method: &Method, request_id: &str) -> Response {
    if let Some(error) = response.extensions_mut().remove::<ApiError>() {
        return rendered(error, response, request_id);
    }
    let status = response.status();
    let is_error = status.is_client_error() || status.is_server_error();
    if !is_error || *method == Method::HEAD || has_own_body(&response) {
        return response;
    }
    let message = match status {
        StatusCode::NOT_FOUND => "there is nothing at this path",
        StatusCode::METHOD_NOT_ALLOWED => "this path takes other methods",
        StatusCode::PAYLOAD_TOO_LARGE => "the body is too large",
        _ => status.canonical_reason().unwrap_or("the request was refused"),
    };
    let mut error = ApiError::new(ErrorCode::of_status(status), message);
    error.status = status;
    if let Some(allowed) = response.headers_mut().remove(header::ALLOW) {
        error = error.with_header(header::ALLOW, allowed);
    }
    rendered(error, response, request_id)
}

/// The error's own answer, with the headers that layers gave to the one without a body: limits, origins, cookies.
fn rendered(error: ApiError, mut response: Response, request_id: &str) -> Response {
    let mut given = std::mem::take(response.headers_mut());
    given.remove(header::CONTENT_LENGTH);
    given.remove(header::CONTENT_TYPE);
    let mut answer = error.render(request_id);
    let own = std::mem::replace(answer.headers_mut(), given);
    for (name, value) in &own {
        answer.headers_mut().insert(name, value.clone());
    }
    answer
}

/// JSON and pages were written by us; plain text is the framework's.
fn has_own_body(response: &Response) -> bool {
    let content_type = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let framework = content_type.is_none_or(|kind| kind.starts_with("text/plain"));
    !framework && !response.body().is_end_stream()
}

fn client_request_id(headers: &HeaderMap) -> Option<&str> {
    let id = headers.get(CLIENT_REQUEST_ID)?.to_str().ok()?;
    (id.len() <= CLIENT_REQUEST_ID_MAX).then_some(id)
}

/// The name of a method that HTTP knows: a client can make up any number of others, and each would be counted for ever.
fn known(method: &Method) -> &str {
    match *method {
        Method::GET | Method::POST | Method::PUT | Method::PATCH | Method::DELETE | Method::HEAD | Method::OPTIONS => {
            method.as_str()
        }
        _ => "other",
    }
}

fn record(method: &Method, route: String, status: StatusCode, started: Instant) {
    let elapsed = started.elapsed();
    let labels = [("method", known(method).to_owned()), ("route", route), ("status", status.as_u16().to_string())];
    metrics::counter!("zephyr_http_requests_total", &labels).increment(1);
    metrics::histogram!("zephyr_http_request_seconds", &labels).record(elapsed.as_secs_f64());
    tracing::info!(status = status.as_u16(), elapsed_ms = elapsed.as_millis(), "answered");
}
