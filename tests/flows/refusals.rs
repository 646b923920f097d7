//! Bad input: each kind gets its stable code, and nothing is held or charged by it.

use anyhow::ensure;
use domain::{Credits, model::CatalogEntry};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{CHAT, FLAT, IMAGE, VIDEO, answer::send, question, statement, video, world::World};

const CHATS: &str = "/v1/chat/completions";
const JOBS: &str = "/v1/jobs";
/// More than any route takes.
const HUGE_BYTES: usize = 100 * 1024 * 1024;

#[tokio::test]
async fn every_kind_of_bad_input_has_its_code_and_moves_nothing() -> anyhow::Result<()> {
    let world = World::shared().await?;
    let person = world.person("10").await?;
    for (path, body, status, code, param) in table() {
        let answer = send(person.api.post(path, &body)).await?;
        let error = answer.refused(status, code).map_err(|error| error.context(format!("{path} {body}")))?;
        ensure!(param.is_empty() || error["param"] == param, "{path} {body}: {error}");
    }
    for (content_type, body, status, code) in [
        ("application/json", "{\"model\": ", 400, "invalid_json"),
        ("application/json", "", 400, "invalid_json"),
        ("text/plain", "{}", 415, "unsupported_media_type"),
    ] {
        for path in [CHATS, "/v1/embeddings", "/v1/images/generations", JOBS, "/v1/estimates"] {
            let request = person.api.request(Method::POST, path).header("content-type", content_type);
            send(request.body(body)).await?.refused(status, code)?;
        }
    }
    send(person.api.request(Method::GET, "/v1/nothing")).await?.refused(404, "not_found")?;
    send(person.api.request(Method::DELETE, CHATS)).await?.refused(405, "method_not_allowed")?;
    send(world.http.post(format!("{}{CHATS}", world.base_url)).json(&question(CHAT)))
        .await?
        .refused(401, "unauthenticated")?;
    let forged = world.http.post(format!("{}{CHATS}", world.base_url)).bearer_auth(format!("{}x", person.key));
    send(forged.json(&question(CHAT))).await?.refused(401, "invalid_api_key")?;
    let sums = statement::check(&person.api).await?;
    ensure!((sums.held, sums.charged) == (Credits::ZERO, Credits::ZERO), "{sums:?}");
    ensure!(person.api.account().await?.available == Credits::from_whole(10), "bad input moved credits");
    Ok(())
}

/// Path, body, status, code and the parameter at fault.
fn table() -> Vec<(&'static str, Value, u16, &'static str, &'static str)> {
    let chat = |change: Value| changed(question(CHAT), &change);
    let job = |change: Value| changed(video(), &change);
    let params = |params: Value| json!({ "model": VIDEO, "capability": "text_to_video", "params": params });
    vec![
        (CHATS, chat(json!({ "model": "no-such-model" })), 404, "model_not_found", "model"),
        (CHATS, chat(json!({ "model": IMAGE })), 404, "model_not_found", "model"),
        (CHATS, chat(json!({ "model": null })), 400, "invalid_parameter", "model"),
        (CHATS, chat(json!({ "messages": [] })), 400, "invalid_parameter", "messages"),
        (CHATS, chat(json!({ "messages": "hello" })), 400, "invalid_parameter", "messages"),
        (CHATS, chat(json!({ "temperature": 3 })), 400, "invalid_parameter", "temperature"),
        (CHATS, chat(json!({ "max_completion_tokens": -1 })), 400, "invalid_parameter", "max_completion_tokens"),
        (CHATS, chat(json!({ "n": 1e300 })), 400, "invalid_parameter", "n"),
        (CHATS, json!([1, 2]), 400, "invalid_parameter", ""),
        ("/v1/embeddings", json!({ "model": "doubao-embedding-large" }), 400, "invalid_parameter", "input"),
        ("/v1/images/generations", json!({ "model": IMAGE }), 400, "invalid_parameter", "prompt"),
        ("/v1/images/generations", json!({ "model": IMAGE, "prompt": "x", "n": 99 }), 400, "invalid_parameter", "n"),
        (
            "/v1/images/generations",
            json!({ "model": IMAGE, "prompt": "x", "sizes": "1K" }),
            400,
            "invalid_parameter",
            "",
        ),
        (JOBS, job(json!({ "model": "no-such-model" })), 404, "model_not_found", "model"),
        (JOBS, job(json!({ "capability": "chat" })), 404, "model_not_found", "model"),
        (JOBS, job(json!({ "capability": "mind_reading" })), 422, "invalid_parameter", "capability"),
        (JOBS, job(json!({ "parameters": {} })), 422, "invalid_parameter", ""),
        (JOBS, job(json!({ "metadata": "text" })), 422, "invalid_parameter", "metadata"),
        (JOBS, params(json!({})), 422, "invalid_parameter", "prompt"),
        (JOBS, params(json!({ "prompt": "x", "duration": 0 })), 422, "invalid_parameter", "duration"),
        (JOBS, params(json!({ "prompt": "x", "resolution": "8K" })), 422, "invalid_parameter", "resolution"),
        (JOBS, params(json!({ "prompt": "x", "colour": "red" })), 422, "invalid_parameter", ""),
        ("/v1/estimates", params(json!({ "prompt": 7 })), 422, "invalid_parameter", "prompt"),
    ]
}

#[tokio::test]
async fn a_body_of_100_mb_is_refused_while_it_arrives() -> anyhow::Result<()> {
    let world = World::shared().await?;
    let person = world.person("10").await?;
    for path in [CHATS, JOBS] {
        let request = person.api.request(Method::POST, path).header("content-type", "application/json");
        // The gateway may hang up before all is sent; then there is no answer to read.
        if let Ok(answer) = send(request.body(vec![b' '; HUGE_BYTES])).await {
            answer.refused(413, "payload_too_large")?;
        }
    }
    let answer = send(person.api.post(CHATS, &question(FLAT))).await?;
    answer.expect(200)?;
    ensure!(person.api.account().await?.available == Credits::from_whole(9), "a huge body moved credits");
    Ok(())
}

#[test]
fn a_price_that_is_no_number_can_not_be_published() -> anyhow::Result<()> {
    let catalog: Value = serde_json::from_str(include_str!("../../zephyr/seed/catalog/demo.json"))?;
    let with_rate = |rate: Value| {
        let mut entry = catalog[0].clone();
        entry["capabilities"][0]["pricing"]["rates"][0]["tiers"][0]["rate"] = rate;
        entry.to_string()
    };
    ensure!(serde_json::from_str::<CatalogEntry>(&with_rate(json!("1"))).is_ok(), "the price as delivered is refused");
    for rate in ["NaN", "-NaN", "inf", "-1", "1e400", "", "one", "99999999999999999999999999"] {
        let read = serde_json::from_str::<CatalogEntry>(&with_rate(json!(rate)));
        let publishable = read.is_ok_and(|entry| entry.capabilities[0].lint().is_empty());
        ensure!(!publishable, "a rate of {rate:?} can be published");
    }
    ensure!(serde_json::from_str::<CatalogEntry>(&with_rate(json!(0.1))).is_err(), "a float is taken as a rate");
    Ok(())
}

fn changed(mut body: Value, change: &Value) -> Value {
    for (name, value) in change.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    body
}
