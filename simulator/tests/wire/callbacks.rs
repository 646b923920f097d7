//! Callbacks of video tasks: what is told, in which order, and again when it was not heard.

use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};
use simulator::Config;
use tokio::sync::mpsc;

use crate::running::{Running, instant};

const PATH: &str = "/contents/generations/tasks";

#[derive(Clone)]
struct Listener {
    heard: mpsc::UnboundedSender<Value>,
    refusals: Arc<Mutex<u32>>,
}

async fn hear(State(listener): State<Listener>, body: axum::Json<Value>) -> StatusCode {
    let _ = listener.heard.send(body.0);
    let mut refusals = listener.refusals.lock().expect("no panic");
    match refusals.checked_sub(1) {
        Some(left) => {
            *refusals = left;
            StatusCode::INTERNAL_SERVER_ERROR
        }
        None => StatusCode::OK,
    }
}

/// A place to call back that refuses so many times, and what it hears.
async fn listen(refusals: u32) -> (String, mpsc::UnboundedReceiver<Value>) {
    let (heard, receiver) = mpsc::unbounded_channel();
    let listener = Listener { heard, refusals: Arc::new(Mutex::new(refusals)) };
    let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}/told", socket.local_addr().expect("an address"));
    let router = axum::Router::new().route("/told", axum::routing::post(hear)).with_state(listener);
    tokio::spawn(async move { axum::serve(socket, router).await.expect("it serves") });
    (url, receiver)
}

fn ask(url: &str, more: Value) -> Value {
    let content = [json!({ "type": "text", "text": "A fox" })];
    let mut body = json!({ "model": "doubao-seedance-2-0-260128", "content": content, "callback_url": url });
    body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    body
}

async fn statuses(heard: &mut mpsc::UnboundedReceiver<Value>, until: &str) -> Vec<String> {
    let mut found = Vec::new();
    while found.last().is_none_or(|last: &String| last != until) {
        let body = heard.recv().await.expect("one more");
        found.push(body["status"].as_str().expect("a status").to_owned());
    }
    found
}

#[tokio::test]
async fn every_change_is_told() {
    let config = Config { queued_ms: 1_000, running_ms: 1_000_000, time_scale: 0.1, ..instant() };
    let sim = Running::start(config).await;
    let (url, mut heard) = listen(0).await;
    let (_, created) = sim.post(PATH, ask(&url, json!({}))).await;
    assert_eq!(statuses(&mut heard, "running").await, ["queued", "running"]);
    sim.control(reqwest::Method::POST, "/_sim/clock", json!({ "time_scale": 0.0001 })).await;
    assert_eq!(statuses(&mut heard, "succeeded").await, ["succeeded"]);
    let (_, task) = sim.get(&format!("{PATH}/{}", created["id"].as_str().expect("an id"))).await;
    assert_eq!(task["status"], "succeeded");
}

#[tokio::test]
async fn the_end_is_told_again_when_it_was_not_heard() {
    let sim = Running::start(Config { running_ms: 2_000, time_scale: 0.01, ..instant() }).await;
    let (url, mut heard) = listen(3).await;
    sim.post(PATH, ask(&url, json!({}))).await;
    let mut ends = 0;
    while ends < 2 {
        ends += u32::from(heard.recv().await.expect("one more")["status"] == "succeeded");
    }
}

#[tokio::test]
async fn a_task_that_waits_too_long_expires() {
    let sim = Running::start(Config { queued_ms: 4_000_000, time_scale: 0.0001, ..instant() }).await;
    let (url, mut heard) = listen(0).await;
    sim.post(PATH, ask(&url, json!({ "execution_expires_after": 3_600 }))).await;
    assert_eq!(statuses(&mut heard, "expired").await, ["queued", "expired"]);
}

#[tokio::test]
async fn a_faster_clock_wakes_those_who_wait() {
    let sim = Running::start(Config { queued_ms: 1_000_000, time_scale: 100.0, ..instant() }).await;
    let (url, mut heard) = listen(0).await;
    sim.post(PATH, ask(&url, json!({}))).await;
    assert_eq!(statuses(&mut heard, "queued").await, ["queued"]);
    let (status, _) = sim.control(reqwest::Method::POST, "/_sim/clock", json!({ "time_scale": 0.0001 })).await;
    assert_eq!(status, 200);
    assert_eq!(statuses(&mut heard, "succeeded").await.last().map(String::as_str), Some("succeeded"));
}
