//! `POST /chat/completions`: checks the request and hands it to the pretended model.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde_json::Value;

use super::catalog::{self, Kind};
use super::refusal::{invalid, sensitive_text};
use super::{Incoming, Work, replies, run};
use crate::Sim;
use crate::calls::{Answer, Refusal};
use crate::fields::{flag, integer, number, present, required_text, word};
use crate::messages;
use crate::speech::{self, Prompt};

/// The most input tokens of any model.
const CONTEXT: usize = 256 * 1_024;
/// The most choices per request.
const MAX_CHOICES: i64 = 8;

/// A request that passed all checks.
#[derive(Debug)]
pub struct Asked {
    /// As the caller named it.
    pub model: String,
    /// What the model is asked.
    pub prompt: Prompt,
    /// How many choices.
    pub choices: usize,
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
    let question = asked.prompt.conversation.question.to_lowercase();
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
        prompt: Prompt {
            thinks: thinks(body)?,
            max_tokens,
            max_completion_tokens,
            stops: speech::stops(body)?,
            tool: speech::tool(body, &conversation)?,
            json_schema: speech::json_schema(body)?,
            conversation,
        },
        choices: integer(body, "n", 1..=MAX_CHOICES)?.unwrap_or(1) as usize,
        stream,
        include_usage: flag(options, "include_usage")?.unwrap_or(false),
        chunk_usage: flag(options, "chunk_include_usage")?.unwrap_or(false),
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
