//! `/_sim/faults`, `/_sim/requests`, `/_sim/reset`.

use reqwest::Method;
use serde_json::{Value, json};

use crate::running::{Running, instant};

const CHAT: &str = "/chat/completions";
const TASKS: &str = "/contents/generations/tasks";

fn chat() -> Value {
    json!({ "model": "doubao-seed-2-1-pro-260628", "messages": [{ "role": "user", "content": "Hello there" }] })
}

fn film() -> Value {
    json!({ "model": "doubao-seedance-2-0-260128", "content": [{ "type": "text", "text": "A fox" }] })
}

#[tokio::test]
async fn a_refusal_strikes_the_calls_that_match_so_many_times() {
    let sim = Running::start(instant()).await;
    let matches = json!({ "provider": "ark", "op": "chat", "key": "sim-bad", "model": "doubao-seed-2-1-pro-260628" });
    sim.fault(json!({ "match": matches, "times": 2, "status": 429, "code": "ServerOverloaded", "retry_after": 3 }))
        .await;
    let mut found = Vec::new();
    for key in ["sim-bad-1", "sim-good-1", "sim-bad-2", "sim-bad-1"] {
        let answer = sim.ark_as(key, Method::POST, CHAT).json(&chat()).send().await.expect("an answer");
        if answer.status() == 429 {
            assert_eq!(answer.headers()["retry-after"], "3");
        }
        found.push(answer.status().as_u16());
    }
    assert_eq!(found, [429, 200, 429, 200]);
    let accepted: Vec<bool> =
        sim.requests("chat").await.iter().filter_map(|request| request["accepted"].as_bool()).collect();
    assert_eq!(accepted, [false, true, false, true]);
}

#[tokio::test]
async fn a_lost_answer_was_work_done() {
    let sim = Running::start(instant()).await;
    sim.fault(json!({ "match": { "op": "video_create" }, "lose_answer": true })).await;
    let request = sim.ark(Method::POST, TASKS).header("x-client-request-id", "att_1").json(&film());
    assert!(request.send().await.is_err());
    let request = &sim.requests("video_create").await[0];
    assert_eq!((request["accepted"].as_bool(), request["outcome"].as_str()), (Some(true), Some("lost")));
    assert_eq!((request["client_request_id"].as_str(), request["status"].is_null()), (Some("att_1"), true));
    assert_eq!(request["key"], "test-1");
    let (_, tasks) = sim.get(TASKS).await;
    assert_eq!(tasks["items"][0]["id"], request["task_id"]);
}

#[tokio::test]
async fn a_stream_is_cut_after_so_many_chunks() {
    let sim = Running::start(instant()).await;
    sim.fault(json!({ "match": { "op": "chat" }, "cut_after_chunks": 3 })).await;
    let mut body = chat();
    body["stream"] = json!(true);
    let mut answer = sim.ark(Method::POST, CHAT).json(&body).send().await.expect("an answer");
    let mut text = String::new();
    let broken = loop {
        match answer.chunk().await {
            Ok(Some(bytes)) => text.push_str(&String::from_utf8_lossy(&bytes)),
            Ok(None) => break false,
            Err(_) => break true,
        }
    };
    assert!(broken);
    assert_eq!(text.matches("data: ").count(), 3);
    let request = &sim.requests("chat").await[0];
    assert_eq!((request["accepted"].as_bool(), request["outcome"].as_str()), (Some(true), Some("cut")));
}

#[tokio::test]
async fn a_client_that_leaves_is_noticed() {
    let config = simulator::Config { chunk_ms: 600_000, ..instant() };
    let sim = Running::start(config).await;
    let mut body = chat();
    body["stream"] = json!(true);
    let mut answer = sim.ark(Method::POST, CHAT).json(&body).send().await.expect("an answer");
    assert!(answer.chunk().await.expect("a chunk").is_some());
    drop(answer);
    loop {
        let outcome = sim.requests("chat").await[0]["outcome"].clone();
        if outcome == "client_gone" {
            break;
        }
        assert_eq!(outcome, "pending");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_hang_never_answers_and_charges_nothing() {
    let sim = Running::start(instant()).await;
    sim.fault(json!({ "match": { "op": "images" }, "hang": true })).await;
    let body = json!({ "model": "doubao-seedream-4-0-250828", "prompt": "A fox" });
    let request = sim.ark(Method::POST, "/images/generations").json(&body);
    let error = request.timeout(std::time::Duration::from_secs(2)).send().await.expect_err("no answer");
    assert!(error.is_timeout());
    let request = &sim.requests("images").await[0];
    assert_eq!((request["accepted"].as_bool(), request["outcome"].as_str()), (Some(false), Some("hung")));
}

#[tokio::test]
async fn garbage_and_wrong_usage() {
    let sim = Running::start(instant()).await;
    sim.fault(json!({ "match": { "op": "chat" }, "garbage": true })).await;
    assert_eq!(sim.post(CHAT, chat()).await, (200, Value::Null));
    let wrong = json!({ "completion_tokens": -1, "total_tokens": 9_000_000_000_000_000_000_u64 });
    sim.fault(json!({ "match": { "op": "chat" }, "wrong_usage": wrong })).await;
    let (_, body) = sim.post(CHAT, chat()).await;
    assert_eq!(body["usage"]["completion_tokens"], -1);
    sim.fault(json!({ "match": { "op": "video_create" }, "wrong_usage": { "completion_tokens": null } })).await;
    let (_, made) = sim.post(TASKS, film()).await;
    let (_, task) = sim.get(&format!("{TASKS}/{}", made["id"].as_str().expect("an id"))).await;
    assert!(task["usage"]["completion_tokens"].is_null());
}

#[tokio::test]
async fn a_task_can_be_made_to_fail() {
    let sim = Running::start(instant()).await;
    let error = json!({ "code": "InternalServiceError", "message": "broken" });
    sim.fault(json!({ "match": { "op": "video_create" }, "task_error": error })).await;
    let (_, made) = sim.post(TASKS, film()).await;
    let (_, task) = sim.get(&format!("{TASKS}/{}", made["id"].as_str().expect("an id"))).await;
    assert_eq!((task["status"].as_str(), &task["error"]), (Some("failed"), &error));
    assert!(task.get("usage").is_none());
}

#[tokio::test]
async fn probable_faults_follow_the_seed() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let sim = Running::start(instant()).await;
        sim.fault(json!({ "probability": 0.5, "forever": true, "status": 500 })).await;
        let mut found = Vec::new();
        for _ in 0..20 {
            found.push(sim.post(CHAT, chat()).await.0);
        }
        assert!(found.contains(&200) && found.contains(&500));
        runs.push(found);
    }
    assert_eq!(runs[0], runs[1]);
}

#[tokio::test]
async fn bad_faults_are_refused_and_reset_forgets() {
    let sim = Running::start(instant()).await;
    for fault in
        [json!({ "status": 200 }), json!({ "times": 0 }), json!({ "typo": 1 }), json!({ "delay_ms": 10_000_000 })]
    {
        let (status, _) = sim.control(Method::POST, "/_sim/faults", json!({ "faults": [fault] })).await;
        assert!((400..=422).contains(&status));
    }
    sim.fault(json!({ "status": 500 })).await;
    sim.post(TASKS, film()).await;
    sim.fault(json!({ "status": 500 })).await;
    assert_eq!(sim.control(Method::POST, "/_sim/reset", json!({})).await.0, 204);
    assert!(sim.requests("").await.is_empty());
    assert_eq!(sim.post(CHAT, chat()).await.0, 200);
    let (_, body) = sim.control(Method::GET, "/_sim/requests?since=1", json!({})).await;
    assert_eq!((body["requests"][0]["seq"].as_u64(), body["last_seq"].as_u64()), (Some(2), Some(2)));
}
