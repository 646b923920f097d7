//! What each of OpenAI's error codes means: for the attempt, for the caller, for the key. One table, read from top to bottom.
//!
//! A used up account answers 429 like a rate limit; its code tells them apart. Where there is no code, the type may tell.

use crate::{
    KeyAction, UpstreamError, Verdict, code,
    refusal::{
        BAD_KEY, BUSY, CALLER,
        Like::{self, Begins, Holds, Is},
        MODERATION, Meaning, NO_MODEL, NOT_ENTITLED, OVERDUE, RATE, Refused, SERVER, look_up,
    },
};

/// The account has no money left, which no other key of it has either.
const ACCOUNT_USED_UP: Meaning = Meaning(Verdict::Retry, code::QUOTA, KeyAction::DisableAccount);

const TABLE: [(Like, Meaning); 31] = [
    // moderation, of inputs and outputs
    (Holds("policy_violation"), MODERATION),
    (Is("moderation_blocked"), MODERATION),
    (Is("content_filter"), MODERATION),
    // the key, the account
    (Is("invalid_api_key"), BAD_KEY),
    (Is("incorrect_api_key"), BAD_KEY),
    (Is("invalid_organization"), BAD_KEY),
    (Is("authentication_error"), BAD_KEY),
    (Is("insufficient_quota"), ACCOUNT_USED_UP),
    (Is("billing_hard_limit_reached"), ACCOUNT_USED_UP),
    (Is("billing_not_active"), OVERDUE),
    (Is("account_deactivated"), OVERDUE),
    (Is("unsupported_country_region_territory"), NOT_ENTITLED),
    (Is("permission_error"), NOT_ENTITLED),
    // the model
    (Is("model_not_found"), NO_MODEL),
    (Is("model_deprecated"), NO_MODEL),
    (Is("model_not_available"), NO_MODEL),
    // too much
    (Is("rate_limit_exceeded"), RATE),
    (Is("rate_limit_error"), RATE),
    (Is("requests"), RATE),
    (Is("tokens"), RATE),
    (Is("slow_down"), BUSY),
    (Holds("overloaded"), BUSY),
    // the caller's
    (Is("context_length_exceeded"), CALLER),
    (Is("string_above_max_length"), CALLER),
    (Begins("invalid_"), CALLER),
    (Begins("unsupported_"), CALLER),
    (Begins("missing_"), CALLER),
    (Begins("unknown_parameter"), CALLER),
    (Begins("image_"), CALLER),
    // the server's
    (Is("server_error"), SERVER),
    (Is("internal_error"), SERVER),
];

/// Types that say less than the HTTP status.
const VAGUE: [&str; 2] = ["invalid_request_error", "server_error"];

/// What a refusal means.
pub fn judge(refused: &Refused<'_>, key: &str) -> UpstreamError {
    let (kind, told) = (refused.said("type"), refused.said("code"));
    let by_kind = || if VAGUE.contains(&kind) { None } else { look_up(&TABLE, kind) };
    let meaning = look_up(&TABLE, told).or_else(by_kind).unwrap_or_else(|| refused.by_status());
    let upstream_code = if told.is_empty() { kind } else { told };
    refused.means(meaning, upstream_code, refused.said("message"), key)
}
