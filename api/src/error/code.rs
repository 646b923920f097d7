//! Every stable code that an answer may carry: its name, status, kind and meaning, in one table.
//!
//! The published documentation is made from it. A code is never renamed nor given another meaning.

use axum::http::StatusCode;

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal, $status:ident, $kind:literal;)*) => {
        /// What went wrong, as a stable code.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum ErrorCode { $($(#[doc = $doc])+ $variant),* }

        impl ErrorCode {
            /// All of them, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Its name in JSON.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// The status it is answered with; on OpenAI-compatible routes bad parameters are 400 instead of 422.
            #[must_use]
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$variant => StatusCode::$status),* }
            }

            /// The `type` beside it, in OpenAI's words.
            #[must_use]
            pub const fn kind(self) -> &'static str {
                match self { $(Self::$variant => $kind),* }
            }

            /// What it means, for the documentation.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc),+)),* }
            }
        }
    };
}

codes! {
    /// The body is not JSON.
    InvalidJson = "invalid_json", BAD_REQUEST, "invalid_request_error";
    /// The request can't be understood: a header, the query or the form is malformed.
    InvalidRequest = "invalid_request", BAD_REQUEST, "invalid_request_error";
    /// A parameter is missing, unknown or not allowed; `param` says which.
    InvalidParameter = "invalid_parameter", UNPROCESSABLE_ENTITY, "invalid_request_error";
    /// The body has another content type than this route takes.
    UnsupportedMediaType = "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE, "invalid_request_error";
    /// The body is larger than this route takes.
    PayloadTooLarge = "payload_too_large", PAYLOAD_TOO_LARGE, "invalid_request_error";
    /// The body did not arrive in time, or nothing of a stream was taken in time.
    RequestTimeout = "request_timeout", REQUEST_TIMEOUT, "invalid_request_error";
    /// There is no such thing, or it belongs to somebody else.
    NotFound = "not_found", NOT_FOUND, "invalid_request_error";
    /// There is no such model, or it can't be called now.
    ModelNotFound = "model_not_found", NOT_FOUND, "invalid_request_error";
    /// The capability could be called until its date, which is past; the message and `details` name what to use instead.
    CapabilitySunset = "capability_sunset", GONE, "invalid_request_error";
    /// The capability is not fit to be published; `details` lists what is wrong and where.
    CapabilityUnfit = "capability_unfit", UNPROCESSABLE_ENTITY, "invalid_request_error";
    /// The quote was not made by us.
    QuoteInvalid = "quote_invalid", UNPROCESSABLE_ENTITY, "invalid_request_error";
    /// The quote was made for another tenant, model, capability or other parameters.
    QuoteMismatch = "quote_mismatch", UNPROCESSABLE_ENTITY, "invalid_request_error";
    /// The quote's time is over: ask for a new one.
    QuoteExpired = "quote_expired", UNPROCESSABLE_ENTITY, "invalid_request_error";
    /// The path takes other methods.
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED, "invalid_request_error";
    /// The range lies outside the file.
    RangeNotSatisfiable = "range_not_satisfiable", RANGE_NOT_SATISFIABLE, "invalid_request_error";
    /// Nobody is logged in and no API key was sent.
    Unauthenticated = "unauthenticated", UNAUTHORIZED, "authentication_error";
    /// The API key is unknown, revoked or expired.
    InvalidApiKey = "invalid_api_key", UNAUTHORIZED, "authentication_error";
    /// The session or its token has ended: refresh it or log in again.
    SessionEnded = "session_ended", UNAUTHORIZED, "authentication_error";
    /// The e-mail address or the password is wrong.
    InvalidCredentials = "invalid_credentials", UNAUTHORIZED, "authentication_error";
    /// The caller is known and may not do this.
    Forbidden = "forbidden", FORBIDDEN, "permission_error";
    /// A request with cookies came from another site or lacks its CSRF token.
    CsrfRefused = "csrf_refused", FORBIDDEN, "permission_error";
    /// An admin sees the portal as a tenant does: nothing can be changed until they leave.
    ViewOnly = "view_only", FORBIDDEN, "permission_error";
    /// The API key is not allowed to use this model.
    ModelNotAllowed = "model_not_allowed", FORBIDDEN, "permission_error";
    /// The tenant or the person is suspended.
    Suspended = "suspended", FORBIDDEN, "permission_error";
    /// The account takes no new work until an operator unfreezes it.
    AccountFrozen = "account_frozen", FORBIDDEN, "permission_error";
    /// Not enough credits are available; `details` says what is available and what is merely held.
    InsufficientCredits = "insufficient_credits", PAYMENT_REQUIRED, "insufficient_quota";
    /// A budget of the API key or of the tenant leaves too little; `details` says which, and when it begins anew.
    BudgetExceeded = "budget_exceeded", PAYMENT_REQUIRED, "insufficient_quota";
    /// The e-mail address is registered already.
    EmailTaken = "email_taken", CONFLICT, "invalid_request_error";
    /// The state of the thing does not allow it now.
    Conflict = "conflict", CONFLICT, "invalid_request_error";
    /// There are as many of them as there may be.
    LimitReached = "limit_reached", CONFLICT, "invalid_request_error";
    /// The first request with this idempotency key is still being worked on.
    IdempotencyInFlight = "idempotency_in_flight", CONFLICT, "invalid_request_error";
    /// The idempotency key was used for another request.
    IdempotencyKeyReused = "idempotency_key_reused", UNPROCESSABLE_ENTITY, "invalid_request_error";
    /// Too many tries to log in; `Retry-After` says when to come back.
    RateLimited = "rate_limited", TOO_MANY_REQUESTS, "rate_limit_error";
    /// A limit of the API key or of the tenant is reached; `Retry-After` says when to come back.
    RateLimitExceeded = "rate_limit_exceeded", TOO_MANY_REQUESTS, "rate_limit_error";
    /// The provider's filter refused the input or the output.
    ContentRefused = "content_refused", BAD_REQUEST, "invalid_request_error";
    /// The provider refused the request or failed.
    UpstreamFailed = "upstream_failed", BAD_GATEWAY, "api_error";
    /// The provider did not answer in time.
    UpstreamTimeout = "upstream_timeout", GATEWAY_TIMEOUT, "api_error";
    /// No key of the provider can take the request now.
    NoHealthyKey = "no_healthy_key", SERVICE_UNAVAILABLE, "api_error";
    /// All keys of the provider stayed busy for as long as a request waits; `Retry-After` says when to come back.
    ProviderBusy = "provider_busy", TOO_MANY_REQUESTS, "rate_limit_error";
    /// More work waits than is taken; come back after a moment.
    Overloaded = "overloaded", SERVICE_UNAVAILABLE, "api_error";
    /// A part that is needed is out of reach; nothing is known to be wrong with the request.
    Unavailable = "unavailable", SERVICE_UNAVAILABLE, "api_error";
    /// A defect on our side; the request id helps to find it.
    Internal = "internal", INTERNAL_SERVER_ERROR, "api_error";
}

impl ErrorCode {
    /// Whether the very same request may succeed a little later.
    #[must_use]
    pub const fn is_retryable(self) -> bool {
        matches!(
            self,
            Self::RequestTimeout
                | Self::IdempotencyInFlight
                | Self::RateLimited
                | Self::RateLimitExceeded
                | Self::UpstreamFailed
                | Self::UpstreamTimeout
                | Self::NoHealthyKey
                | Self::ProviderBusy
                | Self::Overloaded
                | Self::Unavailable
                | Self::Internal
        )
    }

    /// The code for a status that the framework answered with by itself.
    #[must_use]
    pub fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::NOT_FOUND => Self::NotFound,
            StatusCode::METHOD_NOT_ALLOWED => Self::MethodNotAllowed,
            StatusCode::PAYLOAD_TOO_LARGE => Self::PayloadTooLarge,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Self::UnsupportedMediaType,
            StatusCode::REQUEST_TIMEOUT => Self::RequestTimeout,
            StatusCode::RANGE_NOT_SATISFIABLE => Self::RangeNotSatisfiable,
            StatusCode::SERVICE_UNAVAILABLE => Self::Unavailable,
            status if status.is_client_error() => Self::InvalidRequest,
            _ => Self::Internal,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_every_code_is_explained() {
        let mut names: Vec<_> = ErrorCode::ALL.iter().map(|code| code.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ErrorCode::ALL.len());
        assert!(ErrorCode::ALL.iter().all(|code| code.meaning().trim().ends_with('.')));
    }
}
