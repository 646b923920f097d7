//! Every row of the table of errors, and what gets lost on the way. No secret shows anywhere.

use std::time::Duration;

use crate::sim::{KEY, Sim, chat, images, video};
use providers::{Endpoint, KeyAction, UpstreamError, Verdict, code};
use serde_json::json;

async fn refused(sim: &Sim, status: u16, upstream: &str, message: &str) -> UpstreamError {
    let fault = json!({ "status": status, "code": upstream, "message": message, "retry_after": 7 });
    sim.fault("chat", fault).await;
    sim.adapter.chat(&sim.endpoint, &chat("hello")).await.unwrap_err()
}

#[tokio::test]
async fn each_code_has_its_fate_and_its_action() {
    use KeyAction::{CoolDown, DisableAccount, DisableKey, DisableKeyModel, None};
    use Verdict::{Fail, Retry};
    let sim = Sim::start().await;
    let table = [
        (400, "MissingParameter.model", Fail, code::INVALID_REQUEST, None),
        (400, "InvalidParameter", Fail, code::INVALID_REQUEST, None),
        (400, "InvalidParameter.TaskTypeConstraint", Fail, code::INVALID_REQUEST, None),
        (400, "InvalidImageURL.EmptyURL", Fail, code::INVALID_REQUEST, None),
        (400, "OutofContextError", Fail, code::INVALID_REQUEST, None),
        (400, "InvalidEndpoint.ClosedEndpoint", Retry, code::MODEL_NOT_FOUND, DisableKeyModel),
        (400, "SensitiveContentDetected.Violence", Fail, code::CONTENT_POLICY_VIOLATION, None),
        (400, "InputTextSensitiveContentDetected", Fail, code::CONTENT_POLICY_VIOLATION, None),
        (400, "OutputVideoSensitiveContentDetected.DeepFake", Fail, code::CONTENT_POLICY_VIOLATION, None),
        (400, "InputTextRiskDetection", Fail, code::CONTENT_POLICY_VIOLATION, None),
        (401, "AuthenticationError", Retry, code::AUTH, DisableKey),
        (401, "InvalidAccountStatus", Retry, code::AUTH, DisableKey),
        (403, "AccountOverdueError", Retry, code::ACCOUNT_OVERDUE, DisableAccount),
        (403, "OperationDenied.ServiceOverdue", Retry, code::ACCOUNT_OVERDUE, DisableAccount),
        (403, "OperationDenied.ServiceNotOpen", Retry, code::NOT_ENTITLED, DisableKeyModel),
        (403, "AccessDenied", Retry, code::NOT_ENTITLED, DisableKeyModel),
        (404, "InvalidEndpointOrModel.NotFound", Retry, code::MODEL_NOT_FOUND, DisableKeyModel),
        (404, "InvalidEndpointOrModel.ModelIDAccessDisabled", Retry, code::MODEL_NOT_FOUND, DisableKeyModel),
        (404, "ModelNotOpen", Retry, code::MODEL_NOT_FOUND, DisableKeyModel),
        (404, "UnsupportedModel", Retry, code::MODEL_NOT_FOUND, DisableKeyModel),
        (429, "RateLimitExceeded.EndpointTPMExceeded", Retry, code::RATE_LIMITED, CoolDown),
        (429, "ModelAccountIpmRateLimitExceeded", Retry, code::RATE_LIMITED, CoolDown),
        (429, "APIAccountRpmRateLimitExceeded", Retry, code::RATE_LIMITED, CoolDown),
        (429, "AccountRateLimitExceeded", Retry, code::RATE_LIMITED, CoolDown),
        (429, "ServerOverloaded", Retry, code::OVERLOADED, CoolDown),
        (429, "RequestBurstTooFast", Retry, code::OVERLOADED, CoolDown),
        (429, "InflightBatchsizeExceeded", Retry, code::OVERLOADED, CoolDown),
        (429, "SetLimitExceeded", Retry, code::QUOTA, DisableKeyModel),
        (429, "NeverHeardOf", Retry, code::RATE_LIMITED, CoolDown),
        (400, "NeverHeardOf", Fail, code::INVALID_REQUEST, None),
        (500, "InternalServiceError", Retry, code::ERROR, None),
        (503, "NeverHeardOf", Retry, code::OVERLOADED, CoolDown),
        (504, "NeverHeardOf", Verdict::Unknown, code::ERROR, None),
    ];
    for (status, upstream, fate, our_code, action) in table {
        let error = refused(&sim, status, upstream, "Why.").await;
        assert_eq!((error.fate, error.code, error.key_action), (fate, our_code, action), "{status} {upstream}");
        assert_eq!((error.status, error.upstream_code.as_deref()), (Some(status), Some(upstream)));
        assert_eq!(error.retry_after, Some(Duration::from_secs(7)));
        assert_eq!(error.failure().is_none(), fate == Verdict::Unknown);
    }
}

#[tokio::test]
async fn a_used_up_trial_is_not_a_full_queue() {
    let sim = Sim::start().await;
    let full = refused(&sim, 429, "QuotaExceeded", "Too many tasks are queued.").await;
    assert_eq!((full.code, full.key_action), (code::QUOTA, KeyAction::CoolDown));
    let trial = refused(&sim, 429, "QuotaExceeded", "Your free trial is used up.").await;
    assert_eq!((trial.code, trial.key_action), (code::QUOTA, KeyAction::DisableKeyModel));
}

#[tokio::test]
async fn paid_work_that_nobody_answers_for_is_unknown() {
    let sim = Sim::start().await;
    let faults = [
        (json!({ "hang": true }), code::TIMEOUT),
        (json!({ "lose_answer": true }), code::UNAVAILABLE),
        (json!({ "garbage": true }), code::MALFORMED),
        (json!({ "cut_after_chunks": 0 }), code::UNAVAILABLE),
    ];
    for (fault, our_code) in faults {
        sim.fault("chat", fault.clone()).await;
        sim.fault("images", fault.clone()).await;
        sim.fault("video_create", fault.clone()).await;
        let lost = [
            sim.adapter.chat(&sim.endpoint, &chat("hello")).await.map(drop).unwrap_err(),
            sim.adapter.images(&sim.endpoint, &images(1)).await.map(drop).unwrap_err(),
            sim.adapter.submit_task(&sim.endpoint, &video()).await.map(drop).unwrap_err(),
        ];
        for error in lost {
            assert_eq!((error.fate, error.code), (Verdict::Unknown, our_code), "{fault}");
            assert_eq!((error.failure(), error.key_action), (None, KeyAction::None));
        }
    }
}

#[tokio::test]
async fn what_never_left_may_be_tried_again() {
    let sim = Sim::start().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    for base_url in [nobody, "http://nobody.invalid".to_owned()] {
        let endpoint = Endpoint { base_url, key: KEY.into() };
        let error = sim.adapter.submit_task(&endpoint, &video()).await.unwrap_err();
        assert_eq!((error.fate, error.code), (Verdict::Retry, code::UNAVAILABLE));
    }
}

#[tokio::test]
async fn no_key_is_ever_told() {
    let sim = Sim::start().await;
    let echo = refused(&sim, 400, "InvalidParameter", &format!("The key {KEY} is bad. Request id: 02")).await;
    assert_eq!(echo.message, "The key [key] is bad.");
    let endpoint = Endpoint { base_url: sim.endpoint.base_url.clone(), key: "wrong-secret-key".into() };
    let error = sim.adapter.chat(&endpoint, &chat("hello")).await.unwrap_err();
    assert_eq!((error.code, error.key_action), (code::AUTH, KeyAction::DisableKey));
    let told = format!("{error} {error:?} {endpoint:?} {:?}", sim.adapter);
    assert!(!told.contains("wrong-secret-key"), "{told}");
    let endpoint = Endpoint { base_url: sim.endpoint.base_url.clone(), key: "with\nnewline".into() };
    let error = sim.adapter.chat(&endpoint, &chat("hello")).await.unwrap_err();
    assert_eq!((error.fate, error.key_action), (Verdict::Retry, KeyAction::DisableKey));
    assert!(!format!("{error:?}").contains("newline"));
}
