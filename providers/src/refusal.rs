//! What a provider's refusal means: for the attempt, for the caller, for the key. Each provider has a table of its own codes;
//! what the tables say is said here, and the words that users read.
//!
//! HTTP statuses alone do not decide: 429 is both "in a second" and "never until an admin acts". They are the last resort.

use std::time::Duration;

use serde_json::Value;

use crate::{KeyAction, UpstreamError, Verdict, code, wire::Work};

/// The longest rest that upstream may ask for.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(3_600);
/// The longest message that is passed on, in characters.
const MAX_MESSAGE: usize = 500;
/// The longest upstream code that is kept.
const MAX_CODE: usize = 128;

/// An answer that is not a success.
pub struct Refused<'a> {
    /// The HTTP status, or `None` for an error inside a stream or a task.
    pub status: Option<u16>,
    /// What upstream put under `error`, if anything: an object or a text.
    pub error: Option<&'a Value>,
    /// The `Retry-After` header.
    pub retry_after: Option<&'a str>,
    /// What was asked for.
    pub work: Work,
}

/// What an error means.
#[derive(Clone, Copy)]
pub struct Meaning(pub Verdict, pub &'static str, pub KeyAction);

pub const RATE: Meaning = Meaning(Verdict::Retry, code::RATE_LIMITED, KeyAction::CoolDown);
pub const BUSY: Meaning = Meaning(Verdict::Retry, code::OVERLOADED, KeyAction::CoolDown);
pub const CALLER: Meaning = Meaning(Verdict::Fail, code::INVALID_REQUEST, KeyAction::None);
pub const MODERATION: Meaning = Meaning(Verdict::Fail, code::CONTENT_POLICY_VIOLATION, KeyAction::None);
pub const BAD_KEY: Meaning = Meaning(Verdict::Retry, code::AUTH, KeyAction::DisableKey);
pub const OVERDUE: Meaning = Meaning(Verdict::Retry, code::ACCOUNT_OVERDUE, KeyAction::DisableAccount);
pub const NOT_ENTITLED: Meaning = Meaning(Verdict::Retry, code::NOT_ENTITLED, KeyAction::DisableKeyModel);
pub const NO_MODEL: Meaning = Meaning(Verdict::Retry, code::MODEL_NOT_FOUND, KeyAction::DisableKeyModel);
pub const QUEUE_FULL: Meaning = Meaning(Verdict::Retry, code::QUOTA, KeyAction::CoolDown);
pub const USED_UP: Meaning = Meaning(Verdict::Retry, code::QUOTA, KeyAction::DisableKeyModel);
pub const SERVER: Meaning = Meaning(Verdict::Retry, code::ERROR, KeyAction::None);
pub const GONE: Meaning = Meaning(Verdict::Fail, code::ERROR, KeyAction::None);

/// How a code is recognised.
pub enum Like {
    /// It is this.
    Is(&'static str),
    /// It begins so.
    Begins(&'static str),
    /// It holds this somewhere.
    Holds(&'static str),
}

impl Like {
    fn matches(&self, upstream_code: &str) -> bool {
        match self {
            Self::Is(whole) => upstream_code == *whole,
            Self::Begins(start) => upstream_code.starts_with(start),
            Self::Holds(part) => upstream_code.contains(part),
        }
    }
}

impl Refused<'_> {
    /// A text field of upstream's `error` object; empty when there is none.
    pub fn said(&self, field: &str) -> &str {
        self.error.and_then(|error| error.get(field)).and_then(Value::as_str).unwrap_or("")
    }

    /// The error with what it means, in words that are fit for users.
    pub fn means(&self, meaning: Meaning, upstream_code: &str, message: &str, key: &str) -> UpstreamError {
        let Meaning(fate, our_code, key_action) = meaning;
        let told = matches!(our_code, code::INVALID_REQUEST | code::CONTENT_POLICY_VIOLATION) && !message.is_empty();
        UpstreamError {
            fate,
            code: our_code,
            status: self.status,
            upstream_code: (!upstream_code.is_empty()).then(|| clean(upstream_code, key, MAX_CODE)),
            message: if told { clean(message, key, MAX_MESSAGE) } else { words(our_code).to_owned() },
            retry_after: self.retry_after.and_then(retry_after),
            key_action,
        }
    }

    /// For codes that no table knows. A gateway's error after the request went in leaves the outcome open.
    pub fn by_status(&self) -> Meaning {
        let spoke = self.error.is_some_and(Value::is_object);
        match self.status {
            Some(401) => BAD_KEY,
            Some(403) => NOT_ENTITLED,
            Some(404) if self.work == Work::Read => GONE,
            Some(404) => NO_MODEL,
            Some(429) => RATE,
            Some(503) => BUSY,
            Some(400..=407 | 409..=428 | 430..=498) => CALLER,
            Some(500) if spoke => SERVER,
            Some(_) => Meaning(self.work.fate_when_lost(), code::ERROR, KeyAction::None),
            None => SERVER,
        }
    }
}

/// What a table says of a code: the first row that is like it.
pub fn look_up(table: &[(Like, Meaning)], upstream_code: &str) -> Option<Meaning> {
    table.iter().find(|(like, _)| like.matches(upstream_code)).map(|(_, meaning)| *meaning)
}

/// The failure of one output or of a finished task: always final, and never the key's fault.
pub fn of_output(judged: UpstreamError) -> UpstreamError {
    let blames_caller = judged.code == code::INVALID_REQUEST || judged.code == code::CONTENT_POLICY_VIOLATION;
    let (code, message) =
        if blames_caller { (judged.code, judged.message) } else { (code::ERROR, words(code::ERROR).to_owned()) };
    UpstreamError { fate: Verdict::Fail, key_action: KeyAction::None, retry_after: None, code, message, ..judged }
}

/// Seconds, or a date; bounded.
fn retry_after(text: &str) -> Option<Duration> {
    let asked = match text.trim().parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let until = chrono::DateTime::parse_from_rfc2822(text.trim()).ok()?;
            until.signed_duration_since(chrono::Utc::now()).to_std().unwrap_or_default()
        }
    };
    Some(asked.min(MAX_RETRY_AFTER))
}

/// Without the key, without upstream's request id, and not too long.
fn clean(text: &str, key: &str, most: usize) -> String {
    let text = text.split("Request id:").next().unwrap_or_default().trim();
    let text = if key.is_empty() { text.to_owned() } else { text.replace(key, "[key]") };
    text.chars().filter(|letter| !letter.is_control()).take(most).collect()
}

/// What users are told when upstream's own words are none of theirs.
pub fn words(our_code: &str) -> &'static str {
    match our_code {
        code::INVALID_REQUEST => "The provider refuses the parameters.",
        code::CONTENT_POLICY_VIOLATION => "The provider's content policy refuses this.",
        code::RATE_LIMITED => "The provider receives too many requests at the moment.",
        code::OVERLOADED => "The provider is overloaded at the moment.",
        code::AUTH => "The provider does not accept the gateway's key.",
        code::ACCOUNT_OVERDUE => "The gateway's account at the provider is in arrears.",
        code::NOT_ENTITLED => "The gateway's account at the provider may not use this model.",
        code::MODEL_NOT_FOUND => "The provider does not offer this model to the gateway's account.",
        code::QUOTA => "A quota at the provider is used up.",
        code::UNAVAILABLE => "The provider can't be reached, or the connection was lost.",
        code::TIMEOUT => "The provider did not answer in time.",
        code::MALFORMED => "The provider's answer can't be read.",
        _ => "The provider had an error of its own.",
    }
}
