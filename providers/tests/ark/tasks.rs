//! Video tasks from their submission to their end: read in batches, found after a lost answer, canceled in time or too late.

use std::time::Duration;

use crate::sim::{Sim, VIDEO, video};
use domain::pricing::Meter;
use providers::{CancelOutcome, FileKind, TaskState, TaskStatus, Verdict, code};
use serde_json::json;

const PAUSE: Duration = Duration::from_millis(5);

/// Reads a task until it has ended.
async fn ended(sim: &Sim, id: &str) -> TaskState {
    let ids = [id.to_owned()];
    let reading = async {
        loop {
            let state = sim.adapter.task_states(&sim.endpoint, &ids).await.unwrap().remove(0);
            if !state.status.is_open() {
                return state;
            }
            tokio::time::sleep(PAUSE).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), reading).await.unwrap()
}

#[tokio::test]
async fn a_task_ends_with_its_files_and_its_usage() {
    let sim = Sim::start().await;
    let mut call = video();
    call.params["return_last_frame"] = true.into();
    let id = sim.adapter.submit_task(&sim.endpoint, &call).await.unwrap();
    let seen = &sim.requests("video_create").await[0];
    assert_eq!(seen["client_request_id"], call.attempt_id.as_str());
    assert_eq!(seen["safety_identifier"], call.attempt_id.as_str());
    let TaskStatus::Succeeded { outputs, usage, facts } = ended(&sim, &id).await.status else { panic!("not made") };
    assert_eq!(outputs.iter().map(|file| file.kind).collect::<Vec<_>>(), [FileKind::Video, FileKind::LastFrame]);
    assert!(usage.get(Meter::VideoToken) > Some(0) && usage.get(Meter::Second) == Some(5));
    assert_eq!(
        (&facts["resolution"], &facts["ratio"], &facts["duration"]),
        (&json!("480p"), &json!("16:9"), &json!(5))
    );
    let file = sim.http.download(&outputs[0].url).await.unwrap();
    assert_eq!(file.content_type.as_deref(), Some("video/mp4"));
}

#[tokio::test]
async fn a_failed_task_says_why_and_is_final() {
    let sim = Sim::start().await;
    for (upstream, our_code) in [
        ("OutputVideoSensitiveContentDetected", code::CONTENT_POLICY_VIOLATION),
        ("InternalServiceError", code::ERROR),
        ("AccountOverdueError", code::ERROR),
    ] {
        sim.fault("video_create", json!({ "task_error": { "code": upstream, "message": "Why." } })).await;
        let id = sim.adapter.submit_task(&sim.endpoint, &video()).await.unwrap();
        let TaskStatus::Failed { error } = ended(&sim, &id).await.status else { panic!("not failed") };
        assert_eq!((error.fate, error.code), (Verdict::Fail, our_code));
        assert_eq!(error.upstream_code.as_deref(), Some(upstream));
    }
}

#[tokio::test]
async fn a_made_video_with_a_wrong_usage_can_not_be_charged() {
    let sim = Sim::start().await;
    for wrong in [json!(-1), json!(1e18), json!(null)] {
        sim.fault("video_create", json!({ "wrong_usage": { "completion_tokens": wrong } })).await;
        let id = sim.adapter.submit_task(&sim.endpoint, &video()).await.unwrap();
        let TaskStatus::Failed { error } = ended(&sim, &id).await.status else { panic!("charged {wrong}") };
        assert_eq!((error.fate, error.code), (Verdict::Fail, code::INVALID_USAGE));
    }
}

#[tokio::test]
async fn many_tasks_are_read_at_once_and_unknown_ones_are_gone() {
    let sim = Sim::start().await;
    sim.time_scale(1.0).await;
    let mut ids = Vec::new();
    for _ in 0..30 {
        ids.push(sim.adapter.submit_task(&sim.endpoint, &video()).await.unwrap());
    }
    ids.insert(7, "cgt-20260101000000-never".to_owned());
    ids.push("../../models?x=".to_owned());
    let states = sim.adapter.task_states(&sim.endpoint, &ids).await.unwrap();
    assert_eq!(states.iter().map(|state| &state.id).collect::<Vec<_>>(), ids.iter().collect::<Vec<_>>());
    let gone: Vec<bool> = states.iter().map(|state| state.status == TaskStatus::Gone).collect();
    assert!(gone[7] && gone[31] && gone.iter().filter(|gone| **gone).count() == 2);
    assert_eq!((sim.requests("video_list").await.len(), sim.requests("video_get").await.len()), (1, 1));
}

#[tokio::test]
async fn a_reading_that_fails_can_be_repeated() {
    let sim = Sim::start().await;
    let ids = [sim.adapter.submit_task(&sim.endpoint, &video()).await.unwrap()];
    for fault in [json!({ "hang": true }), json!({ "garbage": true }), json!({ "status": 502, "code": "x" })] {
        sim.fault("video_list", fault.clone()).await;
        let error = sim.adapter.task_states(&sim.endpoint, &ids).await.unwrap_err();
        assert_eq!(error.fate, Verdict::Retry, "{fault}");
        assert!(sim.adapter.task_states(&sim.endpoint, &ids).await.is_ok());
    }
}

#[tokio::test]
async fn a_task_whose_answer_was_lost_is_found_by_its_attempt() {
    let sim = Sim::start().await;
    let since = chrono::Utc::now();
    let lost = video();
    sim.fault("video_create", json!({ "lose_answer": true })).await;
    let error = sim.adapter.submit_task(&sim.endpoint, &lost).await.unwrap_err();
    assert_eq!(error.fate, Verdict::Unknown);
    for _ in 0..55 {
        sim.adapter.submit_task(&sim.endpoint, &video()).await.unwrap();
    }
    let found = sim.adapter.find_task(&sim.endpoint, VIDEO, &lost.attempt_id, since).await.unwrap();
    let made = &sim.requests("video_create").await[0];
    assert_eq!(found.unwrap().id, made["task_id"]);
    let never = sim.adapter.find_task(&sim.endpoint, VIDEO, &video().attempt_id, since).await.unwrap();
    assert_eq!(never, None);
}

#[tokio::test]
async fn only_a_waiting_task_is_canceled_and_no_record_is_erased() {
    let sim = Sim::start().await;
    let done = sim.adapter.submit_task(&sim.endpoint, &video()).await.unwrap();
    ended(&sim, &done).await;
    assert_eq!(sim.adapter.cancel_task(&sim.endpoint, &done).await, Ok(CancelOutcome::TooLate));
    assert!(matches!(ended(&sim, &done).await.status, TaskStatus::Succeeded { .. }));
    sim.time_scale(1.0).await;
    let waiting = sim.adapter.submit_task(&sim.endpoint, &video()).await.unwrap();
    for _ in 0..2 {
        assert_eq!(sim.adapter.cancel_task(&sim.endpoint, &waiting).await, Ok(CancelOutcome::Canceled));
    }
    assert_eq!(sim.requests("video_cancel").await.len(), 1);
    assert_eq!(sim.adapter.cancel_task(&sim.endpoint, "cgt-0-never").await, Ok(CancelOutcome::Gone));
}

#[tokio::test]
async fn a_lost_answer_to_a_cancel_is_read_again() {
    let sim = Sim::start().await;
    sim.time_scale(1.0).await;
    let waiting = sim.adapter.submit_task(&sim.endpoint, &video()).await.unwrap();
    sim.fault("video_cancel", json!({ "lose_answer": true })).await;
    assert_eq!(sim.adapter.cancel_task(&sim.endpoint, &waiting).await, Ok(CancelOutcome::Canceled));
}
