//! What dispatch could not do, in the words of the API. An unknown outcome is never to be retried by itself: the first
//! request may still be charged.

use std::{borrow::Cow, time::Duration};

use axum::http::{HeaderName, HeaderValue};
use dispatch::{NoKey, StartError, Unanswered};
use providers::{UpstreamError, code};

use crate::error::{ApiError, ErrorCode};

impl From<StartError> for ApiError {
    fn from(error: StartError) -> Self {
        match error {
            StartError::NoKey(no_key) => no_key.into(),
            StartError::Execute(error) => error.into(),
        }
    }
}

impl From<NoKey> for ApiError {
    fn from(no_key: NoKey) -> Self {
        let message = no_key.to_string();
        match no_key {
            NoKey::Busy { retry_after } => Self::new(ErrorCode::ProviderBusy, message).after(retry_after),
            NoKey::Unwell { retry_after } => Self::new(ErrorCode::NoHealthyKey, message).after(retry_after),
            NoKey::None | NoKey::Unavailable(_) => Self::new(ErrorCode::NoHealthyKey, message),
        }
    }
}

impl From<Unanswered> for ApiError {
    fn from(unanswered: Unanswered) -> Self {
        match unanswered {
            Unanswered::Refused(error) => error.into(),
            Unanswered::Unknown(error) => {
                let message = "the provider gave no answer; the job is being reconciled and the credits stay held";
                let never = (HeaderName::from_static("x-should-retry"), HeaderValue::from_static("false"));
                let code =
                    if error.code == code::TIMEOUT { ErrorCode::UpstreamTimeout } else { ErrorCode::UpstreamFailed };
                Self::new(code, message).with_header(never.0, never.1)
            }
            Unanswered::Unavailable(cause) => Self::unavailable("the database", &cause),
        }
    }
}

impl From<UpstreamError> for ApiError {
    fn from(error: UpstreamError) -> Self {
        let code = match error.code {
            code::INVALID_REQUEST => ErrorCode::InvalidParameter,
            code::CONTENT_POLICY_VIOLATION => ErrorCode::ContentRefused,
            code::RATE_LIMITED | code::OVERLOADED | code::AUTH | code::ACCOUNT_OVERDUE | code::QUOTA => {
                ErrorCode::NoHealthyKey
            }
            code::TIMEOUT => ErrorCode::UpstreamTimeout,
            "input_asset_not_found"
            | "input_unreadable"
            | "input_too_large"
            | "too_many_inputs"
            | "input_malformed" => ErrorCode::InvalidParameter,
            _ => ErrorCode::UpstreamFailed,
        };
        let message: Cow<'static, str> = match code {
            ErrorCode::NoHealthyKey => "the provider takes no more work now; nothing was charged".into(),
            _ => error.message.into(),
        };
        let wait = error.retry_after.unwrap_or(Duration::from_secs(1));
        let refusal = Self::new(code, message);
        if code == ErrorCode::NoHealthyKey { refusal.after(wait) } else { refusal }
    }
}
