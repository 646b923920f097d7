//! `POST /embeddings`: one vector per text or list of tokens, as numbers or in base64.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};

use super::models::{self, Kind};
use super::{Incoming, Work, run};
use crate::Sim;
use crate::calls::{Answer, Refusal};
use crate::fields::{integer, invalid, missing, present, required_text, word};
use crate::vectors::{encoded, vector};
use crate::wording;

/// The most texts in one call.
const MAX_INPUTS: usize = 2_048;
/// The most tokens of one text.
const MAX_TOKENS: usize = 8_192;

/// Makes vectors.
pub async fn embed(sim: State<Arc<Sim>>, incoming: Incoming) -> Response {
    run(sim, incoming, ("embeddings", None), answer).await
}

fn answer(work: Work<'_>) -> Result<Answer, Refusal> {
    let model = required_text(work.body, "model")?;
    let longest = models::find(model, |kind| match kind {
        Kind::Embedding(dimensions) => Some(dimensions),
        _ => None,
    })?;
    let inputs = inputs(work.body)?;
    let dimensions = integer(work.body, "dimensions", 1..=longest as i64)?.map_or(longest, |asked| asked as usize);
    let encoding = word(work.body, "encoding_format", &["float", "base64"])?.unwrap_or("float");
    work.call.accept(None);
    let tokens: usize = inputs.iter().map(|(_, tokens)| tokens).sum();
    let data: Vec<Value> = inputs
        .iter()
        .enumerate()
        .map(|(index, (text, _))| {
            let vector = encoded(&vector(&[text], dimensions), encoding);
            json!({ "object": "embedding", "index": index, "embedding": vector })
        })
        .collect();
    let usage = work.call.usage(json!({ "prompt_tokens": tokens, "total_tokens": tokens }));
    let body = json!({ "object": "list", "data": data, "model": model, "usage": usage });
    Ok(Answer::Json { after_ms: work.sim.config.embedding_ms, body })
}

/// The texts with their tokens. A list of tokens is a text of its numbers.
fn inputs(body: &Value) -> Result<Vec<(String, usize)>, Refusal> {
    let inputs = match present(body, "input").ok_or_else(|| missing("input"))? {
        Value::Array(list) if list.iter().all(Value::is_u64) => vec![read(&Value::Array(list.clone()))?],
        Value::Array(list) => list.iter().map(read).collect::<Result<_, _>>()?,
        one => vec![read(one)?],
    };
    let fits = |(_, tokens): &(String, usize)| (1..=MAX_TOKENS).contains(tokens);
    match (1..=MAX_INPUTS).contains(&inputs.len()) && inputs.iter().all(fits) {
        true => Ok(inputs),
        false => {
            Err(invalid("input", &format!("1 to {MAX_INPUTS} inputs are taken, each of 1 to {MAX_TOKENS} tokens")))
        }
    }
}

fn read(input: &Value) -> Result<(String, usize), Refusal> {
    match input {
        Value::String(text) => Ok((text.clone(), wording::count(text))),
        Value::Array(tokens) if tokens.iter().all(Value::is_u64) => {
            let text: Vec<String> = tokens.iter().map(Value::to_string).collect();
            Ok((text.join(" "), tokens.len()))
        }
        _ => Err(invalid("input", "it must be a string, a list of strings, or tokens")),
    }
}
