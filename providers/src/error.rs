//! What went wrong upstream, what that means for the attempt and for the key. Decided where it happens, never guessed later.

use std::time::Duration;

use domain::job::{Failure, Fate};

/// What a failure means for the attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing was accepted upstream: another key or another moment may do.
    Retry,
    /// The answer is final.
    Fail,
    /// The work may have been accepted and may be charged: reconcile, never repeat blindly.
    Unknown,
}

/// What a failure means for the key that was used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyAction {
    /// Nothing.
    None,
    /// Let the key rest for this model, for `retry_after` or a short while.
    CoolDown,
    /// Do not use the key for this model until a probe succeeds or an admin acts.
    DisableKeyModel,
    /// Do not use the key until a probe succeeds or an admin acts.
    DisableKey,
    /// Do not use any key of the key's account, in the same way.
    DisableAccount,
}

/// Our stable codes of upstream failures.
pub mod code {
    /// The upstream refuses the parameters.
    pub const INVALID_REQUEST: &str = "invalid_request";
    /// The upstream's moderation refuses the input or the output.
    pub const CONTENT_POLICY_VIOLATION: &str = "content_policy_violation";
    /// Too many calls or tokens a minute.
    pub const RATE_LIMITED: &str = "upstream_rate_limited";
    /// Too busy, or too many at once.
    pub const OVERLOADED: &str = "upstream_overloaded";
    /// Not reached, or the connection was lost.
    pub const UNAVAILABLE: &str = "upstream_unavailable";
    /// The key is not accepted.
    pub const AUTH: &str = "upstream_auth";
    /// The account is in arrears.
    pub const ACCOUNT_OVERDUE: &str = "upstream_account_overdue";
    /// The account may not do this.
    pub const NOT_ENTITLED: &str = "upstream_not_entitled";
    /// The provider has no such call at all.
    pub const NOT_OFFERED: &str = "upstream_not_offered";
    /// The model is missing or not activated.
    pub const MODEL_NOT_FOUND: &str = "upstream_model_not_found";
    /// A quota or a spending limit is used up.
    pub const QUOTA: &str = "upstream_quota";
    /// An error of the upstream itself.
    pub const ERROR: &str = "upstream_error";
    /// No answer in time.
    pub const TIMEOUT: &str = "upstream_timeout";
    /// An answer that can't be read.
    pub const MALFORMED: &str = "upstream_malformed";
    /// A usage that is missing, negative, no integer or absurd.
    pub const INVALID_USAGE: &str = "invalid_usage";

    /// All of them.
    pub const ALL: [&str; 15] = [
        INVALID_REQUEST,
        CONTENT_POLICY_VIOLATION,
        RATE_LIMITED,
        OVERLOADED,
        UNAVAILABLE,
        AUTH,
        ACCOUNT_OVERDUE,
        NOT_ENTITLED,
        NOT_OFFERED,
        MODEL_NOT_FOUND,
        QUOTA,
        ERROR,
        TIMEOUT,
        MALFORMED,
        INVALID_USAGE,
    ];
}

/// A call that did not succeed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct UpstreamError {
    /// What becomes of the attempt.
    pub fate: Verdict,
    /// Our stable code, one of [`code`].
    pub code: &'static str,
    /// The HTTP status, if upstream answered.
    pub status: Option<u16>,
    /// The provider's own code, for admins.
    pub upstream_code: Option<String>,
    /// What is wrong, in words fit for users.
    pub message: String,
    /// How long upstream wants to be left alone.
    pub retry_after: Option<Duration>,
    /// What becomes of the key.
    pub key_action: KeyAction,
}

impl UpstreamError {
    /// A failure that upstream did not tell us: no status, no code of its own, nothing against the key.
    #[must_use]
    pub fn ours(fate: Verdict, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            fate,
            code,
            status: None,
            upstream_code: None,
            message: message.into(),
            retry_after: None,
            key_action: KeyAction::None,
        }
    }

    /// A failure that a job recorded, for whoever hears of it from the job alone: its code, in our own words.
    #[must_use]
    pub fn told_before(recorded: &str) -> Self {
        let code = code::ALL.into_iter().find(|code| *code == recorded).unwrap_or(code::ERROR);
        Self::ours(Verdict::Fail, code, crate::refusal::words(code))
    }

    /// Whether it speaks against the key or its upstream, rather than against the request.
    #[must_use]
    pub fn is_against_the_key(&self) -> bool {
        self.key_action != KeyAction::None || self.code.starts_with("upstream_")
    }

    /// The failure as a job records it, or `None` while the outcome is unknown.
    #[must_use]
    pub fn failure(&self) -> Option<Failure> {
        let fate = match self.fate {
            Verdict::Retry => Fate::Retry,
            Verdict::Fail => Fate::Fail,
            Verdict::Unknown => return None,
        };
        let upstream_code = self.upstream_code.clone();
        Some(Failure { code: self.code.to_owned(), fate, upstream_status: self.status, upstream_code })
    }
}
