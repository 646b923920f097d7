//! One call over HTTP: headers, body, and what a lost connection means. The same for every provider; what a refusal means
//! is the provider's own table. It decides no parameter and never tries again.

use bytes::Bytes;
use reqwest::{
    Method,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue},
    multipart::Form,
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::{
    Call, Endpoint, HttpError, KeyAction, Trusted, UpstreamError, Verdict, code,
    http::Body,
    refusal::{Refused, words},
};

/// How keys are sent.
const SCHEME: &str = "Bearer ";

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

/// How a provider's refusals are judged; the key is given so that it can be kept out of messages.
pub type Judge = fn(&Refused<'_>, key: &str) -> UpstreamError;

/// A provider over HTTP: bearer keys, JSON answers, errors under `error`.
#[derive(Clone, Debug)]
pub struct Wire {
    http: Trusted,
    judge: Judge,
    headers: &'static [(&'static str, &'static str)],
}

/// What goes up with a request.
pub enum Payload<'a> {
    /// Nothing.
    Nothing,
    /// JSON.
    Json(&'a Value),
    /// Fields and files.
    Form(Form),
}

/// A request to one path of the endpoint.
pub struct Request<'a> {
    pub method: Method,
    /// With its leading slash.
    pub path: String,
    pub query: Vec<(&'static str, String)>,
    pub payload: Payload<'a>,
    /// The attempt.
    pub client_request_id: Option<&'a str>,
    pub work: Work,
}

impl<'a> Request<'a> {
    /// Sends the body of a call.
    pub fn post(path: &str, call: &'a Call, body: &'a Value, work: Work) -> Self {
        Self::posting(path, call, Payload::Json(body), work)
    }

    /// Sends the fields and files of a call.
    pub fn form(path: &str, call: &'a Call, form: Form, work: Work) -> Self {
        Self::posting(path, call, Payload::Form(form), work)
    }

    fn posting(path: &str, call: &'a Call, payload: Payload<'a>, work: Work) -> Self {
        let client_request_id = Some(call.attempt_id.as_str());
        Self { method: Method::POST, path: path.to_owned(), query: Vec::new(), payload, client_request_id, work }
    }

    /// Reads.
    pub fn get(path: String, query: Vec<(&'static str, String)>) -> Self {
        let payload = Payload::Nothing;
        Self { method: Method::GET, path, query, payload, client_request_id: None, work: Work::Read }
    }

    /// Deletes or cancels, which can be repeated.
    pub fn delete(path: String, payload: Payload<'a>) -> Self {
        let (method, query) = (Method::DELETE, Vec::new());
        Self { method, path, query, payload, client_request_id: None, work: Work::Read }
    }
}

impl Wire {
    /// A provider whose refusals mean what `judge` says, with the headers that go with every call.
    pub fn new(http: &Trusted, judge: Judge, headers: &'static [(&'static str, &'static str)]) -> Self {
        Self { http: http.clone(), judge, headers }
    }

    /// How this provider's refusals are judged.
    pub const fn judge(&self) -> Judge {
        self.judge
    }

    /// Sends a request; anything but a success is an error.
    pub async fn send(&self, endpoint: &Endpoint, request: Request<'_>) -> Result<Body, UpstreamError> {
        let bearer = bearer(&endpoint.key)?;
        let url = format!("{}{}", endpoint.base_url.trim_end_matches('/'), request.path);
        let mut sending = self.http.request(request.method, &url).header(AUTHORIZATION, bearer).query(&request.query);
        for (name, value) in self.headers {
            sending = sending.header(*name, *value);
        }
        if let Some(id) = request.client_request_id {
            sending = sending.header("X-Client-Request-Id", id);
        }
        sending = sending.header(ACCEPT, "application/json, text/event-stream");
        sending = match request.payload {
            Payload::Nothing => sending,
            Payload::Json(body) => sending.header(CONTENT_TYPE, "application/json").body(body.to_string()),
            Payload::Form(form) => sending.multipart(form),
        };
        let answer = self.http.send(sending, request.work == Work::Paid).await;
        let answer = answer.map_err(|error| lost(&error, request.work))?;
        match answer.status() {
            200..300 => Ok(answer),
            _ => Err(self.refusal(answer, endpoint, request.work).await),
        }
    }

    /// Sends a request and reads a JSON object.
    pub async fn json(&self, endpoint: &Endpoint, request: Request<'_>) -> Result<Value, UpstreamError> {
        let work = request.work;
        let body = self.send(endpoint, request).await?.whole().await.map_err(|error| lost(&error, work))?;
        object(&body).ok_or_else(|| UpstreamError { status: Some(200), ..malformed(work) })
    }

    async fn refusal(&self, answer: Body, endpoint: &Endpoint, work: Work) -> UpstreamError {
        let status = Some(answer.status());
        let retry_after = answer.header("retry-after").map(str::to_owned);
        let body = answer.whole().await.ok().and_then(|bytes| object(&bytes)).unwrap_or_default();
        let error = body.get("error").filter(|error| !error.is_null());
        let refused = Refused { status, error, retry_after: retry_after.as_deref(), work };
        (self.judge)(&refused, endpoint.key.expose_secret())
    }
}

/// The header itself lives as long as its request, and shows in no log; what it is made of is wiped.
fn bearer(key: &SecretString) -> Result<HeaderValue, UpstreamError> {
    let key = key.expose_secret();
    let mut text = Zeroizing::new(String::with_capacity(SCHEME.len() + key.len()));
    text.push_str(SCHEME);
    text.push_str(key);
    let Ok(mut bearer) = HeaderValue::from_str(&text) else {
        let refused = UpstreamError::ours(Verdict::Retry, code::AUTH, words(code::AUTH));
        return Err(UpstreamError { key_action: KeyAction::DisableKey, ..refused });
    };
    bearer.set_sensitive(true);
    Ok(bearer)
}

fn object(bytes: &Bytes) -> Option<Value> {
    serde_json::from_slice(bytes).ok().filter(Value::is_object)
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

/// The parameters of a call as an object to change, with the upstream's model. Null is absent.
pub fn body_of(call: &Call) -> Result<Map<String, Value>, UpstreamError> {
    let Value::Object(params) = &call.params else {
        let why = "The parameters are not a JSON object.";
        return Err(UpstreamError::ours(Verdict::Fail, code::INVALID_REQUEST, why));
    };
    let mut body = params.clone();
    body.retain(|_, value| !value.is_null());
    body.insert("model".to_owned(), call.upstream_model.clone().into());
    Ok(body)
}
