//! What each of Ark's error codes means: for the attempt, for the caller, for the key. One table, read from top to bottom.
//!
//! HTTP statuses alone do not decide: 429 is both "in a second" and "never until an admin acts". They are the last resort.

use std::time::Duration;

use serde_json::Value;

use super::wire::Work;
use crate::{KeyAction, UpstreamError, Verdict, code};

/// The longest rest that upstream may ask for.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(3_600);
/// The longest message that is passed on, in characters.
const MAX_MESSAGE: usize = 500;
/// The longest upstream code that is kept.
const MAX_CODE: usize = 128;

/// How a code is recognised.
enum Like {
    /// It begins so.
    Begins(&'static str),
    /// It holds this somewhere.
    Holds(&'static str),
}

/// What an error means.
#[derive(Clone, Copy)]
struct Meaning(Verdict, &'static str, KeyAction);

use Like::{Begins, Holds};

const RATE: Meaning = Meaning(Verdict::Retry, code::RATE_LIMITED, KeyAction::CoolDown);
const BUSY: Meaning = Meaning(Verdict::Retry, code::OVERLOADED, KeyAction::CoolDown);
const CALLER: Meaning = Meaning(Verdict::Fail, code::INVALID_REQUEST, KeyAction::None);
const MODERATION: Meaning = Meaning(Verdict::Fail, code::CONTENT_POLICY_VIOLATION, KeyAction::None);
const BAD_KEY: Meaning = Meaning(Verdict::Retry, code::AUTH, KeyAction::DisableKey);
const OVERDUE: Meaning = Meaning(Verdict::Retry, code::ACCOUNT_OVERDUE, KeyAction::DisableAccount);
const NOT_ENTITLED: Meaning = Meaning(Verdict::Retry, code::NOT_ENTITLED, KeyAction::DisableKeyModel);
const NO_MODEL: Meaning = Meaning(Verdict::Retry, code::MODEL_NOT_FOUND, KeyAction::DisableKeyModel);
const QUEUE_FULL: Meaning = Meaning(Verdict::Retry, code::QUOTA, KeyAction::CoolDown);
const USED_UP: Meaning = Meaning(Verdict::Retry, code::QUOTA, KeyAction::DisableKeyModel);
const SERVER: Meaning = Meaning(Verdict::Retry, code::ERROR, KeyAction::None);
const GONE: Meaning = Meaning(Verdict::Fail, code::ERROR, KeyAction::None);

const TABLE: [(Like, Meaning); 38] = [
    // moderation, of inputs and outputs
    (Holds("SensitiveContent"), MODERATION),
    (Holds("RiskDetection"), MODERATION),
    (Holds("PolicyViolation"), MODERATION),
    (Holds("PrivacyInformation"), MODERATION),
    (Holds("DeepFake"), MODERATION),
    // the caller's
    (Begins("InvalidEndpoint.ClosedEndpoint"), NO_MODEL),
    (Begins("MissingParameter"), CALLER),
    (Begins("InvalidParameter"), CALLER),
    (Begins("InvalidImageURL"), CALLER),
    (Begins("OutofContextError"), CALLER),
    (Begins("InvalidArgumentError"), CALLER),
    // the key, the account
    (Begins("AuthenticationError"), BAD_KEY),
    (Begins("InvalidAccountStatus"), BAD_KEY),
    (Begins("InvalidApiKey"), BAD_KEY),
    (Begins("MissingHeader"), BAD_KEY),
    (Begins("AccountOverdueError"), OVERDUE),
    (Begins("OperationDenied.ServiceOverdue"), OVERDUE),
    (Begins("OperationDenied"), NOT_ENTITLED),
    (Begins("AccessDenied"), NOT_ENTITLED),
    // the model
    (Begins("InvalidEndpointOrModel"), NO_MODEL),
    (Begins("ModelNotOpen"), NO_MODEL),
    (Begins("UnsupportedModel"), NO_MODEL),
    (Begins("NotFound.Model"), NO_MODEL),
    (Begins("NotFound.Endpoint"), NO_MODEL),
    (Begins("NotFound"), GONE),
    // too much
    (Begins("RateLimitExceeded"), RATE),
    (Begins("ModelAccount"), RATE),
    (Begins("APIAccountRpmRateLimitExceeded"), RATE),
    (Begins("AccountRateLimitExceeded"), RATE),
    (Holds("RateLimitExceeded"), RATE),
    (Begins("ServerOverloaded"), BUSY),
    (Begins("RequestBurstTooFast"), BUSY),
    (Begins("InflightBatchsizeExceeded"), BUSY),
    (Begins("QuotaExceeded"), QUEUE_FULL),
    (Begins("SetLimitExceeded"), USED_UP),
    // the server's
    (Begins("InternalServiceError"), SERVER),
    (Begins("InternalServerError"), SERVER),
    (Begins("ServiceUnavailable"), BUSY),
];

/// Words in the message of `QuotaExceeded` that tell a used up free trial from a full queue.
const TRIAL_WORDS: [&str; 4] = ["trial", "free", "试用", "免费"];

/// An answer that is not a success.
pub struct Refused<'a> {
    /// The HTTP status, or `None` for an error inside a stream or a task.
    pub status: Option<u16>,
    /// Upstream's `error` object, if there is one.
    pub error: Option<&'a Value>,
    /// The `Retry-After` header.
    pub retry_after: Option<&'a str>,
    /// What was asked for.
    pub work: Work,
}

/// What a refusal means.
pub fn judge(refused: &Refused<'_>, key: &str) -> UpstreamError {
    let said = |field: &str| refused.error.and_then(|error| error.get(field)).and_then(Value::as_str).unwrap_or("");
    let (upstream_code, message) = (said("code"), said("message"));
    let Meaning(fate, our_code, key_action) = meaning(upstream_code, message, refused);
    let told = matches!(our_code, code::INVALID_REQUEST | code::CONTENT_POLICY_VIOLATION) && !message.is_empty();
    UpstreamError {
        fate,
        code: our_code,
        status: refused.status,
        upstream_code: (!upstream_code.is_empty()).then(|| clean(upstream_code, key, MAX_CODE)),
        message: if told { clean(message, key, MAX_MESSAGE) } else { words(our_code).to_owned() },
        retry_after: refused.retry_after.and_then(retry_after),
        key_action,
    }
}

/// The failure of one output or of a finished task: always final, and never the key's fault.
pub fn of_output(error: &Value, key: &str) -> UpstreamError {
    let refused = Refused { status: None, error: Some(error), retry_after: None, work: Work::Read };
    let judged = judge(&refused, key);
    let blames_caller = judged.code == code::INVALID_REQUEST || judged.code == code::CONTENT_POLICY_VIOLATION;
    let (code, message) =
        if blames_caller { (judged.code, judged.message) } else { (code::ERROR, words(code::ERROR).to_owned()) };
    UpstreamError { fate: Verdict::Fail, key_action: KeyAction::None, retry_after: None, code, message, ..judged }
}

fn meaning(upstream_code: &str, message: &str, refused: &Refused<'_>) -> Meaning {
    let matches = |like: &Like| match like {
        Begins(start) => upstream_code.starts_with(start),
        Holds(part) => upstream_code.contains(part),
    };
    if upstream_code.starts_with("QuotaExceeded") && TRIAL_WORDS.iter().any(|word| message.contains(word)) {
        return USED_UP;
    }
    match TABLE.iter().find(|(like, _)| matches(like)) {
        Some((_, meaning)) => *meaning,
        None => by_status(refused),
    }
}

/// For codes that the table does not know. A gateway's error after the request went in leaves the outcome open.
fn by_status(refused: &Refused<'_>) -> Meaning {
    let spoke = refused.error.is_some();
    match refused.status {
        Some(401) => BAD_KEY,
        Some(403) => NOT_ENTITLED,
        Some(404) if refused.work == Work::Read => GONE,
        Some(404) => NO_MODEL,
        Some(429) => RATE,
        Some(503) => BUSY,
        Some(400..=407 | 409..=428 | 430..=498) => CALLER,
        Some(500) if spoke => SERVER,
        Some(_) => Meaning(refused.work.fate_when_lost(), code::ERROR, KeyAction::None),
        None => SERVER,
    }
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
