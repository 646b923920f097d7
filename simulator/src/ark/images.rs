//! `POST /images/generations`: one call, one or several pictures, whole or as a stream of events.
//! A picture that fails does not fail the call; only generated pictures are counted.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use base64::Engine;
use serde_json::{Value, json};

use super::catalog::{self, Kind};
use super::image_sizes::{IMAGE_MODELS, ImageModel};
use super::refusal::{invalid, missing, sensitive_text};
use super::{Incoming, Work, run};
use crate::Sim;
use crate::calls::{Answer, Event, Refusal};
use crate::fields::{flag, integer, media_url, number, pixels, present, required_text, word};
use crate::files::Recipe;
use crate::media::{Format, Picture};

/// References and outputs together.
const MAX_IN_AND_OUT: usize = 15;
/// How many pictures a sequence has when the caller sets no maximum (a real model decides by the prompt).
const USUAL_SEQUENCE: usize = 4;

/// A request that passed all checks.
struct Asked<'a> {
    model: &'a str,
    prompt: &'a str,
    width: u32,
    height: u32,
    references: usize,
    count: usize,
    base64: bool,
    format: Format,
    watermark: bool,
    stream: bool,
    web_search: bool,
}

/// Generates pictures.
pub async fn generate(sim: State<Arc<Sim>>, incoming: Incoming) -> Response {
    run(sim, incoming, "images", None, answer).await
}

fn answer(work: Work<'_>) -> Result<Answer, Refusal> {
    let asked = read(&work)?;
    let prompt = asked.prompt.to_lowercase();
    if work.sim.config.moderated_words.iter().any(|word| prompt.contains(word)) {
        return Err(sensitive_text());
    }
    work.call.accept(None);
    let items: Vec<Value> = (0..asked.count).map(|index| item(&work, &asked, index)).collect();
    let usage = usage(&work, &asked, &items);
    match asked.stream {
        true => Ok(Answer::Events(events(&work, &asked, items, usage))),
        false => Ok(whole(&work, &asked, items, usage)),
    }
}

fn read<'a>(work: &Work<'a>) -> Result<Asked<'a>, Refusal> {
    let body = work.body;
    let name = required_text(body, "model")?;
    let found = catalog::find(work.sim, name, Kind::Image, "image generations")?;
    let model = IMAGE_MODELS.iter().find(|model| model.stem == found.stem);
    let model = model.ok_or_else(|| super::refusal::no_model(name))?;
    let prompt = required_text(body, "prompt")?;
    let references = references(model, body)?;
    check_extras(model, body)?;
    let size = crate::fields::text(body, "size")?;
    let (width, height) = model.resolve(size, prompt, references.first().and_then(|url| pixels(url)))?;
    Ok(Asked {
        model: name,
        prompt,
        width,
        height,
        count: count(model, body, references.len())?,
        references: references.len(),
        base64: word(body, "response_format", &["url", "b64_json"])? == Some("b64_json"),
        format: if body["output_format"] == "png" { Format::Png } else { Format::Jpeg },
        watermark: flag(body, "watermark")?.unwrap_or(true),
        stream: stream(model, body)?,
        web_search: present(body, "tools").is_some(),
    })
}

fn references<'a>(model: &ImageModel, body: &'a Value) -> Result<Vec<&'a str>, Refusal> {
    let bad = || invalid("image", "it must be a string or a list of strings");
    let urls: Vec<&str> = match present(body, "image") {
        None => Vec::new(),
        Some(Value::String(url)) => vec![url],
        Some(Value::Array(list)) => list.iter().map(|url| url.as_str().ok_or_else(bad)).collect::<Result<_, _>>()?,
        Some(_) => return Err(bad()),
    };
    if model.edits && urls.is_empty() {
        return Err(missing("image"));
    }
    if urls.len() > model.references {
        return Err(invalid("image", &format!("the model takes at most {} reference images", model.references)));
    }
    urls.iter().try_for_each(|url| media_url("image", url, &["image/"]))?;
    Ok(urls)
}

/// Fields that only some models know.
fn check_extras(model: &ImageModel, body: &Value) -> Result<(), Refusal> {
    let unknown = |field: &str| Err(invalid(field, "the model does not support it"));
    integer(body, "seed", -1..=i64::from(i32::MAX))?;
    number(body, "guidance_scale", 1.0..=10.0)?;
    for field in ["seed", "guidance_scale"] {
        if !model.seeds && present(body, field).is_some() {
            return unknown(field);
        }
    }
    if word(body, "output_format", &["jpeg", "png"])? == Some("png") && !model.png {
        return unknown("output_format");
    }
    let options = present(body, "optimize_prompt_options").unwrap_or(&Value::Null);
    if word(options, "mode", &["standard", "fast"])? == Some("fast") && !model.fast {
        return unknown("optimize_prompt_options.mode");
    }
    if present(body, "tools").is_some() && !model.stem.contains("5-0") {
        return unknown("tools");
    }
    Ok(())
}

fn stream(model: &ImageModel, body: &Value) -> Result<bool, Refusal> {
    match flag(body, "stream")?.unwrap_or(false) {
        true if !model.sequences => Err(invalid("stream", "the model does not support it")),
        stream => Ok(stream),
    }
}

fn count(model: &ImageModel, body: &Value, references: usize) -> Result<usize, Refusal> {
    let options = present(body, "sequential_image_generation_options").unwrap_or(&Value::Null);
    let most = integer(options, "max_images", 1..=15)?;
    if word(body, "sequential_image_generation", &["disabled", "auto"])? != Some("auto") {
        return Ok(1);
    }
    if !model.sequences {
        return Err(invalid("sequential_image_generation", "the model does not support it"));
    }
    let room = MAX_IN_AND_OUT.saturating_sub(references);
    match most {
        Some(most) if most as usize > room => {
            let why = format!("reference images and generated images together must be at most {MAX_IN_AND_OUT}");
            Err(invalid("sequential_image_generation_options.max_images", &why))
        }
        Some(most) => Ok(most as usize),
        None => Ok(USUAL_SEQUENCE.min(room).max(1)),
    }
}

/// One picture's entry: a link or base64 with its size, or an error.
fn item(work: &Work<'_>, asked: &Asked<'_>, index: usize) -> Value {
    if work.call.fault().fail_images.contains(&(index as u32)) {
        return json!({ "error": {
            "code": "OutputImageSensitiveContentDetected",
            "message": format!("The output image may contain sensitive information. Request id: {}", work.call.request_id()),
        } });
    }
    let recipe = Recipe::Picture(Picture {
        prompt: asked.prompt.chars().take(2_000).collect(),
        note: note(asked, index),
        width: asked.width,
        height: asked.height,
        format: asked.format,
        watermark: asked.watermark,
    });
    let size = format!("{}x{}", asked.width, asked.height);
    match asked.base64 {
        true => json!({ "b64_json": base64::engine::general_purpose::STANDARD.encode(recipe.render()), "size": size }),
        false => {
            let name = format!("{}-{index}", work.call.request_id());
            let path = work.sim.shelve(&name, recipe);
            json!({ "url": format!("http://{}{path}", work.incoming.host()), "size": size })
        }
    }
}

fn note(asked: &Asked<'_>, index: usize) -> String {
    let place = (asked.count > 1).then(|| format!("{} of {}", index + 1, asked.count));
    let inputs = (asked.references > 0).then(|| format!("from {} image(s)", asked.references));
    place.into_iter().chain(inputs).collect::<Vec<_>>().join(", ")
}

/// `output_tokens` is the pixels of the generated pictures over 256.
fn usage(work: &Work<'_>, asked: &Asked<'_>, items: &[Value]) -> Value {
    let generated = items.iter().filter(|item| item.get("error").is_none()).count() as u64;
    let tokens = generated * u64::from(asked.width) * u64::from(asked.height) / 256;
    let mut usage = json!({ "generated_images": generated, "output_tokens": tokens, "total_tokens": tokens });
    if asked.references > 0 {
        usage["input_images"] = json!(asked.references);
    }
    if asked.web_search {
        usage["tool_usage"] = json!({ "web_search": 1 });
    }
    work.call.usage(usage)
}

fn whole(work: &Work<'_>, asked: &Asked<'_>, items: Vec<Value>, usage: Value) -> Answer {
    let mut body =
        json!({ "model": asked.model, "created": chrono::Utc::now().timestamp(), "data": items, "usage": usage });
    if asked.web_search {
        body["tools"] = work.body["tools"].clone();
    }
    Answer::Json { after_ms: work.sim.config.image_ms * asked.count as u64, body }
}

fn events(work: &Work<'_>, asked: &Asked<'_>, items: Vec<Value>, usage: Value) -> Vec<Event> {
    let created = chrono::Utc::now().timestamp();
    let mut events: Vec<Event> = Vec::with_capacity(items.len() + 2);
    for (index, mut event) in items.into_iter().enumerate() {
        let failed = event.get("error").is_some();
        event["type"] =
            json!(if failed { "image_generation.partial_failed" } else { "image_generation.partial_succeeded" });
        event["model"] = json!(asked.model);
        event["created"] = json!(created);
        event["image_index"] = json!(index);
        events.push(Event { after_ms: work.sim.config.image_ms, data: event.to_string() });
    }
    let completed =
        json!({ "type": "image_generation.completed", "model": asked.model, "created": created, "usage": usage });
    events.push(Event { after_ms: 0, data: completed.to_string() });
    events.push(Event { after_ms: 0, data: "[DONE]".into() });
    events
}
