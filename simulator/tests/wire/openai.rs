//! OpenAI's paths: what their SDK reads, what the provider rejects, and videos from their making to their end.

use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::running::{Running, instant};

async fn read(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    (status, response.json().await.expect("JSON"))
}

async fn post(sim: &Running, path: &str, body: Value) -> (u16, Value) {
    read(sim.openai("sim-test-1", Method::POST, path).json(&body).send().await.expect("an answer")).await
}

async fn get(sim: &Running, path: &str) -> (u16, Value) {
    read(sim.openai("sim-test-1", Method::GET, path).send().await.expect("an answer")).await
}

fn chat(model: &str, more: Value) -> Value {
    let mut body = json!({ "model": model, "messages": [{ "role": "user", "content": "Why is the sea salty?" }] });
    body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    body
}

#[tokio::test]
async fn every_answer_has_the_usual_headers() {
    let sim = Running::start(instant()).await;
    let answer = sim.openai("sim-test-1", Method::GET, "/models").send().await.expect("an answer");
    let header = |name: &str| answer.headers().get(name).is_some_and(|value| !value.is_empty());
    for name in ["x-request-id", "openai-processing-ms", "openai-version", "x-ratelimit-limit-requests"] {
        assert!(header(name), "{name}");
    }
}

#[tokio::test]
async fn errors_have_a_message_a_type_a_param_and_a_code() {
    let sim = Running::start(instant()).await;
    let foreign = sim.openai("nobody", Method::GET, "/models").send().await.expect("an answer");
    let (status, body) = read(foreign).await;
    assert_eq!(
        (status, &body["error"]["code"], &body["error"]["param"]),
        (401, &json!("invalid_api_key"), &Value::Null)
    );
    let table = [
        (json!({ "model": "gpt-9" }), 404, "model_not_found", "model"),
        (json!({ "model": "gpt-4o" }), 400, "missing_required_parameter", "messages"),
        (chat("gpt-5-mini", json!({ "max_tokens": 5 })), 400, "unsupported_parameter", "max_tokens"),
        (chat("gpt-4o", json!({ "temperature": 3 })), 400, "invalid_value", "temperature"),
        (chat("gpt-image-2", json!({})), 400, "invalid_value", "model"),
    ];
    for (body, wanted, code, param) in table {
        let (status, answer) = post(&sim, "/chat/completions", body).await;
        let error = &answer["error"];
        assert_eq!((status, &error["code"], &error["param"]), (wanted, &json!(code), &json!(param)), "{answer}");
        assert!(error["message"].is_string() && error["type"].is_string());
    }
    let (status, body) = get(&sim, "/models/gpt-9").await;
    assert_eq!((status, &body["error"]["code"]), (404, &json!("model_not_found")));
    sim.fault(json!({ "match": { "provider": "openai" }, "status": 429, "code": "insufficient_quota" })).await;
    let (status, body) = post(&sim, "/chat/completions", chat("gpt-4o", json!({}))).await;
    assert_eq!((status, &body["error"]["type"]), (429, &json!("insufficient_quota")));
}

#[tokio::test]
async fn reasoning_is_counted_and_not_told() {
    let sim = Running::start(instant()).await;
    let (_, whole) = post(&sim, "/chat/completions", chat("gpt-6-luna", json!({}))).await;
    assert!(whole["usage"]["completion_tokens_details"]["reasoning_tokens"].as_u64() > Some(0));
    assert!(whole["choices"][0]["message"].get("reasoning_content").is_none());
    let (_, plain) = post(&sim, "/chat/completions", chat("gpt-4o-mini", json!({ "max_tokens": 5 }))).await;
    assert_eq!(plain["usage"]["completion_tokens"], 5);
}

#[tokio::test]
async fn image_fields_are_read_strictly() {
    let sim = Running::start(instant()).await;
    let ask = |more: Value| {
        let mut body = json!({ "model": "gpt-image-2", "prompt": "A red fox" });
        body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        body
    };
    for (more, code) in [
        (json!({ "size": "1000x1000" }), "invalid_value"),
        (json!({ "size": "3840x3840" }), "invalid_value"),
        (json!({ "quality": "max" }), "invalid_value"),
        (json!({ "n": 11 }), "invalid_value"),
        (json!({ "response_format": "url" }), "unknown_parameter"),
        (json!({ "image": "data:image/png;base64,aa==" }), "unknown_parameter"),
        (json!({ "output_format": "jpeg", "background": "transparent" }), "invalid_value"),
        (json!({ "prompt": "gore" }), "moderation_blocked"),
    ] {
        let (status, body) = post(&sim, "/images/generations", ask(more.clone())).await;
        assert_eq!((status, &body["error"]["code"]), (400, &json!(code)), "{more}");
    }
    let (status, body) = post(&sim, "/images/generations", ask(json!({ "quality": "high", "n": 2 }))).await;
    assert_eq!((status, &body["usage"]["output_tokens"]), (200, &json!(8_320)));
    let streamed = ask(json!({ "stream": true, "partial_images": 2 }));
    let answer = sim.openai("sim-test-1", Method::POST, "/images/generations").json(&streamed).send().await;
    let text = answer.expect("an answer").text().await.expect("a stream");
    let types: Vec<Value> = text
        .split("\n\n")
        .filter_map(|event| event.strip_prefix("data: "))
        .map(|data| serde_json::from_str::<Value>(data).expect("JSON")["type"].clone())
        .collect();
    let partial = "image_generation.partial_image";
    assert_eq!(types, [partial, partial, "image_generation.completed"]);
}

#[tokio::test]
async fn a_video_ages_and_is_fetched_and_erased() {
    let sim = Running::start(instant()).await;
    let ask = json!({ "model": "sora-2", "prompt": "A kite", "seconds": "4", "size": "1280x720" });
    let (status, video) = post(&sim, "/videos", ask).await;
    assert_eq!((status, &video["object"], &video["seconds"]), (200, &json!("video"), &json!("4")), "{video}");
    let path = format!("/videos/{}", video["id"].as_str().expect("an id"));
    let (_, ended) = get(&sim, &path).await;
    assert_eq!((&ended["status"], &ended["progress"]), (&json!("completed"), &json!(100)));
    let film = sim.openai("sim-test-1", Method::GET, &format!("{path}/content")).send().await.expect("an answer");
    assert_eq!(film.headers()["content-type"], "video/mp4");
    assert_eq!(&film.bytes().await.expect("bytes")[4..8], b"ftyp");
    let (_, list) = get(&sim, "/videos?limit=1").await;
    assert_eq!((&list["data"][0]["id"], &list["has_more"]), (&video["id"], &json!(false)));
    let erased = sim.openai("sim-test-1", Method::DELETE, &path).send().await.expect("an answer");
    assert_eq!(read(erased).await.1, json!({ "id": video["id"], "object": "video.deleted", "deleted": true }));
    assert_eq!(get(&sim, &path).await.0, 404);
}

#[tokio::test]
async fn a_video_that_fails_says_why_and_a_wrong_one_is_refused() {
    let sim = Running::start(instant()).await;
    let ask = |more: Value| {
        let mut body = json!({ "model": "sora-2", "prompt": "A kite" });
        body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        body
    };
    let why = json!({ "code": "video_generation_failed", "message": "Why." });
    sim.fault(json!({ "match": { "op": "video_create" }, "task_error": why })).await;
    let (_, video) = post(&sim, "/videos", ask(json!({}))).await;
    let (_, failed) = get(&sim, &format!("/videos/{}", video["id"].as_str().expect("an id"))).await;
    assert_eq!((&failed["status"], &failed["error"]), (&json!("failed"), &why));
    for wrong in [json!({ "seconds": 4 }), json!({ "seconds": "5" }), json!({ "size": "1x1" })] {
        assert_eq!(post(&sim, "/videos", ask(wrong)).await.0, 400);
    }
}
