//! `POST /chat/completions`: checks the request and hands it to the pretended model.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde_json::Value;

use super::models::{self, Kind};
use super::refusal::{against_policy, unsupported};
use super::{Incoming, Work, replies, run};
use crate::Sim;
use crate::calls::{Answer, Refusal};
use crate::fields::{flag, integer, invalid, number, present, required_text, word};
use crate::messages;
use crate::speech::{self, Prompt};

/// The most input tokens of any model.
const CONTEXT: usize = 922_000;
/// The most output tokens of any model.
const MAX_OUTPUT: i64 = 128 * 1_024;
/// The most choices per request.
const MAX_CHOICES: i64 = 128;

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
}

/// Answers a chat.
pub async fn complete(sim: State<Arc<Sim>>, incoming: Incoming) -> Response {
    run(sim, incoming, ("chat", None), answer).await
}

fn answer(work: Work<'_>) -> Result<Answer, Refusal> {
    let asked = read(work.body)?;
    let question = asked.prompt.conversation.question.to_lowercase();
    if work.sim.config.moderated_words.iter().any(|word| question.contains(word)) {
        return Err(against_policy());
    }
    work.call.accept(None);
    Ok(replies::reply(&work, &asked))
}

fn read(body: &Value) -> Result<Asked, Refusal> {
    let model = required_text(body, "model")?;
    let reasons = models::find(model, |kind| match kind {
        Kind::Chat { reasons } => Some(reasons),
        _ => None,
    })?;
    let conversation = messages::read(body)?;
    if conversation.tokens > CONTEXT {
        let why = format!("This model's maximum context length is {CONTEXT} tokens.");
        return Err(Refusal::new(400, "context_length_exceeded", why));
    }
    check_sampling(body, reasons)?;
    let stream = flag(body, "stream")?.unwrap_or(false);
    let options = stream_options(body, stream)?;
    Ok(Asked {
        model: model.into(),
        prompt: Prompt {
            thinks: reasons && !matches!(present(body, "reasoning_effort").and_then(Value::as_str), Some("none")),
            max_tokens: None,
            max_completion_tokens: limit(body, reasons)?,
            stops: speech::stops(body)?,
            tool: speech::tool(body, &conversation)?,
            json_schema: speech::json_schema(body)?,
            conversation,
        },
        choices: integer(body, "n", 1..=MAX_CHOICES)?.unwrap_or(1) as usize,
        stream,
        include_usage: flag(options, "include_usage")?.unwrap_or(false),
    })
}

fn check_sampling(body: &Value, reasons: bool) -> Result<(), Refusal> {
    let temperature = number(body, "temperature", 0.0..=2.0)?;
    if reasons && temperature.is_some_and(|temperature| temperature != 1.0) {
        return Err(unsupported("temperature", "is not supported with this model; only the default (1) is"));
    }
    number(body, "top_p", 0.0..=1.0)?;
    number(body, "frequency_penalty", -2.0..=2.0)?;
    number(body, "presence_penalty", -2.0..=2.0)?;
    integer(body, "top_logprobs", 0..=20)?;
    word(body, "service_tier", &["auto", "default", "flex", "scale", "priority", "fast"])?;
    word(body, "verbosity", &["low", "medium", "high"])?;
    match word(body, "reasoning_effort", &["none", "minimal", "low", "medium", "high", "xhigh", "max"])? {
        Some(_) if !reasons => Err(unsupported("reasoning_effort", "is not supported with this model")),
        _ => Ok(()),
    }
}

fn stream_options(body: &Value, stream: bool) -> Result<&Value, Refusal> {
    match present(body, "stream_options") {
        Some(_) if !stream => Err(invalid("stream_options", "it is only allowed when `stream` is true")),
        Some(options) if !options.is_object() => Err(invalid("stream_options", "it must be an object")),
        found => Ok(found.unwrap_or(&Value::Null)),
    }
}

fn limit(body: &Value, reasons: bool) -> Result<Option<usize>, Refusal> {
    let limit = |field| integer(body, field, 1..=MAX_OUTPUT).map(|found| found.map(|number| number as usize));
    match (limit("max_tokens")?, limit("max_completion_tokens")?) {
        (Some(_), _) if reasons => {
            Err(unsupported("max_tokens", "is not supported with this model. Use 'max_completion_tokens' instead"))
        }
        (Some(_), Some(_)) => Err(invalid("max_tokens", "it and `max_completion_tokens` can't both be set")),
        (old, new) => Ok(old.or(new)),
    }
}
