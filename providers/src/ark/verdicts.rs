//! What each of Ark's error codes means: for the attempt, for the caller, for the key. One table, read from top to bottom.

use serde_json::Value;

use crate::{
    UpstreamError,
    refusal::{
        self, BAD_KEY, BUSY, CALLER, GONE,
        Like::{self, Begins, Holds},
        MODERATION, Meaning, NO_MODEL, NOT_ENTITLED, OVERDUE, QUEUE_FULL, RATE, Refused, SERVER, USED_UP,
    },
    wire::Work,
};

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

/// What a refusal means.
pub fn judge(refused: &Refused<'_>, key: &str) -> UpstreamError {
    let (upstream_code, message) = (refused.said("code"), refused.said("message"));
    let meaning = meaning(upstream_code, message).unwrap_or_else(|| refused.by_status());
    refused.means(meaning, upstream_code, message, key)
}

fn meaning(upstream_code: &str, message: &str) -> Option<Meaning> {
    let is_trial = upstream_code.starts_with("QuotaExceeded") && TRIAL_WORDS.iter().any(|word| message.contains(word));
    if is_trial { Some(USED_UP) } else { refusal::look_up(&TABLE, upstream_code) }
}

/// The failure of one output or of a finished task.
pub fn of_output(error: &Value, key: &str) -> UpstreamError {
    let refused = Refused { status: None, error: Some(error), retry_after: None, work: Work::Read };
    refusal::of_output(judge(&refused, key))
}
