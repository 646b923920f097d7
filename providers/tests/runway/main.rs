//! Runway's translation against the simulator, through real HTTP.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::time::Duration;

use domain::{capability::CapabilityKind, id::AttemptId, pricing::Meter};
use providers::{
    Adapter, Call, CancelOutcome, Endpoint, FileKind, KeyAction, TaskState, TaskStatus, Timeouts, Trusted, Verdict,
    code,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

const KEY: &str = "sim-tests-0123456789";
const PNG: &str = "data:image/png;base64,iVBORw0KGgo=";
const PAUSE: Duration = Duration::from_millis(5);

/// A running simulator; it ends with its runtime.
struct Sim {
    adapter: Adapter,
    http: Trusted,
    endpoint: Endpoint,
    origin: String,
    client: reqwest::Client,
}

impl Sim {
    /// A slow one keeps its tasks waiting.
    async fn start(time_scale: f64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let config = simulator::Config { time_scale, ..Default::default() };
        tokio::spawn(simulator::serve(listener, config, std::future::pending()));
        let endpoint = Endpoint { base_url: format!("{origin}/runway/v1"), key: KEY.into() };
        let (short, long) = (Duration::from_secs(2), Duration::from_secs(20));
        let timeouts = Timeouts { connect: long, headers: short, work: short, idle: short, total: long };
        let http = Trusted::new(timeouts).unwrap();
        let adapter = Adapter::named("runway", &http).unwrap();
        Self { adapter, http, endpoint, origin, client: reqwest::Client::new() }
    }

    async fn control(&self, path: &str, body: Value) {
        let answer = self.client.post(format!("{}/_sim/{path}", self.origin)).json(&body).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }

    async fn fault(&self, op: &str, mut fault: Value) {
        fault["match"] = json!({ "provider": "runway", "op": op });
        self.control("faults", json!({ "faults": [fault] })).await;
    }

    async fn calls(&self, op: &str) -> usize {
        let answer = self.client.get(format!("{}/_sim/requests?op={op}", self.origin)).send().await.unwrap();
        answer.json::<Value>().await.unwrap()["requests"].as_array().unwrap().len()
    }

    async fn submit(&self, call: &Call) -> String {
        self.adapter.submit_task(&self.endpoint, call).await.unwrap()
    }

    async fn state(&self, id: &str) -> TaskState {
        self.adapter.task_states(&self.endpoint, &[id.to_owned()]).await.unwrap().remove(0)
    }

    /// Reads a task until it has ended.
    async fn ended(&self, id: &str) -> TaskStatus {
        let reading = async {
            loop {
                let state = self.state(id).await;
                if !state.status.is_open() {
                    return state.status;
                }
                tokio::time::sleep(PAUSE).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), reading).await.unwrap()
    }
}

fn call(model: &str, capability: CapabilityKind, params: Value) -> Call {
    Call {
        attempt_id: AttemptId::from_uuid(uuid::Uuid::now_v7()),
        upstream_model: model.to_owned(),
        capability,
        params,
        callback_url: None,
        end_user_hash: None,
    }
}

fn video() -> Call {
    let params = json!({ "prompt": "a kite", "ratio": "1280:720", "duration": 2 });
    call("gen4.5", CapabilityKind::TextToVideo, params)
}

#[tokio::test]
async fn videos_and_images_are_tasks_with_files() {
    let sim = Sim::start(0.001).await;
    let frames =
        json!({ "image": PNG, "last_frame_image": PNG, "ratio": "1920:1080", "duration": 4, "generate_audio": false });
    let references = json!({ "prompt": "@cat sits", "image": [PNG, PNG], "tags": ["cat"], "ratio": "720:720" });
    for (call, kind, content_type) in [
        (video(), FileKind::Video, "video/mp4"),
        (
            call("gen4_turbo", CapabilityKind::ImageToVideo, json!({ "image": PNG, "ratio": "960:960" })),
            FileKind::Video,
            "video/mp4",
        ),
        (call("veo3.1", CapabilityKind::ImageToVideo, frames), FileKind::Video, "video/mp4"),
        (
            call("gen4_image", CapabilityKind::TextToImage, json!({ "prompt": "x", "ratio": "720:720" })),
            FileKind::Image,
            "image/png",
        ),
        (call("gen4_image_turbo", CapabilityKind::ImageToImage, references), FileKind::Image, "image/png"),
    ] {
        assert!(sim.adapter.works_by_tasks(call.capability));
        let id = sim.submit(&call).await;
        let TaskStatus::Succeeded { outputs, usage, facts } = sim.ended(&id).await else { panic!("not made") };
        assert_eq!((outputs.len(), outputs[0].kind), (1, kind));
        assert_eq!(usage.get(Meter::Image), (kind == FileKind::Image).then_some(1));
        assert_eq!(usage.get(Meter::Second), None, "the request decides it, not upstream");
        assert!(facts["upstream_credits"].as_u64() > Some(0));
        let file = sim.http.download(&outputs[0].url).await.unwrap();
        assert_eq!(file.content_type.as_deref(), Some(content_type));
    }
}

#[tokio::test]
async fn a_task_waits_runs_and_tells_its_progress() {
    let sim = Sim::start(1_000.0).await;
    let id = sim.submit(&video()).await;
    let waiting = sim.state(&id).await;
    assert!(waiting.status == TaskStatus::Queued && waiting.created_at.is_some());
    // A second of waiting, and then it runs for longer than any look may take.
    sim.control("clock", json!({ "time_scale": 0.2 })).await;
    let running = async {
        loop {
            if let TaskStatus::Running { progress } = sim.state(&id).await.status {
                return progress;
            }
        }
    };
    let progress = tokio::time::timeout(Duration::from_secs(20), running).await.unwrap();
    assert!(progress.is_some_and(|percent| percent < 100), "{progress:?}");
}

#[tokio::test]
async fn a_failed_task_says_why_and_is_final() {
    let sim = Sim::start(0.001).await;
    for (upstream, ours) in [("SAFETY.OUTPUT.VIDEO", code::CONTENT_POLICY_VIOLATION), ("INTERNAL", code::ERROR)] {
        sim.fault("text_to_video", json!({ "task_error": { "code": upstream, "message": "Why." } })).await;
        let TaskStatus::Failed { error } = sim.ended(&sim.submit(&video()).await).await else { panic!("not failed") };
        assert_eq!((error.fate, error.code, error.upstream_code.as_deref()), (Verdict::Fail, ours, Some(upstream)));
    }
    sim.fault("text_to_video", json!({ "task_error": { "code": "CANCELLED" } })).await;
    assert_eq!(sim.ended(&sim.submit(&video()).await).await, TaskStatus::Canceled);
}

#[tokio::test]
async fn only_a_waiting_task_is_deleted() {
    let sim = Sim::start(0.001).await;
    let done = sim.submit(&video()).await;
    sim.ended(&done).await;
    assert_eq!(sim.adapter.cancel_task(&sim.endpoint, &done).await, Ok(CancelOutcome::TooLate));
    assert!(matches!(sim.state(&done).await.status, TaskStatus::Succeeded { .. }), "its record is there");
    assert_eq!(sim.calls("task_cancel").await, 0);
    sim.control("clock", json!({ "time_scale": 1_000.0 })).await;
    let waiting = sim.submit(&video()).await;
    for _ in 0..2 {
        assert_eq!(sim.adapter.cancel_task(&sim.endpoint, &waiting).await, Ok(CancelOutcome::Canceled));
    }
    assert_eq!(sim.calls("task_cancel").await, 1);
    assert_eq!(sim.state(&waiting).await.status, TaskStatus::Gone);
}

#[tokio::test]
async fn a_task_that_can_not_be_read_does_not_hide_the_others() {
    let sim = Sim::start(1_000.0).await;
    let ids = [sim.submit(&video()).await, sim.submit(&video()).await, "0000-never".to_owned()];
    for (times, read) in [(1, Some(2)), (3, None)] {
        sim.fault("task_get", json!({ "status": 500, "times": times })).await;
        let states = sim.adapter.task_states(&sim.endpoint, &ids).await;
        assert_eq!(states.as_ref().ok().map(Vec::len), read, "{states:?}");
        assert!(states.is_ok() || states.is_err_and(|error| error.fate == Verdict::Retry));
    }
    let states = sim.adapter.task_states(&sim.endpoint, &ids).await.unwrap();
    assert_eq!(states.iter().map(|state| &state.id).collect::<Vec<_>>(), ids.iter().collect::<Vec<_>>());
    assert_eq!(states[2].status, TaskStatus::Gone);
}

#[tokio::test]
async fn a_lost_answer_to_a_cancel_is_no_lost_task() {
    let sim = Sim::start(1_000.0).await;
    let waiting = sim.submit(&video()).await;
    sim.fault("task_cancel", json!({ "lose_answer": true })).await;
    assert_eq!(sim.adapter.cancel_task(&sim.endpoint, &waiting).await.unwrap_err().fate, Verdict::Retry);
    assert_eq!(sim.adapter.cancel_task(&sim.endpoint, &waiting).await, Ok(CancelOutcome::Canceled));
}

#[tokio::test]
async fn a_submit_whose_answer_is_lost_stays_open_and_can_not_be_found() {
    let sim = Sim::start(0.001).await;
    assert!(!sim.adapter.lists_tasks());
    for fault in
        [json!({ "lose_answer": true }), json!({ "hang": true }), json!({ "garbage": true }), json!({ "status": 502 })]
    {
        sim.fault("text_to_video", fault.clone()).await;
        let error = sim.adapter.submit_task(&sim.endpoint, &video()).await.unwrap_err();
        // A gateway's 502 that speaks like Runway is no proof either.
        assert_eq!(error.fate, Verdict::Unknown, "{fault}");
    }
}

#[tokio::test]
async fn refusals_reach_the_right_one_and_prompts_are_refused_before_any_call() {
    let sim = Sim::start(0.001).await;
    let mut long = video();
    long.params["prompt"] = "𝄞".repeat(501).into();
    let error = sim.adapter.submit_task(&sim.endpoint, &long).await.unwrap_err();
    assert_eq!((error.fate, error.code, error.status), (Verdict::Fail, code::INVALID_REQUEST, None));
    assert_eq!(sim.calls("text_to_video").await, 0);
    let wrong = call("gen4.5", CapabilityKind::TextToVideo, json!({ "prompt": "x", "ratio": "16:9" }));
    let error = sim.adapter.submit_task(&sim.endpoint, &wrong).await.unwrap_err();
    assert_eq!((error.fate, error.code, error.status), (Verdict::Fail, code::INVALID_REQUEST, Some(400)));
    let stranger = Endpoint { key: "key_0".into(), ..sim.endpoint.clone() };
    let error = sim.adapter.submit_task(&stranger, &video()).await.unwrap_err();
    assert_eq!((error.fate, error.code, error.key_action), (Verdict::Retry, code::AUTH, KeyAction::DisableKey));
}
