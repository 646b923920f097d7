//! What the pretended model says, on Ark's wire: choices and usage, whole or in chunks of one token.

use serde_json::{Value, json};

use super::Work;
use super::chat::Asked;
use crate::calls::{Answer, Event};
use crate::speech::{CALL_TOKENS, Choice, ToolCall, choose};
use crate::wording;

/// The answer to a checked request.
pub fn reply(work: &Work<'_>, asked: &Asked) -> Answer {
    let choices: Vec<Choice> = (0..asked.choices).map(|index| choose(&asked.prompt, index as u64)).collect();
    match asked.stream {
        true => Answer::Events(chunks(work, asked, &choices)),
        false => whole(work, asked, &choices),
    }
}

fn message(choice: &Choice) -> Value {
    let mut message = json!({ "role": "assistant", "content": choice.content.concat() });
    if !choice.reasoning.is_empty() {
        message["reasoning_content"] = json!(choice.reasoning.concat());
    }
    if let Some(call) = &choice.call {
        message["tool_calls"] = json!([call.body()]);
    }
    message
}

/// The deltas in their order, and how many tokens each stands for.
fn deltas(choice: &Choice) -> Vec<(Value, usize)> {
    let mut deltas: Vec<(Value, usize)> = Vec::new();
    for piece in &choice.reasoning {
        deltas.push((json!({ "role": "assistant", "content": "", "reasoning_content": piece }), 1));
    }
    for piece in &choice.content {
        deltas.push((json!({ "role": "assistant", "content": piece }), 1));
    }
    if let Some(call) = &choice.call {
        deltas.extend(call_deltas(call));
    }
    deltas
}

fn call_deltas(call: &ToolCall) -> Vec<(Value, usize)> {
    let opening = json!({ "role": "assistant", "content": "", "tool_calls": [{
        "index": 0, "id": call.id, "type": "function", "function": { "name": call.name, "arguments": "" },
    }] });
    let mut deltas = vec![(opening, CALL_TOKENS + wording::count(&call.arguments))];
    for arguments in call.pieces() {
        deltas.push((json!({ "tool_calls": [{ "index": 0, "function": { "arguments": arguments } }] }), 0));
    }
    deltas
}

fn usage(work: &Work<'_>, asked: &Asked, completion: usize, reasoning: usize) -> Value {
    let prompt = asked.prompt.conversation.tokens;
    work.call.usage(json!({
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": { "cached_tokens": 0 },
        "completion_tokens_details": { "reasoning_tokens": reasoning },
    }))
}

fn whole(work: &Work<'_>, asked: &Asked, choices: &[Choice]) -> Answer {
    let completion: usize = choices.iter().map(Choice::tokens).sum();
    let reasoning: usize = choices.iter().map(|choice| choice.reasoning.len()).sum();
    let listed: Vec<Value> = choices
        .iter()
        .enumerate()
        .map(|(index, choice)| {
            json!({ "index": index, "message": message(choice), "finish_reason": choice.finish, "logprobs": null })
        })
        .collect();
    let config = &work.sim.config;
    Answer::Json {
        after_ms: config.first_token_ms + config.chunk_ms * completion as u64,
        body: json!({
            "id": work.call.request_id(),
            "object": "chat.completion",
            "created": chrono::Utc::now().timestamp(),
            "model": asked.model,
            "service_tier": "default",
            "choices": listed,
            "usage": usage(work, asked, completion, reasoning),
        }),
    }
}

/// Writes chunks, and counts the tokens that went out with them.
struct Writer<'a> {
    work: &'a Work<'a>,
    asked: &'a Asked,
    created: i64,
    tokens: usize,
    reasoning: usize,
    events: Vec<Event>,
}

fn chunks(work: &Work<'_>, asked: &Asked, choices: &[Choice]) -> Vec<Event> {
    let created = chrono::Utc::now().timestamp();
    let mut writer = Writer { work, asked, created, tokens: 0, reasoning: 0, events: Vec::new() };
    for (index, choice) in choices.iter().enumerate() {
        for (delta, tokens) in deltas(choice) {
            writer.tokens += tokens;
            writer.reasoning += usize::from(delta.get("reasoning_content").is_some());
            writer.chunk(json!([{ "index": index, "delta": delta, "finish_reason": null, "logprobs": null }]));
        }
        let end = json!({ "role": "assistant", "content": "" });
        writer.chunk(json!([{ "index": index, "delta": end, "finish_reason": choice.finish, "logprobs": null }]));
    }
    if asked.include_usage {
        writer.usage_chunk();
    }
    let mut events = writer.events;
    events.push(Event { after_ms: 0, data: "[DONE]".into() });
    events
}

impl Writer<'_> {
    fn chunk(&mut self, choices: Value) {
        let usage = match self.asked.chunk_usage {
            true => usage(self.work, self.asked, self.tokens, self.reasoning),
            false => Value::Null,
        };
        let config = &self.work.sim.config;
        let after_ms = if self.events.is_empty() { config.first_token_ms } else { config.chunk_ms };
        self.write(after_ms, choices, usage);
    }

    fn usage_chunk(&mut self) {
        let usage = usage(self.work, self.asked, self.tokens, self.reasoning);
        self.write(0, json!([]), usage);
    }

    fn write(&mut self, after_ms: u64, choices: Value, usage: Value) {
        let chunk = json!({
            "id": self.work.call.request_id(),
            "object": "chat.completion.chunk",
            "created": self.created,
            "model": self.asked.model,
            "service_tier": "default",
            "choices": choices,
            "usage": usage,
        });
        self.events.push(Event { after_ms, data: chunk.to_string() });
    }
}
