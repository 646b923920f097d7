//! `/contents/generations/tasks`.

use reqwest::Method;
use serde_json::{Value, json};
use simulator::Config;

use crate::running::{Running, instant};

const PATH: &str = "/contents/generations/tasks";
const SECOND: &str = "doubao-seedance-2-0-260128";
const FIRST: &str = "doubao-seedance-1-0-pro-250528";

fn ask(model: &str, text: &str, more: Value) -> Value {
    let mut body = json!({ "model": model, "content": [{ "type": "text", "text": text }] });
    body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    body
}

async fn create(sim: &Running, body: Value) -> String {
    let (status, made) = sim.post(PATH, body).await;
    assert_eq!(status, 200, "{made}");
    made["id"].as_str().expect("an id").to_owned()
}

async fn made(sim: &Running, body: Value) -> Value {
    let id = create(sim, body).await;
    sim.get(&format!("{PATH}/{id}")).await.1
}

fn waits() -> Config {
    Config { queued_ms: 1_000_000, ..instant() }
}

fn runs() -> Config {
    Config { running_ms: 1_000_000, ..instant() }
}

#[tokio::test]
async fn a_finished_task_shows_what_was_made_and_charged() {
    let sim = Running::start(instant()).await;
    let more = json!({ "safety_identifier": "hash", "return_last_frame": true, "seed": 11, "priority": 2 });
    let (_, created) = sim.post(PATH, ask(SECOND, "A fox", more)).await;
    assert_eq!(created["safety_identifier"], "hash");
    let id = created["id"].as_str().expect("an id");
    assert!(id.starts_with("cgt-20") && id.len() == "cgt-20261122183217-abcde".len());
    let (_, task) = sim.get(&format!("{PATH}/{id}")).await;
    assert_eq!(task["status"], "succeeded");
    assert_eq!(task["usage"], json!({ "completion_tokens": 108_900, "total_tokens": 108_900 }));
    assert_eq!(
        (task["seed"].as_i64(), task["framespersecond"].as_i64(), task["priority"].as_i64()),
        (Some(11), Some(24), Some(2))
    );
    assert_eq!(
        (task["resolution"].as_str(), task["ratio"].as_str(), task["duration"].as_i64()),
        (Some("720p"), Some("16:9"), Some(5))
    );
    assert_eq!(
        (task["service_tier"].as_str(), task["execution_expires_after"].as_i64()),
        (Some("default"), Some(172_800))
    );
    assert_eq!((task["generate_audio"].as_bool(), task["safety_identifier"].as_str()), (Some(true), Some("hash")));
    let (kind, film) = sim.file(&task["content"]["video_url"]).await;
    assert_eq!(kind, "video/mp4");
    assert_eq!(film_facts(&film), (1280, 720, 121));
    let (kind, _) = sim.file(&task["content"]["last_frame_url"]).await;
    assert_eq!(kind, "image/png");
}

/// Width, height and frames as the film's own index tells them.
fn film_facts(film: &[u8]) -> (u32, u32, u32) {
    let after = |name: &[u8], skip: usize| {
        let start = film.windows(4).position(|window| window == name).expect("a part") + 4 + skip;
        u32::from_be_bytes(film[start..start + 4].try_into().expect("four bytes"))
    };
    (after(b"tkhd", 76) >> 16, after(b"tkhd", 80) >> 16, after(b"stsz", 8))
}

#[tokio::test]
async fn pixels_follow_family_resolution_and_ratio() {
    let sim = Running::start(instant()).await;
    let cases = [
        (SECOND, json!({ "resolution": "480p", "ratio": "9:16" }), (496, 864, 121)),
        (SECOND, json!({ "resolution": "720p", "ratio": "21:9", "duration": 4 }), (1470, 630, 97)),
        (SECOND, json!({ "resolution": "1080p", "ratio": "1:1", "duration": -1 }), (1440, 1440, 121)),
        (FIRST, json!({}), (1920, 1088, 121)),
        (FIRST, json!({ "resolution": "480p", "frames": 57, "duration": 3 }), (864, 480, 57)),
        ("doubao-seedance-2-5-260628", json!({ "resolution": "480p", "duration": 30 }), (854, 480, 721)),
    ];
    for (model, more, facts) in cases {
        let task = made(&sim, ask(model, "A fox runs through deep snow at dawn", more.clone())).await;
        let (_, film) = sim.file(&task["content"]["video_url"]).await;
        assert_eq!(film_facts(&film), facts, "{model} {more}");
        assert_eq!(task["usage"]["completion_tokens"], facts.0 * facts.1 * facts.2 / 1_024);
        assert!(film.len() < 2_000_000, "{} bytes", film.len());
    }
}

#[tokio::test]
async fn flags_in_the_text_are_lenient_and_fields_are_strict() {
    let sim = Running::start(instant()).await;
    let flags = "A fox --rs 480p --rt 1:1 --dur 3 --seed 9 --watermark true --fps 24 --resolution 9000p";
    let task = made(&sim, ask(FIRST, flags, json!({}))).await;
    assert_eq!(
        (task["ratio"].as_str(), task["duration"].as_i64(), task["seed"].as_i64()),
        (Some("1:1"), Some(3), Some(9))
    );
    let task = made(&sim, ask(FIRST, "A fox --dur 99 --rs 480p", json!({ "resolution": "720p" }))).await;
    assert_eq!((task["resolution"].as_str(), task["duration"].as_i64()), (Some("720p"), Some(5)));
    let cases = [
        (FIRST, json!({ "duration": 99 })),
        (FIRST, json!({ "frames": 30 })),
        (SECOND, json!({ "frames": 29 })),
        (SECOND, json!({ "resolution": "2K" })),
        (SECOND, json!({ "ratio": "5:4" })),
        (SECOND, json!({ "service_tier": "flex" })),
        (SECOND, json!({ "camera_fixed": true })),
        (FIRST, json!({ "generate_audio": true })),
        (FIRST, json!({ "draft": true })),
        (SECOND, json!({ "execution_expires_after": 60 })),
        (SECOND, json!({ "callback_url": "ftp://x" })),
        (SECOND, json!({ "safety_identifier": "x".repeat(65) })),
        ("doubao-seedance-1-5-pro-251215", json!({ "draft": true, "resolution": "720p" })),
        ("doubao-seedance-2-0-fast-260128", json!({ "resolution": "1080p" })),
    ];
    for (model, more) in cases {
        let (status, body) = sim.post(PATH, ask(model, "A fox", more.clone())).await;
        assert_eq!((status, body["error"]["code"].as_str()), (400, Some("InvalidParameter")), "{model} {more}");
    }
}

#[tokio::test]
async fn frames_and_references_do_not_mix() {
    let sim = Running::start(instant()).await;
    let image =
        |role: Value| json!({ "type": "image_url", "image_url": { "url": "https://e.com/a.png" }, "role": role });
    let audio =
        json!({ "type": "audio_url", "audio_url": { "url": "https://e.com/a.mp3" }, "role": "reference_audio" });
    let refused = [
        (SECOND, vec![image(json!("first_frame")), image(json!("reference_image"))]),
        (SECOND, vec![image(json!("last_frame"))]),
        (SECOND, vec![audio.clone()]),
        (FIRST, vec![image(json!("reference_image"))]),
        ("doubao-seedance-1-0-lite-t2v-250428", vec![image(Value::Null)]),
        ("doubao-seedance-1-0-lite-i2v-250428", vec![json!({ "type": "text", "text": "A fox" })]),
    ];
    for (model, content) in refused {
        let (status, body) = sim.post(PATH, json!({ "model": model, "content": content })).await;
        let expected = (400, Some("InvalidParameter.TaskTypeConstraint"));
        assert_eq!((status, body["error"]["code"].as_str()), expected, "{model} {content:?}");
    }
    let video =
        json!({ "type": "video_url", "video_url": { "url": "https://e.com/a.mp4" }, "role": "reference_video" });
    let task = made(&sim, json!({ "model": SECOND, "content": [video, audio] })).await;
    assert_eq!(task["usage"]["completion_tokens"], 1280 * 720 * (121 + 120) / 1_024);
    let task = made(&sim, json!({ "model": FIRST, "content": [image(Value::Null)] })).await;
    assert_eq!(task["status"], "succeeded");
}

#[tokio::test]
async fn only_queued_tasks_can_be_cancelled() {
    let sim = Running::start(waits()).await;
    let id = create(&sim, ask(SECOND, "A fox", json!({}))).await;
    let path = format!("{PATH}/{id}");
    assert_eq!(sim.get(&path).await.1["status"], "queued");
    assert_eq!(sim.delete(&path).await, (200, json!({})));
    assert_eq!(sim.get(&path).await.1["status"], "cancelled");
    assert_eq!(sim.delete(&path).await.0, 409);
}

#[tokio::test]
async fn running_tasks_can_not_be_deleted_and_ended_ones_are_erased() {
    let sim = Running::start(runs()).await;
    let path = format!("{PATH}/{}", create(&sim, ask(SECOND, "A fox", json!({}))).await);
    let (_, task) = sim.get(&path).await;
    assert_eq!(task["status"], "running");
    assert!(task.get("usage").is_none() && task.get("content").is_none());
    assert_eq!(sim.delete(&path).await.0, 409);
    sim.control(Method::POST, "/_sim/reset", json!({})).await;
    assert_eq!(sim.get(&path).await.0, 404);

    let sim = Running::start(instant()).await;
    let path = format!("{PATH}/{}", create(&sim, ask(SECOND, "A fox", json!({}))).await);
    assert_eq!(sim.delete(&path).await, (200, json!({})));
    let (status, body) = sim.get(&path).await;
    assert_eq!((status, body["error"]["code"].as_str()), (404, Some("NotFound.Task")));
}

#[tokio::test]
async fn lists_filter_and_page_within_the_account() {
    let sim = Running::start(instant()).await;
    let mut ids = Vec::new();
    for number in 0..5 {
        let model = if number % 2 == 0 { SECOND } else { FIRST };
        ids.push(create(&sim, ask(model, "A fox", json!({}))).await);
    }
    let running = &sim;
    let listed = |query: String| async move { running.get(&format!("{PATH}?{query}")).await.1 };
    let page = listed("page_num=2&page_size=2".into()).await;
    assert_eq!(page["total"], 5);
    let found: Vec<&str> =
        page["items"].as_array().expect("a list").iter().filter_map(|task| task["id"].as_str()).collect();
    assert_eq!(found, [ids[2].as_str(), ids[1].as_str()]);
    assert_eq!(listed(format!("filter.model={FIRST}")).await["total"], 2);
    assert_eq!(listed(format!("filter.task_ids={}&filter.task_ids={}", ids[0], ids[4])).await["total"], 2);
    assert_eq!(listed("filter.status=queued".into()).await["total"], 0);
    assert_eq!(listed("filter.service_tier=default".into()).await["total"], 5);
    assert_eq!(sim.get(&format!("{PATH}?page_size=0")).await.0, 400);
    let other = sim.ark_as("sim-other-1", Method::GET, PATH).send().await.expect("an answer");
    assert_eq!(other.json::<Value>().await.expect("JSON")["total"], 0);
    let sibling = sim.ark_as("sim-test-2", Method::GET, PATH).send().await.expect("an answer");
    assert_eq!(sibling.json::<Value>().await.expect("JSON")["total"], 5);
}

#[tokio::test]
async fn a_full_queue_refuses() {
    let sim = Running::start(Config { max_queued_videos: 2, ..waits() }).await;
    for _ in 0..2 {
        create(&sim, ask(SECOND, "A fox", json!({}))).await;
    }
    let (status, body) = sim.post(PATH, ask(SECOND, "A fox", json!({}))).await;
    assert_eq!((status, body["error"]["code"].as_str()), (429, Some("QuotaExceeded")));
}

#[tokio::test]
async fn a_draft_can_be_finished() {
    let sim = Running::start(instant()).await;
    let model = "doubao-seedance-1-5-pro-251215";
    let draft = made(&sim, ask(model, "A fox", json!({ "draft": true }))).await;
    assert_eq!((draft["draft"].as_bool(), draft["resolution"].as_str()), (Some(true), Some("480p")));
    let content = json!([{ "type": "draft_task", "draft_task": { "id": draft["id"] } }]);
    let task = made(&sim, json!({ "model": model, "content": content })).await;
    assert_eq!(task["draft_task_id"], draft["id"]);
}

#[tokio::test]
async fn a_range_of_a_film_can_be_asked_for() {
    let sim = Running::start(instant()).await;
    let task = made(&sim, ask(SECOND, "A fox", json!({}))).await;
    let url = task["content"]["video_url"].as_str().expect("a link");
    let request = reqwest::Client::new().get(url).header("range", "bytes=4-7");
    let response = request.send().await.expect("an answer");
    assert_eq!(response.status(), 206);
    assert_eq!(&response.bytes().await.expect("bytes")[..], b"ftyp");
}
