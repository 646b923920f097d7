//! What comes back when all is well: chat whole and streamed, vectors either way, images made and edited.

use base64::{Engine, engine::general_purpose::STANDARD};
use domain::{capability::CapabilityKind, pricing::Meter};
use futures::StreamExt;
use providers::{Call, ChatEvent, ImageItem, ImageSource, ImagesAnswer, Verdict, code};
use serde_json::{Value, json};

use crate::sim::{Sim, call, chat, images};

async fn streamed(sim: &Sim, call: &Call) -> Vec<ChatEvent> {
    let stream = sim.adapter.chat_stream(&sim.endpoint, call).await.unwrap();
    stream.map(Result::unwrap).collect().await
}

fn picture(answer: &ImagesAnswer, index: usize) -> (&[u8], Option<&str>, Option<(u32, u32)>) {
    let ImageItem::Made(picture) = &answer.items[index] else { panic!("{:?}", answer.items[index]) };
    let ImageSource::Bytes(bytes) = &picture.source else { panic!("an address") };
    (bytes, picture.content_type.as_deref(), picture.size)
}

#[tokio::test]
async fn a_chat_takes_the_old_name_of_its_length_and_is_counted() {
    let sim = Sim::start().await;
    // A model that reasons refuses `max_tokens`; it is told the name that it knows.
    let asked = chat(json!({ "max_tokens": 7, "unheard_of": { "x": 1 } }));
    let answer = sim.adapter.chat(&sim.endpoint, &asked).await.unwrap();
    assert_eq!(answer.usage.get(Meter::OutputToken), Some(7));
    assert_eq!(answer.body["object"], "chat.completion");
    assert_eq!(sim.requests("chat").await[0]["client_request_id"], asked.attempt_id.as_str());
}

#[tokio::test]
async fn a_stream_tells_usage_that_nobody_asked_for_apart() {
    let sim = Sim::start().await;
    let events = streamed(&sim, &chat(json!({}))).await;
    let [.., ChatEvent::Usage { forced: true, usage, .. }, ChatEvent::Done] = &events[..] else { panic!("{events:?}") };
    assert!(usage.get(Meter::OutputToken) > Some(0));
    let seen = |event: &ChatEvent| matches!(event, ChatEvent::Chunk(chunk) if chunk.get("usage").is_none());
    assert!(events[..events.len() - 2].iter().all(seen));
    let asked = streamed(&sim, &chat(json!({ "stream_options": { "include_usage": true } }))).await;
    let [ChatEvent::Chunk(first), .., ChatEvent::Usage { forced: false, .. }, ChatEvent::Done] = &asked[..] else {
        panic!("{asked:?}")
    };
    assert_eq!(first.get("usage"), Some(&Value::Null));
}

#[tokio::test]
async fn a_stream_calls_a_tool() {
    let sim = Sim::start().await;
    let function = json!({ "name": "sea_salinity", "parameters": { "type": "object", "properties": {} } });
    let tools = json!({ "tools": [{ "type": "function", "function": function }], "tool_choice": "required" });
    let events = streamed(&sim, &chat(tools)).await;
    let called = |event: &ChatEvent| {
        let ChatEvent::Chunk(chunk) = event else { return None };
        chunk["choices"][0]["delta"]["tool_calls"][0]["function"]["name"].as_str().map(str::to_owned)
    };
    assert_eq!(events.iter().find_map(called).as_deref(), Some("sea_salinity"));
}

#[tokio::test]
async fn vectors_come_as_numbers_or_in_base64() {
    let sim = Sim::start().await;
    let ask = |encoding: &str| {
        let params = json!({ "input": ["a", "b"], "dimensions": 8, "encoding_format": encoding });
        call(("text-embedding-3-small", CapabilityKind::Embedding), params)
    };
    let floats = sim.adapter.embeddings(&sim.endpoint, &ask("float")).await.unwrap();
    let base64 = sim.adapter.embeddings(&sim.endpoint, &ask("base64")).await.unwrap();
    let numbers = floats.body["data"][1]["embedding"].as_array().unwrap();
    let bytes = STANDARD.decode(base64.body["data"][1]["embedding"].as_str().unwrap()).unwrap();
    assert_eq!((numbers.len(), bytes.len()), (8, 32));
    assert_eq!(numbers[0].as_f64().unwrap() as f32, f32::from_le_bytes(bytes[..4].try_into().unwrap()));
    assert_eq!(floats.usage, base64.usage);
}

#[tokio::test]
async fn images_are_made_and_counted_in_tokens() {
    let sim = Sim::start().await;
    let asked = images(CapabilityKind::TextToImage, json!({ "n": 2, "response_format": "url", "stream": true }));
    let answer = sim.adapter.images(&sim.endpoint, &asked).await.unwrap();
    let (bytes, content_type, size) = picture(&answer, 1);
    assert_eq!((content_type, size), (Some("image/png"), Some((1024, 1536))));
    assert!(bytes.starts_with(b"\x89PNG"));
    let meters = [Meter::Image, Meter::OutputToken, Meter::InputImageToken];
    assert_eq!(meters.map(|meter| answer.usage.get(meter)), [Some(2), Some(816), Some(0)]);
    assert!(answer.usage.get(Meter::InputToken) > Some(0));
}

#[tokio::test]
async fn one_image_or_several_are_edited_with_a_mask() {
    let sim = Sim::start().await;
    let made = sim.adapter.images(&sim.endpoint, &images(CapabilityKind::TextToImage, json!({}))).await.unwrap();
    let uri = format!("data:image/png;base64,{}", STANDARD.encode(picture(&made, 0).0));
    let mut tokens = Vec::new();
    for image in [json!(uri), json!([uri]), json!([uri, uri])] {
        let more = json!({ "image": image, "mask": uri, "output_format": "webp", "n": 1 });
        let answer = sim.adapter.images(&sim.endpoint, &images(CapabilityKind::ImageToImage, more)).await.unwrap();
        let (bytes, content_type, _) = picture(&answer, 0);
        assert_eq!((content_type, &bytes[8..12]), (Some("image/webp"), &b"WEBP"[..]));
        tokens.push(answer.usage.get(Meter::InputImageToken).unwrap());
    }
    assert!(tokens[0] > 0 && tokens[0] == tokens[1] && tokens[2] == 2 * tokens[0]);
}

#[tokio::test]
async fn an_edit_without_a_readable_image_never_leaves() {
    let sim = Sim::start().await;
    for more in [json!({}), json!({ "image": [] }), json!({ "image": "https://x/y.png" }), json!({ "image": 3 })] {
        let asked = images(CapabilityKind::ImageToImage, more);
        let error = sim.adapter.images(&sim.endpoint, &asked).await.unwrap_err();
        assert_eq!((error.fate, error.code), (Verdict::Fail, code::INVALID_REQUEST));
    }
    assert!(sim.requests("image_edits").await.is_empty());
}

#[tokio::test]
async fn a_usage_that_can_not_be_right_is_refused() {
    let sim = Sim::start().await;
    for wrong in [json!(-1), json!(1e18), json!(null)] {
        sim.fault("images", json!({ "wrong_usage": { "output_tokens": wrong } })).await;
        let asked = images(CapabilityKind::TextToImage, json!({}));
        assert_eq!(sim.adapter.images(&sim.endpoint, &asked).await.unwrap_err().code, code::INVALID_USAGE);
    }
}

#[tokio::test]
async fn it_keeps_no_tasks() {
    let sim = Sim::start().await;
    let asked = call(("sora-2", CapabilityKind::TextToVideo), json!({ "prompt": "a kite" }));
    let refused = sim.adapter.submit_task(&sim.endpoint, &asked).await.unwrap_err();
    assert_eq!((refused.fate, refused.code), (Verdict::Fail, code::NOT_OFFERED));
}
