//! What the pretended model says: choices, usage, and both on the wire, whole or in chunks of one token.

use serde_json::{Map, Value, json};

use super::Work;
use super::chat::Asked;
use super::messages::Conversation;
use crate::calls::{Answer, Event};
use crate::chance::{base36, digest, mix};
use crate::wording;

/// How many characters of a tool call's arguments go into one chunk.
const ARGUMENT_PIECE: usize = 8;
/// What the model counts for calling a function, besides its arguments.
const CALL_TOKENS: usize = 12;

/// One choice before it is put on the wire.
struct Choice {
    reasoning: Vec<String>,
    content: Vec<String>,
    call: Option<ToolCall>,
    finish: &'static str,
}

struct ToolCall {
    id: String,
    name: String,
    arguments: String,
}

/// The answer to a checked request.
pub fn reply(work: &Work<'_>, asked: &Asked) -> Answer {
    let choices: Vec<Choice> = (0..asked.choices).map(|index| choose(asked, index as u64)).collect();
    match asked.stream {
        true => Answer::Events(chunks(work, asked, &choices)),
        false => whole(work, asked, &choices),
    }
}

fn choose(asked: &Asked, index: u64) -> Choice {
    let question = &asked.conversation.question;
    let mut reasoning = if asked.thinks { wording::reasoning(question) } else { Vec::new() };
    let most = asked.max_completion_tokens.unwrap_or(usize::MAX);
    reasoning.truncate(most);
    let room = asked.max_tokens.unwrap_or(most - reasoning.len());
    if let Some(function) = &asked.tool {
        return Choice {
            reasoning,
            content: Vec::new(),
            call: Some(call(function, question, index)),
            finish: "tool_calls",
        };
    }
    let mut content = say(asked, index);
    let stopped = stop(&mut content, &asked.stops);
    let finish = if content.len() > room { "length" } else { "stop" };
    content.truncate(room);
    Choice { reasoning, content, call: None, finish: if stopped { "stop" } else { finish } }
}

fn say(asked: &Asked, index: u64) -> Vec<String> {
    let Conversation { question, tool_result, length, .. } = &asked.conversation;
    if let Some(schema) = &asked.json_schema {
        let value = match schema.as_object().is_some_and(Map::is_empty) {
            true => json!({ "question": question, "answer": wording::answer(question, index, None).concat() }),
            false => wording::sample(schema, question),
        };
        return wording::tokens(&value.to_string());
    }
    if let Some(result) = tool_result {
        return wording::tokens(&format!("The tool says: {result}. That answers the question “{question}”."));
    }
    wording::answer(question, index ^ (*length as u64) << 8, wording::asked_length(question))
}

fn call(function: &Value, question: &str, index: u64) -> ToolCall {
    let name = function["name"].as_str().unwrap_or_default();
    let arguments = wording::sample(&function["parameters"], question);
    let arguments = if arguments.is_object() { arguments } else { json!({}) };
    let id = base36(mix(digest(question.as_bytes()) ^ digest(name.as_bytes()) ^ index), 12);
    ToolCall { id: format!("call_{id}"), name: name.into(), arguments: arguments.to_string() }
}

/// Ends the text before the first stop word; true when there was one.
fn stop(content: &mut Vec<String>, stops: &[String]) -> bool {
    let text = content.concat();
    let ends = stops.iter().filter(|stop| !stop.is_empty()).filter_map(|stop| text.find(stop.as_str()));
    let Some(end) = ends.min() else { return false };
    *content = wording::tokens(&text[..end]);
    true
}

impl Choice {
    fn reasoning_tokens(&self) -> usize {
        self.reasoning.len()
    }

    fn tokens(&self) -> usize {
        let called = self.call.as_ref().map_or(0, |call| CALL_TOKENS + wording::count(&call.arguments));
        self.reasoning.len() + self.content.len() + called
    }

    fn message(&self) -> Value {
        let mut message = json!({ "role": "assistant", "content": self.content.concat() });
        if !self.reasoning.is_empty() {
            message["reasoning_content"] = json!(self.reasoning.concat());
        }
        if let Some(call) = &self.call {
            message["tool_calls"] = json!([{
                "id": call.id, "type": "function", "function": { "name": call.name, "arguments": call.arguments },
            }]);
        }
        message
    }

    /// The deltas in their order, and how many tokens each stands for.
    fn deltas(&self) -> Vec<(Value, usize)> {
        let mut deltas: Vec<(Value, usize)> = Vec::new();
        for piece in &self.reasoning {
            deltas.push((json!({ "role": "assistant", "content": "", "reasoning_content": piece }), 1));
        }
        for piece in &self.content {
            deltas.push((json!({ "role": "assistant", "content": piece }), 1));
        }
        if let Some(call) = &self.call {
            deltas.extend(call.deltas());
        }
        deltas
    }
}

impl ToolCall {
    fn deltas(&self) -> Vec<(Value, usize)> {
        let opening = json!({ "role": "assistant", "content": "", "tool_calls": [{
            "index": 0, "id": self.id, "type": "function", "function": { "name": self.name, "arguments": "" },
        }] });
        let mut deltas = vec![(opening, CALL_TOKENS + wording::count(&self.arguments))];
        let letters: Vec<char> = self.arguments.chars().collect();
        for piece in letters.chunks(ARGUMENT_PIECE) {
            let arguments: String = piece.iter().collect();
            deltas.push((json!({ "tool_calls": [{ "index": 0, "function": { "arguments": arguments } }] }), 0));
        }
        deltas
    }
}

fn usage(work: &Work<'_>, asked: &Asked, completion: usize, reasoning: usize) -> Value {
    let prompt = asked.conversation.tokens;
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
    let reasoning: usize = choices.iter().map(Choice::reasoning_tokens).sum();
    let listed: Vec<Value> = choices
        .iter()
        .enumerate()
        .map(|(index, choice)| {
            json!({ "index": index, "message": choice.message(), "finish_reason": choice.finish, "logprobs": null })
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
        for (delta, tokens) in choice.deltas() {
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
