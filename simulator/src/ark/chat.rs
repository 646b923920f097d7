//! `POST /chat/completions`: checks the request and hands it to the pretended model.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde_json::Value;

use super::catalog::{self, Kind};
use super::fields::{flag, integer, number, present, required_text, text, word};
use super::messages::{self, Conversation};
use super::refusal::{invalid, missing, sensitive_text};
use super::{Incoming, Work, replies, run};
use crate::Sim;
use crate::calls::{Answer, Refusal};

/// The most input tokens of any model.
const CONTEXT: usize = 256 * 1_024;
/// The most choices per request.
const MAX_CHOICES: i64 = 8;

/// A request that passed all checks.
#[derive(Debug)]
pub struct Asked {
    /// As the caller named it.
    pub model: String,
    /// What was said.
    pub conversation: Conversation,
    /// Whether the model thinks first.
    pub thinks: bool,
    /// Most tokens of the answer.
    pub max_tokens: Option<usize>,
    /// Most tokens of answer and reasoning.
    pub max_completion_tokens: Option<usize>,
    /// How many choices.
    pub choices: usize,
    /// The answer ends before any of these.
    pub stops: Vec<String>,
    /// The function to call, when one is to be called.
    pub tool: Option<Value>,
    /// The schema of the answer: `{}` for any JSON object, none for text.
    pub json_schema: Option<Value>,
    /// Whether to stream.
    pub stream: bool,
    /// A last chunk with usage.
    pub include_usage: bool,
    /// Usage so far in every chunk.
    pub chunk_usage: bool,
}

/// Answers a chat.
pub async fn complete(sim: State<Arc<Sim>>, incoming: Incoming) -> Response {
    run(sim, incoming, "chat", None, answer).await
}

fn answer(work: Work<'_>) -> Result<Answer, Refusal> {
    let asked = read(&work)?;
    let question = asked.conversation.question.to_lowercase();
    if work.sim.config.moderated_words.iter().any(|word| question.contains(word)) {
        return Err(sensitive_text());
    }
    work.call.accept(None);
    Ok(replies::reply(&work, &asked))
}

fn read(work: &Work<'_>) -> Result<Asked, Refusal> {
    let body = work.body;
    let model = required_text(body, "model")?;
    catalog::find(work.sim, model, Kind::Chat, "chat completions")?;
    let conversation = messages::read(body)?;
    if conversation.tokens > CONTEXT {
        return Err(Refusal::new(400, "OutofContextError", "The input is longer than the model's context length."));
    }
    check_sampling(body)?;
    let stream = flag(body, "stream")?.unwrap_or(false);
    let options = stream_options(body, stream)?;
    let (max_tokens, max_completion_tokens) = limits(body)?;
    Ok(Asked {
        model: model.into(),
        thinks: thinks(body)?,
        max_tokens,
        max_completion_tokens,
        choices: integer(body, "n", 1..=MAX_CHOICES)?.unwrap_or(1) as usize,
        stops: stops(body)?,
        tool: tool(body, &conversation)?,
        json_schema: json_schema(body)?,
        stream,
        include_usage: flag(options, "include_usage")?.unwrap_or(false),
        chunk_usage: flag(options, "chunk_include_usage")?.unwrap_or(false),
        conversation,
    })
}

fn check_sampling(body: &Value) -> Result<(), Refusal> {
    number(body, "temperature", 0.0..=2.0)?;
    number(body, "top_p", 0.0..=1.0)?;
    number(body, "frequency_penalty", -2.0..=2.0)?;
    number(body, "presence_penalty", -2.0..=2.0)?;
    integer(body, "top_logprobs", 0..=20)?;
    word(body, "service_tier", &["auto", "default"])?;
    Ok(())
}

fn stream_options(body: &Value, stream: bool) -> Result<&Value, Refusal> {
    match present(body, "stream_options") {
        Some(_) if !stream => Err(invalid("stream_options", "it is only allowed when `stream` is true")),
        Some(options) if !options.is_object() => Err(invalid("stream_options", "it must be an object")),
        found => Ok(found.unwrap_or(&Value::Null)),
    }
}

fn limits(body: &Value) -> Result<(Option<usize>, Option<usize>), Refusal> {
    let limit = |field| integer(body, field, 1..=256 * 1_024).map(|found| found.map(|number| number as usize));
    match (limit("max_tokens")?, limit("max_completion_tokens")?) {
        (Some(_), Some(_)) => Err(invalid("max_completion_tokens", "it and `max_tokens` can't both be set")),
        limits => Ok(limits),
    }
}

fn thinks(body: &Value) -> Result<bool, Refusal> {
    let effort = word(body, "reasoning_effort", &["minimal", "low", "medium", "high"])?;
    let thinking = present(body, "thinking").unwrap_or(&Value::Null);
    match word(thinking, "type", &["enabled", "disabled", "auto"])? {
        Some("disabled") if effort.is_some_and(|effort| effort != "minimal") => {
            Err(invalid("reasoning_effort", "it must be minimal when thinking is disabled"))
        }
        Some("disabled") => Ok(false),
        _ => Ok(effort != Some("minimal")),
    }
}

fn stops(body: &Value) -> Result<Vec<String>, Refusal> {
    let bad = || invalid("stop", "it must be a string or a list of at most 4 strings");
    match present(body, "stop") {
        None => Ok(Vec::new()),
        Some(Value::String(stop)) => Ok(vec![stop.clone()]),
        Some(Value::Array(list)) if list.len() <= 4 => {
            list.iter().map(|stop| stop.as_str().map(str::to_owned).ok_or_else(bad)).collect()
        }
        Some(_) => Err(bad()),
    }
}

fn json_schema(body: &Value) -> Result<Option<Value>, Refusal> {
    let Some(format) = present(body, "response_format") else { return Ok(None) };
    match word(format, "type", &["text", "json_object", "json_schema"])? {
        Some("json_object") => Ok(Some(Value::Object(serde_json::Map::new()))),
        Some("json_schema") => {
            let schema = &format["json_schema"]["schema"];
            schema
                .is_object()
                .then(|| Some(schema.clone()))
                .ok_or_else(|| missing("response_format.json_schema.schema"))
        }
        Some(_) => Ok(None),
        None => Err(missing("response_format.type")),
    }
}

/// The function that the model will call: the named or only possible one, or under `auto` one that the question speaks of.
fn tool(body: &Value, conversation: &Conversation) -> Result<Option<Value>, Refusal> {
    let empty = Vec::new();
    let tools = match present(body, "tools") {
        None => &empty,
        Some(tools) => tools.as_array().ok_or_else(|| invalid("tools", "it must be a list"))?,
    };
    for tool in tools {
        if text(tool, "type")? != Some("function") || tool["function"]["name"].as_str().is_none_or(str::is_empty) {
            return Err(invalid("tools", "each must be a function with a name"));
        }
    }
    let function = |tool: Option<&Value>| tool.map(|tool| tool["function"].clone());
    match present(body, "tool_choice") {
        Some(Value::Object(choice)) => {
            let name = choice.get("function").map_or(&Value::Null, |function| &function["name"]);
            let named = tools.iter().find(|tool| tool["function"]["name"] == *name);
            named.map(|tool| function(Some(tool))).ok_or_else(|| invalid("tool_choice", "no tool has that name"))
        }
        Some(Value::String(choice)) if choice == "none" => Ok(None),
        Some(Value::String(choice)) if choice == "required" && tools.is_empty() => Err(missing("tools")),
        Some(Value::String(choice)) if choice == "required" => {
            Ok(function(tools.iter().find(|tool| speaks_of(conversation, tool)).or(tools.first())))
        }
        Some(Value::String(choice)) if choice != "auto" => {
            Err(invalid("tool_choice", "it must be none, auto, required or a function"))
        }
        None | Some(Value::String(_)) => Ok(function(tools.iter().find(|tool| speaks_of(conversation, tool)))),
        Some(_) => Err(invalid("tool_choice", "it must be a string or an object")),
    }
}

/// Whether the question has a word (of four letters or more) of the function's name or description.
fn speaks_of(conversation: &Conversation, tool: &Value) -> bool {
    if conversation.tool_result.is_some() {
        return false;
    }
    let question = conversation.question.to_lowercase();
    let said = |text: &str| {
        let words = text.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase);
        words.filter(|word| word.chars().count() > 3).any(|word| question.contains(&word))
    };
    let function = &tool["function"];
    function["name"].as_str().is_some_and(said) || function["description"].as_str().is_some_and(said)
}
