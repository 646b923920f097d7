//! `POST /embeddings` and `/embeddings/multimodal`: vectors of length one that follow from the words alone,
//! so that texts with common words are near each other.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};

use super::catalog::{self, Kind};
use super::refusal::{invalid, missing};
use super::{Incoming, Work, run};
use crate::Sim;
use crate::calls::{Answer, Refusal};
use crate::chance::digest;
use crate::fields::{media_url, present, required_text, word};
use crate::vectors::{encoded, vector, words};
use crate::wording;

/// The most texts in one call.
const MAX_INPUTS: usize = 256;
const DIMENSIONS: usize = 2_048;
/// The lengths that a caller may ask for.
const ALLOWED: [i64; 6] = [256, 512, 1_024, 2_048, 2_560, 4_096];
/// What a picture or video costs, in tokens.
const PICTURE_TOKENS: usize = 1_312;

/// One vector per text.
pub async fn texts(sim: State<Arc<Sim>>, incoming: Incoming) -> Response {
    run(sim, incoming, "embeddings", None, embed_texts).await
}

/// One vector for all parts together.
pub async fn multimodal(sim: State<Arc<Sim>>, incoming: Incoming) -> Response {
    run(sim, incoming, "embeddings", None, embed_parts).await
}

fn embed_texts(work: Work<'_>) -> Result<Answer, Refusal> {
    let model = required_text(work.body, "model")?;
    catalog::find(work.sim, model, Kind::Embedding, "embeddings")?;
    let inputs = inputs(work.body)?;
    let dimensions = dimensions(work.body)?;
    let encoding = word(work.body, "encoding_format", &["float", "base64"])?.unwrap_or("float");
    let tokens: usize = inputs.iter().map(|text| wording::count(text)).sum();
    work.call.accept(None);
    let data: Vec<Value> = inputs
        .iter()
        .enumerate()
        .map(|(index, text)| {
            let vector = encoded(&vector(&[text], dimensions), encoding);
            json!({ "object": "embedding", "index": index, "embedding": vector })
        })
        .collect();
    let usage = work.call.usage(json!({ "prompt_tokens": tokens, "total_tokens": tokens }));
    Ok(answer(&work, model, json!(data), usage))
}

fn embed_parts(work: Work<'_>) -> Result<Answer, Refusal> {
    let model = required_text(work.body, "model")?;
    catalog::find(work.sim, model, Kind::Multimodal, "multimodal embeddings")?;
    let parts = present(work.body, "input").and_then(Value::as_array).filter(|parts| !parts.is_empty());
    let parts = parts.ok_or_else(|| missing("input"))?;
    let dimensions = dimensions(work.body)?;
    let encoding = word(work.body, "encoding_format", &["float", "base64"])?.unwrap_or("float");
    let mut contents = Vec::new();
    let (mut text_tokens, mut image_tokens) = (0, 0);
    for part in parts {
        let content = part_content(part)?;
        match part["type"] == "text" {
            true => text_tokens += wording::count(content),
            false => image_tokens += PICTURE_TOKENS,
        }
        contents.push(content);
    }
    work.call.accept(None);
    let mut data = json!({ "object": "embedding", "embedding": encoded(&vector(&contents, dimensions), encoding) });
    if work.body["sparse_embedding"]["type"] == "enabled" {
        data["sparse_embedding"] = sparse(&contents);
    }
    let tokens = text_tokens + image_tokens;
    let usage = work.call.usage(json!({
        "prompt_tokens": tokens,
        "total_tokens": tokens,
        "prompt_tokens_details": { "text_tokens": text_tokens, "image_tokens": image_tokens },
    }));
    Ok(answer(&work, model, data, usage))
}

fn answer(work: &Work<'_>, model: &str, data: Value, usage: Value) -> Answer {
    let body = json!({
        "id": work.call.request_id(),
        "object": "list",
        "created": chrono::Utc::now().timestamp(),
        "model": model,
        "data": data,
        "usage": usage,
    });
    Answer::Json { after_ms: work.sim.config.embedding_ms, body }
}

fn inputs(body: &Value) -> Result<Vec<&str>, Refusal> {
    let bad = || invalid("input", "it must be a string or a list of 1 to 256 strings that are not empty");
    let inputs: Vec<&str> = match present(body, "input").ok_or_else(|| missing("input"))? {
        Value::String(text) => vec![text],
        Value::Array(list) => list.iter().map(|text| text.as_str().ok_or_else(bad)).collect::<Result<_, _>>()?,
        _ => return Err(bad()),
    };
    match inputs.is_empty() || inputs.len() > MAX_INPUTS || inputs.iter().any(|text| text.is_empty()) {
        true => Err(bad()),
        false => Ok(inputs),
    }
}

fn part_content(part: &Value) -> Result<&str, Refusal> {
    match part["type"].as_str() {
        Some("text") => part["text"].as_str().ok_or_else(|| missing("input.text")),
        Some(kind @ ("image_url" | "video_url")) => {
            let url = part[kind]["url"].as_str().unwrap_or("");
            media_url(&format!("input.{kind}"), url, &["image/", "video/"])?;
            Ok(url)
        }
        _ => Err(invalid("input.type", "it must be text, image_url or video_url")),
    }
}

fn dimensions(body: &Value) -> Result<usize, Refusal> {
    match present(body, "dimensions") {
        None => Ok(DIMENSIONS),
        Some(asked) => {
            let allowed = asked.as_i64().filter(|asked| ALLOWED.contains(asked));
            allowed.map(|asked| asked as usize).ok_or_else(|| invalid("dimensions", "the model does not support it"))
        }
    }
}

fn sparse(contents: &[&str]) -> Value {
    let mut items: Vec<(u64, usize)> = Vec::new();
    for word in contents.iter().flat_map(|content| words(content)) {
        let index = digest(word.as_bytes()) % 100_000;
        match items.iter_mut().find(|item| item.0 == index) {
            Some(item) => item.1 += 1,
            None => items.push((index, 1)),
        }
    }
    items.iter().map(|(index, times)| json!({ "index": index, "value": *times as f32 / 10.0 })).collect()
}
