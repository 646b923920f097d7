//! `POST /images/generations`.

use base64::Engine;
use image::GenericImageView;
use serde_json::{Value, json};

use crate::running::{Running, instant};

const PATH: &str = "/images/generations";
const LITE: &str = "doubao-seedream-5-0-lite-260128";

fn ask(model: &str, more: Value) -> Value {
    let mut body = json!({ "model": model, "prompt": "A red fox, 红狐狸" });
    body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    body
}

#[tokio::test]
async fn pictures_have_the_asked_size_and_kind() {
    let sim = Running::start(instant()).await;
    let cases = [
        ("doubao-seedream-4-0-250828", json!({ "size": "4K" }), (4096, 4096), "image/jpeg"),
        ("doubao-seedream-4-0-250828", json!({ "size": "1024×1024" }), (1024, 1024), "image/jpeg"),
        ("doubao-seedream-4-0-250828", json!({ "size": "1512x648" }), (1512, 648), "image/jpeg"),
        (LITE, json!({ "size": "2K", "output_format": "png", "prompt": "A fox, 16:9" }), (2848, 1600), "image/png"),
        ("doubao-seedream-3-0-t2i-250415", json!({ "seed": 7, "guidance_scale": 2.5 }), (1024, 1024), "image/jpeg"),
    ];
    for (model, more, size, kind) in cases {
        let (status, body) = sim.post(PATH, ask(model, more)).await;
        assert_eq!(status, 200, "{body}");
        let (found, bytes) = sim.file(&body["data"][0]["url"]).await;
        let picture = image::load_from_memory(&bytes).expect("a picture");
        assert_eq!((picture.dimensions(), found.as_str()), (size, kind));
        assert_eq!(body["data"][0]["size"], format!("{}x{}", size.0, size.1));
        assert_eq!(body["usage"]["output_tokens"], size.0 * size.1 / 256);
        assert!(bytes.len() < 2_000_000);
    }
}

#[tokio::test]
async fn the_mark_is_drawn_unless_it_is_switched_off() {
    let sim = Running::start(instant()).await;
    let mut seen = Vec::new();
    for watermark in [Value::Null, json!(true), json!(false)] {
        let more = json!({ "response_format": "b64_json", "watermark": watermark });
        let (_, body) = sim.post(PATH, ask("doubao-seedream-4-0-250828", more)).await;
        let encoded = body["data"][0]["b64_json"].as_str().expect("base64");
        seen.push(base64::engine::general_purpose::STANDARD.decode(encoded).expect("base64"));
    }
    assert_eq!(seen[0], seen[1]);
    assert_ne!(seen[1], seen[2]);
}

#[tokio::test]
async fn wrong_sizes_and_fields_are_refused_by_model() {
    let sim = Running::start(instant()).await;
    let (first, edit) = ("doubao-seedream-3-0-t2i-250415", "doubao-seededit-3-0-i2i-250628");
    let (four, four_five) = ("doubao-seedream-4-0-250828", "doubao-seedream-4-5-251128");
    let cases = [
        (four_five, json!({ "size": "1024x1024" })),
        (four_five, json!({ "size": "1K" })),
        (four, json!({ "size": "3K" })),
        (four, json!({ "size": "100x100" })),
        (four, json!({ "size": "8192x500" })),
        (four, json!({ "size": "big" })),
        (LITE, json!({ "size": "4K" })),
        (first, json!({ "size": "2K" })),
        (first, json!({ "size": "2100x600" })),
        (first, json!({ "stream": true })),
        (first, json!({ "image": "https://example.com/a.png" })),
        (four, json!({ "seed": 5 })),
        (four, json!({ "output_format": "png" })),
        (four_five, json!({ "optimize_prompt_options": { "mode": "fast" } })),
        (edit, json!({ "size": "1024x1024", "image": "https://example.com/a.png" })),
        (
            four,
            json!({ "sequential_image_generation": "auto", "sequential_image_generation_options": { "max_images": 16 } }),
        ),
        (
            four,
            json!({ "image": vec!["https://e.com/a"; 14], "sequential_image_generation": "auto",
            "sequential_image_generation_options": { "max_images": 2 } }),
        ),
    ];
    for (model, more) in cases {
        let (status, body) = sim.post(PATH, ask(model, more.clone())).await;
        assert_eq!((status, body["error"]["code"].as_str()), (400, Some("InvalidParameter")), "{model} {more}");
    }
    let (status, body) = sim.post(PATH, ask(edit, json!({}))).await;
    assert_eq!((status, body["error"]["code"].as_str()), (400, Some("MissingParameter.image")));
    let (status, body) = sim.post(PATH, ask(four, json!({ "image": "data:image/png;base64,???" }))).await;
    assert_eq!((status, body["error"]["code"].as_str()), (400, Some("InvalidImageURL.InvalidFormat")));
}

#[tokio::test]
async fn an_edit_takes_the_size_of_its_image() {
    let sim = Running::start(instant()).await;
    let (_, made) = sim
        .post(PATH, ask("doubao-seedream-4-0-250828", json!({ "size": "1280x720", "response_format": "b64_json" })))
        .await;
    let image = format!("data:image/jpeg;base64,{}", made["data"][0]["b64_json"].as_str().expect("base64"));
    let (status, body) = sim.post(PATH, ask("doubao-seededit-3-0-i2i-250628", json!({ "image": image }))).await;
    assert_eq!((status, body["data"][0]["size"].as_str()), (200, Some("1280x720")));
    assert_eq!(body["usage"]["input_images"], 1);
}

#[tokio::test]
async fn a_sequence_counts_only_what_was_generated() {
    let sim = Running::start(instant()).await;
    sim.fault(json!({ "match": { "op": "images" }, "fail_images": [1] })).await;
    let sequence =
        json!({ "sequential_image_generation": "auto", "sequential_image_generation_options": { "max_images": 3 } });
    let (status, body) = sim.post(PATH, ask(LITE, sequence)).await;
    assert_eq!(status, 200);
    assert_eq!(body["data"].as_array().map(Vec::len), Some(3));
    assert_eq!(body["data"][1]["error"]["code"], "OutputImageSensitiveContentDetected");
    assert_eq!(body["usage"]["generated_images"], 2);
    assert_eq!(body["usage"]["total_tokens"], 2 * 16_384);
}

#[tokio::test]
async fn the_stream_tells_each_picture_and_each_failure() {
    let sim = Running::start(instant()).await;
    sim.fault(json!({ "match": { "op": "images" }, "fail_images": [1] })).await;
    let sequence = json!({ "stream": true, "sequential_image_generation": "auto",
        "sequential_image_generation_options": { "max_images": 3 } });
    let events = sim.stream(PATH, ask(LITE, sequence)).await;
    let kinds: Vec<&str> = events.iter().filter_map(|event| event["type"].as_str()).collect();
    let (good, bad) = ("image_generation.partial_succeeded", "image_generation.partial_failed");
    assert_eq!(kinds, [good, bad, good, "image_generation.completed"]);
    assert_eq!(events[2]["image_index"], 2);
    assert!(events[1]["error"]["code"].is_string() && events[1].get("url").is_none());
    assert!(events[0]["created"].is_i64() && events[0].get("created_at").is_none());
    assert_eq!(events[3]["usage"]["generated_images"], 2);
}
