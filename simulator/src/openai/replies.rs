//! What the pretended model says, on OpenAI's wire: choices and usage, whole or in chunks of one token.
//! Reasoning is counted and never told.

use serde_json::{Value, json};

use super::Work;
use super::chat::Asked;
use crate::calls::{Answer, Event};
use crate::speech::{Choice, ToolCall, choose};

const FINGERPRINT: &str = "fp_sim";

/// The answer to a checked request.
pub fn reply(work: &Work<'_>, asked: &Asked) -> Answer {
    let choices: Vec<Choice> = (0..asked.choices).map(|index| choose(&asked.prompt, index as u64)).collect();
    match asked.stream {
        true => Answer::Events(chunks(work, asked, &choices)),
        false => whole(work, asked, &choices),
    }
}

fn message(choice: &Choice) -> Value {
    let mut message =
        json!({ "role": "assistant", "content": choice.content.concat(), "refusal": null, "annotations": [] });
    if let Some(call) = &choice.call {
        message["content"] = Value::Null;
        message["tool_calls"] = json!([call.body()]);
    }
    message
}

fn deltas(choice: &Choice) -> Vec<Value> {
    let role = json!({ "role": "assistant", "content": "", "refusal": null });
    let content = choice.content.iter().map(|piece| json!({ "content": piece }));
    let called = choice.call.iter().flat_map(call_deltas);
    std::iter::once(role).chain(content).chain(called).collect()
}

fn call_deltas(call: &ToolCall) -> Vec<Value> {
    let function = json!({ "name": call.name, "arguments": "" });
    let opening = json!({ "tool_calls": [{ "index": 0, "id": call.id, "type": "function", "function": function }] });
    let pieces = call.pieces().into_iter();
    let pieces = pieces.map(|piece| json!({ "tool_calls": [{ "index": 0, "function": { "arguments": piece } }] }));
    std::iter::once(opening).chain(pieces).collect()
}

fn usage(work: &Work<'_>, asked: &Asked, choices: &[Choice]) -> Value {
    let prompt = asked.prompt.conversation.tokens;
    let completion: usize = choices.iter().map(Choice::tokens).sum();
    let reasoning: usize = choices.iter().map(|choice| choice.reasoning.len()).sum();
    work.call.usage(json!({
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": { "cached_tokens": 0, "audio_tokens": 0 },
        "completion_tokens_details": {
            "reasoning_tokens": reasoning, "audio_tokens": 0,
            "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0,
        },
    }))
}

fn whole(work: &Work<'_>, asked: &Asked, choices: &[Choice]) -> Answer {
    let listed: Vec<Value> = choices
        .iter()
        .enumerate()
        .map(|(index, choice)| {
            json!({ "index": index, "message": message(choice), "logprobs": null, "finish_reason": choice.finish })
        })
        .collect();
    let tokens: usize = choices.iter().map(Choice::tokens).sum();
    let config = &work.sim.config;
    let mut body = opening(work, asked, "chat.completion");
    body["choices"] = listed.into();
    body["usage"] = usage(work, asked, choices);
    Answer::Json { after_ms: config.first_token_ms + config.chunk_ms * tokens as u64, body }
}

/// What every answer and every chunk begins with.
fn opening(work: &Work<'_>, asked: &Asked, object: &str) -> Value {
    json!({
        "id": format!("chatcmpl-{}", work.call.request_id()),
        "object": object,
        "created": chrono::Utc::now().timestamp(),
        "model": asked.model,
        "service_tier": "default",
        "system_fingerprint": FINGERPRINT,
    })
}

fn chunks(work: &Work<'_>, asked: &Asked, choices: &[Choice]) -> Vec<Event> {
    let opening = opening(work, asked, "chat.completion.chunk");
    let config = &work.sim.config;
    let mut events: Vec<Event> = Vec::new();
    let mut write = |choices: Value, usage: Option<Value>| {
        let after_ms = if events.is_empty() { config.first_token_ms } else { config.chunk_ms };
        let mut chunk = opening.clone();
        chunk["choices"] = choices;
        if asked.include_usage {
            chunk["usage"] = usage.unwrap_or_default();
        }
        events.push(Event { after_ms, data: chunk.to_string() });
    };
    for (index, choice) in choices.iter().enumerate() {
        let line = |delta: Value, finish: Option<&str>| json!([{ "index": index, "delta": delta, "logprobs": null, "finish_reason": finish }]);
        for delta in deltas(choice) {
            write(line(delta, None), None);
        }
        write(line(json!({}), Some(choice.finish)), None);
    }
    if asked.include_usage {
        write(json!([]), Some(usage(work, asked, choices)));
    }
    events.push(Event { after_ms: 0, data: "[DONE]".into() });
    events
}
