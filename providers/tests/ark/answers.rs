//! Chats, images and vectors from the simulator over HTTP: what comes back, and what is counted.

use crate::sim::{Sim, call, chat, images};
use domain::pricing::Meter;
use futures::{StreamExt, TryStreamExt};
use providers::{ChatEvent, ImageItem, ImageSource, KeyAction, UpstreamError, Verdict, code};
use serde_json::json;

async fn streamed(sim: &Sim, call: &providers::Call) -> Vec<Result<ChatEvent, UpstreamError>> {
    sim.adapter.chat_stream(&sim.endpoint, call).await.unwrap().collect().await
}

#[tokio::test]
async fn a_chat_comes_back_whole_and_counted() {
    let sim = Sim::start().await;
    let mut call = chat("hello");
    call.end_user_hash = Some("h4sh".to_owned());
    let answer = sim.adapter.chat(&sim.endpoint, &call).await.unwrap();
    assert_eq!(answer.body["object"], "chat.completion");
    assert_eq!(answer.usage.get(Meter::OutputToken), answer.body["usage"]["completion_tokens"].as_u64());
    assert_eq!(answer.usage.get(Meter::CachedInputToken), Some(0));
    let seen = &sim.requests("chat").await[0];
    assert_eq!(seen["client_request_id"], call.attempt_id.as_str());
    assert_eq!(seen["safety_identifier"], "h4sh");
}

#[tokio::test]
async fn a_stream_tells_usage_that_nobody_asked_for_apart() {
    let sim = Sim::start().await;
    let events = streamed(&sim, &chat("hello")).await;
    assert_eq!(events.last(), Some(&Ok(ChatEvent::Done)));
    let mut text = String::new();
    let mut forced_chunks = 0;
    let mut last = None;
    for event in &events {
        if let Ok(ChatEvent::Usage { chunk, usage, forced }) = event {
            forced_chunks += u32::from(*forced);
            assert_eq!(chunk.get("usage").is_some(), *forced, "{chunk}");
            text.push_str(chunk["choices"][0]["delta"]["content"].as_str().unwrap_or_default());
            last = usage.get(Meter::OutputToken);
        }
    }
    assert_eq!(forced_chunks, 1);
    assert!(last > Some(0) && !text.is_empty());
}

#[tokio::test]
async fn a_stream_with_an_asked_usage_keeps_it() {
    let sim = Sim::start().await;
    let mut call = chat("hello");
    call.params["stream_options"] = json!({ "include_usage": true });
    let events = streamed(&sim, &call).await;
    let usages: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Ok(ChatEvent::Usage { chunk, forced, .. }) => Some((chunk["usage"].is_null(), *forced)),
            _ => None,
        })
        .collect();
    assert_eq!(usages.last(), Some(&(false, false)));
    assert!(usages[..usages.len() - 1].iter().all(|usage| *usage == (true, false)));
}

#[tokio::test]
async fn a_cut_stream_ends_with_an_unknown_outcome() {
    let sim = Sim::start().await;
    sim.fault("chat", json!({ "cut_after_chunks": 3 })).await;
    let events = streamed(&sim, &chat("hello")).await;
    assert_eq!(events.len(), 4);
    let error = events[3].clone().unwrap_err();
    assert_eq!((error.fate, error.code), (Verdict::Unknown, code::UNAVAILABLE));
}

#[tokio::test]
async fn garbage_in_a_stream_is_no_answer() {
    let sim = Sim::start().await;
    sim.fault("chat", json!({ "garbage": true })).await;
    let error = streamed(&sim, &chat("hello")).await.pop().unwrap().unwrap_err();
    assert_eq!((error.fate, error.code), (Verdict::Unknown, code::MALFORMED));
}

#[tokio::test]
async fn a_usage_that_can_not_be_right_is_refused() {
    let sim = Sim::start().await;
    for wrong in [json!(-1), json!(1e18), json!(1.5), json!(null)] {
        let fields = json!({ "completion_tokens": wrong, "generated_images": wrong, "prompt_tokens": wrong });
        let fault = json!({ "wrong_usage": fields });
        sim.fault("chat", fault.clone()).await;
        let error = sim.adapter.chat(&sim.endpoint, &chat("hello")).await.unwrap_err();
        assert_eq!((error.fate, error.code), (Verdict::Fail, code::INVALID_USAGE), "{wrong}");
        sim.fault("chat", fault.clone()).await;
        let error = streamed(&sim, &chat("hello")).await.pop().unwrap().unwrap_err();
        assert_eq!((error.fate, error.code), (Verdict::Fail, code::INVALID_USAGE), "{wrong}");
        sim.fault("images", fault.clone()).await;
        let error = sim.adapter.images(&sim.endpoint, &images(1)).await.unwrap_err();
        assert_eq!(error.code, code::INVALID_USAGE, "{wrong}");
        sim.fault("embeddings", fault).await;
        let input = call("doubao-embedding-large-text-250515", json!({ "input": "a" }));
        let error = sim.adapter.embeddings(&sim.endpoint, &input).await.unwrap_err();
        assert_eq!(error.code, code::INVALID_USAGE, "{wrong}");
    }
}

#[tokio::test]
async fn images_come_with_their_failures_and_only_made_ones_count() {
    let sim = Sim::start().await;
    sim.fault("images", json!({ "fail_images": [1] })).await;
    let answer = sim.adapter.images(&sim.endpoint, &images(3)).await.unwrap();
    assert_eq!((answer.items.len(), answer.usage.get(Meter::Image)), (3, Some(2)));
    let ImageItem::Failed { index: 1, code: code::CONTENT_POLICY_VIOLATION, message } = &answer.items[1] else {
        panic!("{:?}", answer.items[1])
    };
    assert!(!message.contains("Request id"));
    let ImageItem::Made(picture) = &answer.items[2] else { panic!("{:?}", answer.items[2]) };
    assert_eq!((picture.index, picture.size), (2, Some((1024, 1024))));
    let ImageSource::Url(url) = &picture.source else { panic!("{picture:?}") };
    let file = sim.http.download(url).await.unwrap();
    assert_eq!(file.content_type.as_deref(), Some("image/jpeg"));
    let bytes = file.stream.try_fold(0, |sum, piece| async move { Ok(sum + piece.len()) }).await.unwrap();
    assert_eq!(Some(bytes as u64), file.length);
}

#[tokio::test]
async fn an_image_may_come_as_bytes() {
    let sim = Sim::start().await;
    let mut call = images(1);
    call.params["response_format"] = "b64_json".into();
    let answer = sim.adapter.images(&sim.endpoint, &call).await.unwrap();
    let ImageItem::Made(picture) = &answer.items[0] else { panic!("{:?}", answer.items[0]) };
    let ImageSource::Bytes(bytes) = &picture.source else { panic!("an address") };
    assert!(bytes.starts_with(&[0xff, 0xd8]));
}

#[tokio::test]
async fn vectors_are_a_list_whatever_was_embedded() {
    let sim = Sim::start().await;
    let texts = json!({ "input": ["a", "b"], "encoding_format": "base64", "dimensions": 256 });
    let texts = call("doubao-embedding-large-text-250515", texts);
    let answer = sim.adapter.embeddings(&sim.endpoint, &texts).await.unwrap();
    assert_eq!(answer.body["data"].as_array().unwrap().len(), 2);
    assert!(answer.body["data"][1]["embedding"].is_string());
    assert!(answer.usage.get(Meter::InputToken) > Some(0));
    for input in [json!("a"), json!([{ "type": "text", "text": "a" }])] {
        let parts = call("doubao-embedding-vision-250615", json!({ "input": input }));
        let answer = sim.adapter.embeddings(&sim.endpoint, &parts).await.unwrap();
        assert_eq!((&answer.body["data"][0]["index"], &answer.body["object"]), (&json!(0), &json!("list")));
    }
    let several = call("doubao-embedding-vision-250615", json!({ "input": ["a", "b"] }));
    let error = sim.adapter.embeddings(&sim.endpoint, &several).await.unwrap_err();
    assert_eq!((error.fate, error.code, error.key_action), (Verdict::Fail, code::INVALID_REQUEST, KeyAction::None));
}
