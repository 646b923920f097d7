//! One call over HTTP: headers, JSON, and what a lost connection means. It decides no parameter.

use bytes::Bytes;
use reqwest::{
    Method,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue},
};
use secrecy::ExposeSecret;
use serde_json::Value;

use super::{
    Ark,
    verdicts::{Refused, judge, words},
};
use crate::{Call, Endpoint, HttpError, UpstreamError, Verdict, code, http::Body};

/// What is at stake when an answer is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Upstream works, and charges, before it answers.
    Paid,
    /// Upstream takes work that it charges later, and answers at once.
    PaidLater,
    /// Nothing.
    Read,
}

impl Work {
    /// What becomes of the attempt when nobody knows whether the request was taken.
    pub const fn fate_when_lost(self) -> Verdict {
        match self {
            Self::Paid | Self::PaidLater => Verdict::Unknown,
            Self::Read => Verdict::Retry,
        }
    }
}

/// A request to one path of the endpoint.
pub struct Request<'a> {
    pub method: Method,
    /// With its leading slash.
    pub path: String,
    pub query: Vec<(&'static str, String)>,
    pub body: Option<&'a Value>,
    /// The attempt.
    pub client_request_id: Option<&'a str>,
    pub work: Work,
}

impl<'a> Request<'a> {
    /// Sends the body of a call.
    pub fn post(path: &str, call: &'a Call, body: &'a Value, work: Work) -> Self {
        let client_request_id = Some(call.attempt_id.as_str());
        Self {
            method: Method::POST,
            path: path.to_owned(),
            query: Vec::new(),
            body: Some(body),
            client_request_id,
            work,
        }
    }

    /// Reads.
    pub fn get(path: String, query: Vec<(&'static str, String)>) -> Self {
        Self { method: Method::GET, path, query, body: None, client_request_id: None, work: Work::Read }
    }
}

impl Ark {
    /// Sends a request; anything but a success is an error.
    pub(super) async fn send(&self, endpoint: &Endpoint, request: Request<'_>) -> Result<Body, UpstreamError> {
        let key = endpoint.key.expose_secret();
        let Ok(mut bearer) = HeaderValue::from_str(&format!("Bearer {key}")) else {
            return Err(UpstreamError {
                key_action: crate::KeyAction::DisableKey,
                ..UpstreamError::ours(Verdict::Retry, code::AUTH, words(code::AUTH))
            });
        };
        bearer.set_sensitive(true);
        let url = format!("{}{}", endpoint.base_url.trim_end_matches('/'), request.path);
        let mut sending = self.http.request(request.method, &url).header(AUTHORIZATION, bearer).query(&request.query);
        if let Some(id) = request.client_request_id {
            sending = sending.header("X-Client-Request-Id", id);
        }
        if let Some(body) = request.body {
            sending = sending.header(CONTENT_TYPE, "application/json").body(body.to_string());
        }
        sending = sending.header(ACCEPT, "application/json, text/event-stream");
        let answer = self.http.send(sending, request.work == Work::Paid).await;
        let answer = answer.map_err(|error| lost(&error, request.work))?;
        if (200..300).contains(&answer.status()) { Ok(answer) } else { Err(refusal(answer, key, request.work).await) }
    }

    /// Sends a request and reads a JSON object.
    pub(super) async fn json(&self, endpoint: &Endpoint, request: Request<'_>) -> Result<Value, UpstreamError> {
        let work = request.work;
        let body = self.send(endpoint, request).await?.whole().await.map_err(|error| lost(&error, work))?;
        object(&body).ok_or_else(|| UpstreamError { status: Some(200), ..malformed(work) })
    }
}

fn object(bytes: &Bytes) -> Option<Value> {
    serde_json::from_slice(bytes).ok().filter(Value::is_object)
}

async fn refusal(answer: Body, key: &str, work: Work) -> UpstreamError {
    let status = Some(answer.status());
    let retry_after = answer.header("retry-after").map(str::to_owned);
    let body = answer.whole().await.ok().and_then(|bytes| object(&bytes)).unwrap_or_default();
    let error = body.get("error").filter(|error| error.is_object());
    judge(&Refused { status, error, retry_after: retry_after.as_deref(), work }, key)
}

/// A success that can't be read: paid work may have been done.
pub fn malformed(work: Work) -> UpstreamError {
    UpstreamError::ours(work.fate_when_lost(), code::MALFORMED, words(code::MALFORMED))
}

/// What a failure on the way means.
pub fn lost(error: &HttpError, work: Work) -> UpstreamError {
    let code = match error {
        HttpError::Timeout => code::TIMEOUT,
        HttpError::TooLarge(_) => code::MALFORMED,
        _ => code::UNAVAILABLE,
    };
    let fate = if error.is_before_sending() { Verdict::Retry } else { work.fate_when_lost() };
    tracing::debug!(%error, code, "a call to the provider did not arrive or did not come back");
    UpstreamError::ours(fate, code, words(code))
}

/// The parameters of a call as an object to change, with the upstream's model.
pub fn body_of(call: &Call) -> Result<serde_json::Map<String, Value>, UpstreamError> {
    let Value::Object(params) = &call.params else {
        let why = "The parameters are not a JSON object.";
        return Err(UpstreamError::ours(Verdict::Fail, code::INVALID_REQUEST, why));
    };
    let mut body = params.clone();
    body.retain(|_, value| !value.is_null());
    body.insert("model".to_owned(), call.upstream_model.clone().into());
    Ok(body)
}
