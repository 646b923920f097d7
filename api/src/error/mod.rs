//! The one error of the API, and how what other crates refuse becomes it.
//!
//! A handler returns it; the outermost layer writes the body, since only that knows the request's id. It never repeats
//! a secret, a prompt or the words of the database.

mod code;
mod from;

use std::{borrow::Cow, time::Duration};

use axum::{
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header::RETRY_AFTER},
    response::{IntoResponse, Response},
};
pub use code::ErrorCode;
use domain::capability::LintIssue;
use serde_json::{Value, json};

/// The longest wait that we advise: clients give up on more.
pub const RETRY_AFTER_MAX: Duration = Duration::from_secs(120);
/// Tells SDKs whether to send the same request again by themselves.
pub const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");

/// Why a request was not done.
#[derive(Clone, Debug)]
pub struct ApiError {
    /// What is answered with.
    pub status: StatusCode,
    /// Which of the stable codes.
    pub code: ErrorCode,
    /// A sentence for people.
    pub message: Cow<'static, str>,
    /// The parameter at fault, as a path with dots.
    pub param: Option<String>,
    /// Facts that go with the code, such as amounts.
    pub details: Option<Box<Value>>,
    /// When to come back.
    pub retry_after: Option<Duration>,
    /// Further headers of the answer.
    pub headers: Box<HeaderMap>,
}

/// What a handler answers.
pub type ApiResult<T> = Result<T, ApiError>;

impl ApiError {
    /// Whether whoever filled in a form may mend it and send it again.
    #[must_use]
    pub fn is_correctable(&self) -> bool {
        matches!(self.status, StatusCode::UNPROCESSABLE_ENTITY | StatusCode::CONFLICT)
    }

    /// An error with the status of its code.
    #[must_use]
    pub fn new(code: ErrorCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status: code.status(),
            code,
            message: message.into(),
            param: None,
            details: None,
            retry_after: None,
            headers: Box::default(),
        }
    }

    /// There is no such thing, or it belongs to somebody else: which of both is never said.
    #[must_use]
    pub fn not_found(what: &str) -> Self {
        Self::new(ErrorCode::NotFound, format!("there is no such {what}"))
    }

    /// A parameter is wrong.
    #[must_use]
    pub fn parameter(param: &str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::InvalidParameter, message).of(param)
    }

    /// A capability can't be published: the message says the first reason, the details all of them.
    #[must_use]
    pub fn unfit(issues: &[LintIssue]) -> Self {
        let first = issues.first().map_or_else(String::new, |issue| format!(": {issue}"));
        let message = format!("the capability can't be published{first}");
        Self::new(ErrorCode::CapabilityUnfit, message).with_details(json!({ "issues": issues }))
    }

    /// A defect of ours. What happened goes to the log only.
    #[must_use]
    pub fn internal(cause: &dyn std::fmt::Display) -> Self {
        tracing::error!(%cause, "a request met a defect");
        Self::new(ErrorCode::Internal, "something went wrong on our side; the request id helps to find it")
    }

    /// A part that is needed is out of reach. Which one goes to the answer, why to the log only.
    #[must_use]
    pub fn unavailable(part: &str, cause: &dyn std::fmt::Display) -> Self {
        tracing::warn!(%cause, part, "a part is out of reach");
        Self::new(ErrorCode::Unavailable, format!("{part} is out of reach; try again in a moment"))
            .after(Duration::from_secs(1))
    }

    /// The parameter at fault.
    #[must_use]
    pub fn of(mut self, param: &str) -> Self {
        self.param = Some(param.to_owned());
        self
    }

    /// Facts that go with the code.
    #[must_use]
    pub fn with_details(mut self, details: Value) -> Self {
        self.details = Some(Box::new(details));
        self
    }

    /// When to come back, in whole seconds from one up.
    #[must_use]
    pub fn after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait.min(RETRY_AFTER_MAX));
        self
    }

    /// A further header of the answer.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// The same error as an OpenAI-compatible route answers it: bad parameters are 400 there.
    #[must_use]
    pub fn openai(mut self) -> Self {
        let bad_params =
            [ErrorCode::InvalidParameter, ErrorCode::QuoteInvalid, ErrorCode::QuoteMismatch, ErrorCode::QuoteExpired];
        if bad_params.contains(&self.code) {
            self.status = StatusCode::BAD_REQUEST;
        }
        self
    }

    /// The body, for an answer or as an event within a stream.
    #[must_use]
    pub fn body(&self, request_id: &str) -> Value {
        let mut error = json!({
            "message": self.message,
            "type": self.code.kind(),
            "code": self.code.name(),
            "param": self.param,
            "request_id": request_id,
        });
        if let Some(details) = &self.details {
            error["details"] = (**details).clone();
        }
        json!({ "error": error })
    }

    /// The whole answer.
    #[must_use]
    pub fn render(self, request_id: &str) -> Response {
        let mut response = (self.status, axum::Json(self.body(request_id))).into_response();
        self.add_headers(response.headers_mut());
        response
    }

    /// The headers that go with it, on whatever body.
    pub fn add_headers(&self, headers: &mut HeaderMap) {
        headers.extend((*self.headers).clone());
        if let Some(wait) = self.retry_after {
            headers.insert(RETRY_AFTER, whole_seconds(wait).into());
        }
        if self.code.status() == StatusCode::PAYMENT_REQUIRED {
            headers.insert(SHOULD_RETRY, HeaderValue::from_static("false"));
        }
    }
}

/// Rounded up: who comes back earlier is refused again.
pub(crate) fn whole_seconds(wait: Duration) -> u64 {
    (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1)
}

/// The body follows when the request's id is known.
impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_has_the_documented_fields() {
        let error = ApiError::parameter("size", "size is too large").with_details(json!({"most": 4}));
        let expected = json!({"error": {
            "message": "size is too large", "type": "invalid_request_error", "code": "invalid_parameter",
            "param": "size", "request_id": "req_1", "details": {"most": 4},
        }});
        assert_eq!(error.body("req_1"), expected);
        assert_eq!(error.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(error.openai().status, StatusCode::BAD_REQUEST);
    }

    #[test]
    fn waits_are_whole_seconds_and_bounded() {
        let error = ApiError::new(ErrorCode::RateLimited, "slowly").after(Duration::from_millis(1_001));
        assert_eq!(error.render("req_1").headers()[RETRY_AFTER], "2");
        let error = ApiError::new(ErrorCode::RateLimited, "slowly").after(Duration::from_secs(9_999));
        assert_eq!(error.render("req_1").headers()[RETRY_AFTER], "120");
    }

    #[test]
    fn no_credits_means_no_retry() {
        let response = ApiError::new(ErrorCode::InsufficientCredits, "no").render("req_1");
        assert_eq!(response.headers()[SHOULD_RETRY], "false");
    }
}
