//! `POST /chat/completions`.

use serde_json::{Value, json};

use crate::running::{Running, instant};

const PATH: &str = "/chat/completions";
const MODEL: &str = "doubao-seed-2-1-pro-260628";

fn ask(more: Value) -> Value {
    let mut body = json!({ "model": MODEL, "messages": [{ "role": "user", "content": "Why is the sea salty?" }] });
    body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    body
}

#[tokio::test]
async fn answers_follow_from_the_prompt_and_nulls_count_as_absent() {
    let sim = Running::start(instant()).await;
    let nulls = json!({ "tools": null, "stream": null, "temperature": null, "stop": null, "stream_options": null });
    let (status, first) = sim.post(PATH, ask(nulls)).await;
    let (_, second) = sim.post(PATH, ask(json!({}))).await;
    assert_eq!(status, 200);
    assert_eq!(first["choices"], second["choices"]);
    assert_eq!(first["object"], "chat.completion");
    let message = &first["choices"][0]["message"];
    assert!(message["content"].as_str().expect("text").contains("Why is the sea salty?"));
    assert!(message["reasoning_content"].is_string());
}

#[tokio::test]
async fn usage_adds_up_and_max_completion_tokens_limits_reasoning_too() {
    let sim = Running::start(instant()).await;
    let (_, body) = sim.post(PATH, ask(json!({ "max_completion_tokens": 10 }))).await;
    assert_eq!(body["usage"]["completion_tokens"], 10);
    assert_eq!(body["usage"]["completion_tokens_details"]["reasoning_tokens"], 10);
    assert_eq!(body["choices"][0]["finish_reason"], "length");
    let (_, body) = sim.post(PATH, ask(json!({ "max_tokens": 10, "thinking": { "type": "disabled" } }))).await;
    assert_eq!(body["usage"]["completion_tokens"], 10);
    let prompt = body["usage"]["prompt_tokens"].as_u64().expect("a number");
    assert_eq!(body["usage"]["total_tokens"], prompt + 10);
}

#[tokio::test]
async fn a_prompt_that_asks_for_a_length_gets_it() {
    let sim = Running::start(instant()).await;
    let messages = json!([{ "role": "user", "content": "Tell me about rivers in 300 words" }]);
    let (_, body) = sim.post(PATH, ask(json!({ "messages": messages, "thinking": { "type": "disabled" } }))).await;
    assert_eq!(body["usage"]["completion_tokens"], 300);
}

#[tokio::test]
async fn the_stream_reasons_first_and_ends_with_usage() {
    let sim = Running::start(instant()).await;
    let (_, whole) = sim.post(PATH, ask(json!({}))).await;
    let options = json!({ "stream": true, "stream_options": { "include_usage": true } });
    let mut chunks = sim.stream(PATH, ask(options)).await;
    let last = chunks.pop().expect("a usage chunk");
    assert_eq!(last["choices"], json!([]));
    assert_eq!(last["usage"], whole["usage"]);
    assert!(chunks.iter().all(|chunk| chunk["usage"].is_null()));
    let deltas: Vec<&Value> = chunks.iter().map(|chunk| &chunk["choices"][0]["delta"]).collect();
    let text: String = deltas.iter().filter_map(|delta| delta["content"].as_str()).collect();
    assert_eq!(whole["choices"][0]["message"]["content"], text);
    let last_thought = deltas.iter().rposition(|delta| delta["reasoning_content"].is_string()).expect("thoughts");
    let first_word = deltas.iter().position(|delta| delta["content"].as_str().is_some_and(|text| !text.is_empty()));
    assert!(last_thought < first_word.expect("words"));
    assert_eq!(chunks.last().expect("a chunk")["choices"][0]["finish_reason"], "stop");
}

#[tokio::test]
async fn without_include_usage_there_is_no_usage_chunk() {
    let sim = Running::start(instant()).await;
    let chunks = sim.stream(PATH, ask(json!({ "stream": true }))).await;
    assert!(chunks.iter().all(|chunk| chunk["choices"][0].is_object() && chunk["usage"].is_null()));
}

#[tokio::test]
async fn chunk_include_usage_counts_up() {
    let sim = Running::start(instant()).await;
    let options = json!({ "stream": true, "stream_options": { "chunk_include_usage": true } });
    let chunks = sim.stream(PATH, ask(options)).await;
    let counts: Vec<u64> = chunks.iter().filter_map(|chunk| chunk["usage"]["completion_tokens"].as_u64()).collect();
    assert_eq!(counts.len(), chunks.len());
    assert_eq!(counts[..3], [1, 2, 3]);
}

#[tokio::test]
async fn a_named_tool_is_called_with_arguments_of_its_schema() {
    let sim = Running::start(instant()).await;
    let parameters = json!({ "type": "object", "properties": {
        "city": { "type": "string" }, "days": { "type": "integer", "minimum": 2 }, "fine": { "type": "boolean" },
    } });
    let tools = json!([{ "type": "function", "function": { "name": "forecast", "parameters": parameters } }]);
    let choice = json!({ "type": "function", "function": { "name": "forecast" } });
    let (_, body) = sim.post(PATH, ask(json!({ "tools": tools, "tool_choice": choice }))).await;
    let call = &body["choices"][0]["message"]["tool_calls"][0];
    assert_eq!(call["function"]["name"], "forecast");
    let arguments: Value = serde_json::from_str(call["function"]["arguments"].as_str().expect("text")).expect("JSON");
    assert_eq!(arguments["days"], 2);
    assert!(arguments["city"].is_string() && arguments["fine"].is_boolean());
    let (_, body) = sim.post(PATH, ask(json!({ "tools": tools, "tool_choice": "none" }))).await;
    assert_eq!(body["choices"][0]["finish_reason"], "stop");
}

#[tokio::test]
async fn json_answers_are_json() {
    let sim = Running::start(instant()).await;
    let schema = json!({ "type": "object", "properties": { "score": { "type": "number" } } });
    for format in [
        json!({ "type": "json_object" }),
        json!({ "type": "json_schema", "json_schema": { "name": "s", "schema": schema } }),
    ] {
        let (_, body) = sim.post(PATH, ask(json!({ "response_format": format }))).await;
        let text = body["choices"][0]["message"]["content"].as_str().expect("text");
        assert!(serde_json::from_str::<Value>(text).expect("JSON").is_object());
    }
}

#[tokio::test]
async fn refuses_what_the_provider_refuses() {
    let sim = Running::start(instant()).await;
    let cases = [
        (json!({ "model": "doubao-nothing" }), 404, "InvalidEndpointOrModel.NotFound"),
        (json!({ "model": "doubao-seedream-4-0-250828" }), 404, "UnsupportedModel"),
        (json!({ "model": null }), 400, "MissingParameter.model"),
        (json!({ "messages": [] }), 400, "InvalidParameter"),
        (json!({ "messages": [{ "role": "king", "content": "x" }] }), 400, "InvalidParameter"),
        (json!({ "temperature": 3 }), 400, "InvalidParameter"),
        (json!({ "max_tokens": 0 }), 400, "InvalidParameter"),
        (json!({ "max_tokens": 5, "max_completion_tokens": 5 }), 400, "InvalidParameter"),
        (json!({ "stop": ["a", "b", "c", "d", "e"] }), 400, "InvalidParameter"),
        (json!({ "stream_options": { "include_usage": true } }), 400, "InvalidParameter"),
        (
            json!({ "messages": [{ "role": "user", "content": "so much gore" }] }),
            400,
            "InputTextSensitiveContentDetected",
        ),
    ];
    for (change, status, code) in cases {
        let (found, body) = sim.post(PATH, ask(change.clone())).await;
        assert_eq!((found, body["error"]["code"].as_str()), (status, Some(code)), "{change}");
        assert!(body["error"]["message"].as_str().expect("text").contains("Request id: 02"));
    }
    assert!(sim.requests("chat").await.iter().all(|request| request["accepted"] == false));
}

#[tokio::test]
async fn a_bad_key_and_a_bad_body_are_refused() {
    let sim = Running::start(instant()).await;
    let request = sim.ark_as("wrong", reqwest::Method::POST, PATH).json(&ask(json!({})));
    let response = request.send().await.expect("an answer");
    assert_eq!(response.status(), 401);
    assert_eq!(response.headers()["x-error-code"], "AuthenticationError");
    let body: Value = response.json().await.expect("JSON");
    assert_eq!(body["error"]["type"], "Unauthorized");
    let request = sim.ark(reqwest::Method::POST, PATH).body("{\"model\":");
    assert_eq!(request.send().await.expect("an answer").status(), 400);
}

#[tokio::test]
async fn an_endpoint_id_means_the_model_that_it_is_mapped_to() {
    let sim = Running::start(instant()).await;
    let (status, _) = sim.post(PATH, ask(json!({ "model": "ep-2026-abc" }))).await;
    assert_eq!(status, 404);
    sim.control(reqwest::Method::POST, "/_sim/endpoints", json!({ "ep-2026-abc": MODEL })).await;
    let (status, body) = sim.post(PATH, ask(json!({ "model": "ep-2026-abc" }))).await;
    assert_eq!((status, body["model"].as_str()), (200, Some("ep-2026-abc")));
}

#[tokio::test]
async fn chunks_leave_one_by_one() {
    let sim = Running::start(simulator::Config { chunk_ms: 20, ..instant() }).await;
    let more = json!({ "stream": true, "max_tokens": 20, "thinking": { "type": "disabled" } });
    let request = sim.ark(reqwest::Method::POST, PATH).json(&ask(more));
    let mut answer = request.send().await.expect("an answer");
    let (mut pieces, start) = (0, std::time::Instant::now());
    while answer.chunk().await.expect("a whole stream").is_some() {
        pieces += 1;
    }
    assert!(pieces >= 15, "{pieces} pieces");
    assert!(start.elapsed() >= std::time::Duration::from_millis(380));
}
