//! `POST /embeddings`, `POST /embeddings/multimodal` and `GET /models`.

use base64::Engine;
use serde_json::{Value, json};

use crate::running::{Running, instant};

const TEXT: &str = "doubao-embedding-large-text-250515";

fn numbers(vector: &Value) -> Vec<f64> {
    vector.as_array().expect("a list").iter().filter_map(Value::as_f64).collect()
}

fn nearness(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

#[tokio::test]
async fn texts_with_common_words_are_near() {
    let sim = Running::start(instant()).await;
    let input = ["a red fox in snow", "a red fox in rain", "quarterly balance sheet"];
    let (status, body) =
        sim.post("/embeddings", json!({ "model": TEXT, "input": input, "encoding_format": null })).await;
    assert_eq!(status, 200);
    let vectors: Vec<Vec<f64>> = (0..3).map(|index| numbers(&body["data"][index]["embedding"])).collect();
    assert!((nearness(&vectors[0], &vectors[0]) - 1.0).abs() < 0.001);
    assert!(nearness(&vectors[0], &vectors[1]) > nearness(&vectors[0], &vectors[2]) + 0.2);
    assert_eq!(body["usage"]["prompt_tokens"], 14);
}

#[tokio::test]
async fn base64_holds_the_same_numbers() {
    let sim = Running::start(instant()).await;
    let body = |format: &str| json!({ "model": TEXT, "input": "a fox", "dimensions": 256, "encoding_format": format });
    let (_, floats) = sim.post("/embeddings", body("float")).await;
    let (_, packed) = sim.post("/embeddings", body("base64")).await;
    let bytes =
        base64::engine::general_purpose::STANDARD.decode(packed["data"][0]["embedding"].as_str().expect("text"));
    let bytes = bytes.expect("base64");
    assert_eq!(bytes.len(), 256 * 4);
    let first = f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    assert!((f64::from(first) - numbers(&floats["data"][0]["embedding"])[0]).abs() < 1e-6);
}

#[tokio::test]
async fn parts_together_make_one_vector() {
    let sim = Running::start(instant()).await;
    let input = json!([
        { "type": "text", "text": "a fox" },
        { "type": "image_url", "image_url": { "url": "https://example.com/fox.png" } },
    ]);
    let model = "doubao-embedding-vision-250615";
    let sparse = json!({ "type": "enabled" });
    let (status, body) =
        sim.post("/embeddings/multimodal", json!({ "model": model, "input": input, "sparse_embedding": sparse })).await;
    assert_eq!(status, 200);
    assert_eq!(numbers(&body["data"]["embedding"]).len(), 2_048);
    assert!(body["data"]["sparse_embedding"].is_array());
    assert_eq!(body["usage"]["prompt_tokens_details"]["text_tokens"], 2);
    assert!(body["usage"]["prompt_tokens_details"]["image_tokens"].as_u64() > Some(0));
}

#[tokio::test]
async fn bad_inputs_are_refused() {
    let sim = Running::start(instant()).await;
    let cases = [
        json!({ "model": TEXT, "input": [] }),
        json!({ "model": TEXT, "input": [1] }),
        json!({ "model": TEXT, "input": "" }),
        json!({ "model": TEXT, "input": "a", "dimensions": 7 }),
        json!({ "model": TEXT, "input": "a", "encoding_format": "hex" }),
    ];
    for body in cases {
        let (status, answer) = sim.post("/embeddings", body.clone()).await;
        assert_eq!((status, answer["error"]["code"].as_str()), (400, Some("InvalidParameter")), "{body}");
    }
}

#[tokio::test]
async fn models_are_listed_for_good_keys() {
    let sim = Running::start(instant()).await;
    let (status, body) = sim.get("/models").await;
    assert_eq!(status, 200);
    let ids: Vec<&str> =
        body["data"].as_array().expect("a list").iter().filter_map(|model| model["id"].as_str()).collect();
    assert!(ids.contains(&"doubao-seed-2-1-pro-260628") && ids.contains(&"doubao-seedance-2-0-260128"));
    let refused = sim.ark_as("other", reqwest::Method::GET, "/models").send().await.expect("an answer");
    assert_eq!(refused.status(), 401);
}
