//! What Runway's refusals mean, and the failures of its tasks. Its errors are a sentence, so the status decides, and a few words.

use serde_json::Value;

use crate::{
    KeyAction, UpstreamError, Verdict, code,
    refusal::{CALLER, Like, MODERATION, Meaning, OVERDUE, Refused, SERVER, USED_UP, look_up, of_output},
    wire::Work,
};

use Like::{Begins, Holds};

/// Words of a refusal that tell more than its status.
const WORDS: [(Like, Meaning); 3] = [
    // 400: nothing is wrong with the request, but the account can't pay for it
    (Holds("enough credits"), OVERDUE),
    // 429: not in a second, but tomorrow
    (Holds("daily"), USED_UP),
    (Holds("monthly"), USED_UP),
];

/// What a task failed of.
const FAILURES: [(Like, Meaning); 4] = [
    (Begins("SAFETY."), MODERATION),
    (Begins("INPUT_PREPROCESSING.SAFETY"), MODERATION),
    (Begins("ASSET.INVALID"), CALLER),
    // INTERNAL, INTERNAL.BAD_OUTPUT.…, INPUT_PREPROCESSING.INTERNAL, THIRD_PARTY.UNAVAILABLE: another request may do
    (Begins(""), SERVER),
];

/// What a refusal means.
pub fn judge(refused: &Refused<'_>, key: &str) -> UpstreamError {
    let said = refused.error.and_then(Value::as_str).unwrap_or_default();
    let meaning = look_up(&WORDS, said).unwrap_or_else(|| by_status(refused, said));
    refused.means(meaning, "", said, key)
}

/// A status of Runway's own is definite, a gateway's before it is not: a submit that it answers stays open.
fn by_status(refused: &Refused<'_>, said: &str) -> Meaning {
    match refused.status {
        Some(405) => Meaning(Verdict::Fail, code::ERROR, KeyAction::None),
        Some(500) if !said.is_empty() => SERVER,
        _ => refused.by_status(),
    }
}

/// Why a task failed: always final, and never the key's fault. `failure` is meant for people, with its context.
pub fn of_task(task: &Value, key: &str) -> UpstreamError {
    let said = |field: &str| task[field].as_str().unwrap_or_default();
    let refused = Refused { status: None, error: None, retry_after: None, work: Work::Read };
    let meaning = look_up(&FAILURES, said("failureCode")).unwrap_or(SERVER);
    of_output(refused.means(meaning, said("failureCode"), said("failure"), key))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(status: u16, error: &Value, work: Work) -> (Verdict, &'static str, KeyAction) {
        let refused = Refused { status: Some(status), error: Some(error), retry_after: None, work };
        let judged = judge(&refused, "key_0");
        (judged.fate, judged.code, judged.key_action)
    }

    #[test]
    fn refusals_decide_on_the_attempt_and_the_key() {
        let (submit, text) = (Work::PaidLater, |text: &str| json!(text));
        let cases = [
            (400, text("Validation of body failed"), (Verdict::Fail, code::INVALID_REQUEST, KeyAction::None)),
            (
                400,
                text("You do not have enough credits to run this task."),
                (Verdict::Retry, code::ACCOUNT_OVERDUE, KeyAction::DisableAccount),
            ),
            (401, text("Unauthorized"), (Verdict::Retry, code::AUTH, KeyAction::DisableKey)),
            (403, text("Forbidden"), (Verdict::Retry, code::NOT_ENTITLED, KeyAction::DisableKeyModel)),
            (404, text("Not found"), (Verdict::Retry, code::MODEL_NOT_FOUND, KeyAction::DisableKeyModel)),
            (405, text("Method not allowed"), (Verdict::Fail, code::ERROR, KeyAction::None)),
            (429, text("Too many requests"), (Verdict::Retry, code::RATE_LIMITED, KeyAction::CoolDown)),
            (
                429,
                text("You have reached the daily task limit."),
                (Verdict::Retry, code::QUOTA, KeyAction::DisableKeyModel),
            ),
            (500, text("Internal"), (Verdict::Retry, code::ERROR, KeyAction::None)),
            (502, Value::Null, (Verdict::Unknown, code::ERROR, KeyAction::None)),
            (503, text("Unavailable"), (Verdict::Retry, code::OVERLOADED, KeyAction::CoolDown)),
            (504, Value::Null, (Verdict::Unknown, code::ERROR, KeyAction::None)),
        ];
        for (status, error, meaning) in cases {
            assert_eq!(told(status, &error, submit), meaning, "{status} {error}");
        }
        assert_eq!(told(502, &Value::Null, Work::Read).0, Verdict::Retry);
    }

    #[test]
    fn failures_of_tasks_are_final_and_blame_the_right_one() {
        for (upstream, ours) in [
            ("SAFETY.INPUT.TEXT", code::CONTENT_POLICY_VIOLATION),
            ("SAFETY.OUTPUT.VIDEO", code::CONTENT_POLICY_VIOLATION),
            ("INPUT_PREPROCESSING.SAFETY.TEXT", code::CONTENT_POLICY_VIOLATION),
            ("ASSET.INVALID", code::INVALID_REQUEST),
            ("INTERNAL.BAD_OUTPUT.CODE01", code::ERROR),
            ("INPUT_PREPROCESSING.INTERNAL", code::ERROR),
            ("THIRD_PARTY.UNAVAILABLE", code::ERROR),
            ("INTERNAL", code::ERROR),
        ] {
            let error = of_task(&json!({ "failure": "key_0 says why", "failureCode": upstream }), "key_0");
            assert_eq!(
                (error.fate, error.code, error.key_action),
                (Verdict::Fail, ours, KeyAction::None),
                "{upstream}"
            );
            assert_eq!(error.upstream_code.as_deref(), Some(upstream));
            assert!(!error.message.contains("key_0"));
        }
        assert_eq!(of_task(&json!({ "failure": "why", "failureCode": null }), "").upstream_code, None);
    }
}
