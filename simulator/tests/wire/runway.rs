//! `/runway/v1`: the three creates, tasks through their states, the organization, and what is refused.

use reqwest::Method;
use serde_json::{Value, json};
use simulator::Config;

use crate::running::{Running, instant};

const PNG: &str = "data:image/png;base64,iVBORw0KGgo=";

fn film() -> Value {
    json!({ "model": "gen4.5", "promptText": "A fox", "ratio": "1280:720", "duration": 5 })
}

async fn create(sim: &Running, path: &str, body: Value) -> String {
    let (status, made) = sim.runway(Method::POST, path, Some(body)).await;
    assert_eq!(status, 200, "{made}");
    made["id"].as_str().expect("an id").to_owned()
}

async fn task(sim: &Running, id: &str) -> Value {
    let (status, task) = sim.runway(Method::GET, &format!("/tasks/{id}"), None).await;
    assert_eq!(status, 200, "{task}");
    task
}

async fn issues(sim: &Running, path: &str, body: Value) -> Vec<String> {
    let (status, refused) = sim.runway(Method::POST, path, Some(body)).await;
    assert_eq!((status, refused["error"].as_str()), (400, Some("Validation of body failed")), "{refused}");
    let paths = refused["issues"].as_array().expect("issues").iter().map(|issue| &issue["path"][0]);
    paths.map(|path| path.as_str().expect("a field").to_owned()).collect()
}

#[tokio::test]
async fn each_create_makes_a_real_file_and_states_its_cost() {
    let sim = Running::start(instant()).await;
    let from_image = json!({ "model": "gen4_turbo", "promptImage": PNG, "ratio": "960:960", "duration": 2 });
    let picture = json!({ "model": "gen4_image", "promptText": "A fox", "ratio": "1920:1080" });
    let silent = json!({ "model": "veo3.1", "promptText": "A fox", "ratio": "720:1280", "audio": false });
    for (path, body, kind, credits) in [
        ("/text_to_video", film(), "video/mp4", 60),
        ("/image_to_video", from_image, "video/mp4", 10),
        ("/text_to_video", silent, "video/mp4", 160),
        ("/text_to_image", picture, "image/png", 8),
    ] {
        let (_, made) = sim.runway(Method::POST, path, Some(body)).await;
        assert_eq!(made["estimatedCost"]["credits"], credits, "{made}");
        let task = task(&sim, made["id"].as_str().expect("an id")).await;
        assert_eq!((task["status"].as_str(), &task["cost"]["credits"]), (Some("SUCCEEDED"), &json!(credits)));
        assert_eq!(sim.file(&task["output"][0]).await.0, kind);
    }
    let (_, organization) = sim.runway(Method::GET, "/organization", None).await;
    assert_eq!(organization["usage"]["models"]["gen4.5"]["dailyGenerations"], 1);
    assert_eq!(organization["creditBalance"], 10_000_000 - 238);
}

#[tokio::test]
async fn tasks_wait_for_a_place_for_a_machine_and_run() {
    let config =
        Config { queued_ms: 1_000, running_ms: 1_000_000, runway_concurrency: 1, time_scale: 1_000.0, ..instant() };
    let sim = Running::start(config).await;
    let (first, second) = (create(&sim, "/text_to_video", film()).await, create(&sim, "/text_to_video", film()).await);
    assert_eq!(task(&sim, &first).await["status"], "PENDING");
    assert_eq!(task(&sim, &second).await["status"], "THROTTLED");
    sim.control(Method::POST, "/_sim/clock", json!({ "time_scale": 0.001 })).await;
    let running = loop {
        let task = task(&sim, &first).await;
        if task["status"] != "PENDING" {
            break task;
        }
    };
    assert!(
        running["status"] == "RUNNING" && running["progress"].as_f64().is_some_and(|part| (0.0..1.0).contains(&part))
    );
    assert_eq!(running["estimatedCost"]["credits"], 60);
}

#[tokio::test]
async fn failures_and_cancels_say_what_was_charged() {
    let sim = Running::start(instant()).await;
    for (code, charged) in [("SAFETY.OUTPUT.VIDEO", 60), ("INTERNAL.BAD_OUTPUT.CODE01", 0), ("", 0)] {
        sim.fault(json!({ "match": { "op": "text_to_video" }, "task_error": { "code": code, "message": "Why." } }))
            .await;
        let failed = task(&sim, &create(&sim, "/text_to_video", film()).await).await;
        assert_eq!((failed["status"].as_str(), failed["failure"].as_str()), (Some("FAILED"), Some("Why.")));
        assert_eq!((failed["failureCode"].as_str().unwrap_or(""), &failed["cost"]["credits"]), (code, &json!(charged)));
    }
    let moderated = json!({ "model": "gen4.5", "promptText": "gore", "ratio": "1280:720", "duration": 5 });
    let failed = task(&sim, &create(&sim, "/text_to_video", moderated).await).await;
    assert_eq!(failed["failureCode"], "SAFETY.INPUT.TEXT");
    sim.fault(json!({ "task_error": { "code": "CANCELLED" } })).await;
    let canceled = task(&sim, &create(&sim, "/text_to_video", film()).await).await;
    assert_eq!((canceled["status"].as_str(), &canceled["cost"]["credits"]), (Some("CANCELLED"), &json!(0)));
}

#[tokio::test]
async fn a_deleted_task_is_gone_whatever_it_was() {
    let sim = Running::start(Config { queued_ms: 1_000_000, ..instant() }).await;
    let id = create(&sim, "/text_to_video", film()).await;
    let path = format!("/tasks/{id}");
    assert_eq!(sim.runway(Method::DELETE, &path, None).await, (204, Value::Null));
    for method in [Method::GET, Method::DELETE] {
        let (status, body) = sim.runway(method, &path, None).await;
        assert!(status == 404 && body["error"].is_string(), "{body}");
    }
}

#[tokio::test]
async fn a_wrong_body_lists_everything_that_is_wrong() {
    let sim = Running::start(instant()).await;
    let wrong = json!({ "model": "gen4.5", "ratio": "16:9", "duration": 11, "seed": -1, "promptText": null });
    assert_eq!(issues(&sim, "/text_to_video", wrong).await, ["promptText", "ratio", "duration", "seed"]);
    let silent = json!({ "model": "gen4_turbo", "promptImage": "http://a/b.png", "ratio": "960:960", "audio": true });
    assert_eq!(issues(&sim, "/image_to_video", silent).await, ["promptImage", "audio"]);
    let unreferred = json!({ "model": "gen4_image_turbo", "promptText": "x", "ratio": "720:720" });
    assert_eq!(issues(&sim, "/text_to_image", unreferred).await, ["referenceImages"]);
    assert_eq!(issues(&sim, "/text_to_video", json!({ "model": "gen4_turbo" })).await, ["model"]);
    let prompt = |text: String| json!({ "model": "gen4.5", "promptText": text, "ratio": "1280:720", "duration": 5 });
    assert_eq!(issues(&sim, "/text_to_video", prompt("𝄞".repeat(501))).await, ["promptText"]);
    create(&sim, "/text_to_video", prompt("𝄞".repeat(500))).await;
}

#[tokio::test]
async fn keys_versions_and_a_days_limit_are_checked() {
    let sim = Running::start(Config { runway_daily: 1, ..instant() }).await;
    let url = format!("{}/runway/v1/organization", sim.url);
    let client = reqwest::Client::new();
    let bad = client.get(&url).bearer_auth("key_0").header("x-runway-version", "2024-11-06").send().await.expect("it");
    assert_eq!(
        (bad.status().as_u16(), bad.json::<Value>().await.expect("JSON")),
        (401, json!({ "error": "Unauthorized" }))
    );
    let old = client.get(&url).bearer_auth("sim-a-1").send().await.expect("an answer");
    assert_eq!(old.status().as_u16(), 400);
    create(&sim, "/text_to_video", film()).await;
    let (status, refused) = sim.runway(Method::POST, "/text_to_video", Some(film())).await;
    assert!(status == 429 && refused["error"].as_str().is_some_and(|error| error.contains("daily")), "{refused}");
}
