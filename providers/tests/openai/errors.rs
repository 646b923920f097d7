//! The rows of the table of errors, and what gets lost on the way.

use std::time::Duration;

use domain::capability::CapabilityKind;
use providers::{KeyAction, Verdict, code};
use serde_json::json;

use crate::sim::{Sim, chat, images};

#[tokio::test]
async fn each_code_has_its_fate_and_its_action() {
    use KeyAction::{CoolDown, DisableAccount, DisableKey, DisableKeyModel, None};
    use Verdict::{Fail, Retry, Unknown};
    let sim = Sim::start().await;
    let table = [
        (400, "context_length_exceeded", Fail, code::INVALID_REQUEST, None),
        (400, "unsupported_parameter", Fail, code::INVALID_REQUEST, None),
        (400, "invalid_value", Fail, code::INVALID_REQUEST, None),
        (400, "content_policy_violation", Fail, code::CONTENT_POLICY_VIOLATION, None),
        (400, "moderation_blocked", Fail, code::CONTENT_POLICY_VIOLATION, None),
        (400, "image_generation_user_error", Fail, code::INVALID_REQUEST, None),
        (400, "never_heard_of", Fail, code::INVALID_REQUEST, None),
        (401, "invalid_api_key", Retry, code::AUTH, DisableKey),
        (401, "never_heard_of", Retry, code::AUTH, DisableKey),
        (403, "unsupported_country_region_territory", Retry, code::NOT_ENTITLED, DisableKeyModel),
        (404, "model_not_found", Retry, code::MODEL_NOT_FOUND, DisableKeyModel),
        (429, "rate_limit_exceeded", Retry, code::RATE_LIMITED, CoolDown),
        (429, "never_heard_of", Retry, code::RATE_LIMITED, CoolDown),
        (429, "insufficient_quota", Retry, code::QUOTA, DisableAccount),
        (429, "billing_hard_limit_reached", Retry, code::QUOTA, DisableAccount),
        (403, "account_deactivated", Retry, code::ACCOUNT_OVERDUE, DisableAccount),
        (503, "server_overloaded", Retry, code::OVERLOADED, CoolDown),
        (503, "never_heard_of", Retry, code::OVERLOADED, CoolDown),
        (500, "server_error", Retry, code::ERROR, None),
        (500, "never_heard_of", Retry, code::ERROR, None),
        (504, "never_heard_of", Unknown, code::ERROR, None),
    ];
    for (status, upstream, fate, our_code, action) in table {
        let fault = json!({ "status": status, "code": upstream, "message": "Why.", "retry_after": 7 });
        sim.fault("chat", fault).await;
        let error = sim.adapter.chat(&sim.endpoint, &chat(json!({}))).await.unwrap_err();
        assert_eq!((error.fate, error.code, error.key_action), (fate, our_code, action), "{status} {upstream}");
        assert_eq!((error.status, error.upstream_code.as_deref()), (Some(status), Some(upstream)));
        assert_eq!(error.retry_after, Some(Duration::from_secs(7)));
    }
}

#[tokio::test]
async fn refusals_of_its_own_are_understood() {
    let sim = Sim::start().await;
    let foreign = providers::Endpoint { key: "foreign".into(), ..sim.endpoint.clone() };
    let error = sim.adapter.chat(&foreign, &chat(json!({}))).await.unwrap_err();
    assert_eq!((error.code, error.key_action), (code::AUTH, KeyAction::DisableKey));
    let hot = sim.adapter.chat(&sim.endpoint, &chat(json!({ "temperature": 0.1 }))).await.unwrap_err();
    assert_eq!((hot.fate, hot.upstream_code.as_deref()), (Verdict::Fail, Some("unsupported_parameter")));
    let gore = images(CapabilityKind::TextToImage, json!({ "prompt": "gore" }));
    let error = sim.adapter.images(&sim.endpoint, &gore).await.unwrap_err();
    assert_eq!((error.fate, error.code), (Verdict::Fail, code::CONTENT_POLICY_VIOLATION));
}

#[tokio::test]
async fn paid_work_that_nobody_answers_for_is_unknown() {
    let sim = Sim::start().await;
    for fault in [json!({ "lose_answer": true }), json!({ "garbage": true }), json!({ "cut_after_chunks": 0 })] {
        sim.fault("chat", fault.clone()).await;
        let error = sim.adapter.chat(&sim.endpoint, &chat(json!({}))).await.unwrap_err();
        assert_eq!(error.fate, Verdict::Unknown, "{fault}");
        sim.fault("image_edits", fault.clone()).await;
        let uri = "data:image/png;base64,iVBORw0KGgo=";
        let edit = images(CapabilityKind::ImageToImage, json!({ "image": uri }));
        let error = sim.adapter.images(&sim.endpoint, &edit).await.unwrap_err();
        assert_eq!(error.fate, Verdict::Unknown, "{fault}");
    }
}
