//! `POST /images/generations` and `POST /images/edits`: always base64, counted in tokens, whole or as a stream of events.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::image_params::Asked;
use super::{Incoming, Work, run};
use crate::Sim;
use crate::calls::{Answer, Event, Refusal};
use crate::media::Picture;

/// Makes images from a text.
pub async fn generate(sim: State<Arc<Sim>>, incoming: Incoming) -> Response {
    run(sim, incoming, ("images", None), |work| answer(&work, false)).await
}

/// Makes images from images.
pub async fn edit(sim: State<Arc<Sim>>, incoming: Incoming) -> Response {
    run(sim, incoming, ("image_edits", None), |work| answer(&work, true)).await
}

fn answer(work: &Work<'_>, edits: bool) -> Result<Answer, Refusal> {
    let asked = Asked::read(work, edits)?;
    work.call.accept(None);
    match asked.stream {
        Some(partial) => Ok(Answer::Events(events(work, &asked, (edits, partial)))),
        None => Ok(whole(work, &asked)),
    }
}

fn whole(work: &Work<'_>, asked: &Asked<'_>) -> Answer {
    let data: Vec<Value> = (0..asked.count).map(|index| json!({ "b64_json": picture(asked, index) })).collect();
    let mut body = about(asked);
    body["created"] = json!(chrono::Utc::now().timestamp());
    body["data"] = data.into();
    body["usage"] = usage(work, asked);
    Answer::Json { after_ms: work.sim.config.image_ms * asked.count as u64, body }
}

fn events(work: &Work<'_>, asked: &Asked<'_>, (edits, partial): (bool, usize)) -> Vec<Event> {
    let family = if edits { "image_edit" } else { "image_generation" };
    let mut event = about(asked);
    event["created_at"] = json!(chrono::Utc::now().timestamp());
    event["b64_json"] = picture(asked, 0).into();
    let each_ms = work.sim.config.image_ms / (partial as u64 + 1);
    let partials = (0..partial).map(|index| {
        let mut event = event.clone();
        event["type"] = json!(format!("{family}.partial_image"));
        event["partial_image_index"] = json!(index);
        event
    });
    let mut events: Vec<Value> = partials.collect();
    event["type"] = json!(format!("{family}.completed"));
    event["usage"] = usage(work, asked);
    events.push(event);
    events.into_iter().map(|event| Event { after_ms: each_ms, data: event.to_string() }).collect()
}

/// What every answer says of its images.
fn about(asked: &Asked<'_>) -> Value {
    let (width, height) = asked.size;
    json!({
        "background": if asked.background == "auto" { "opaque" } else { asked.background },
        "output_format": asked.format.extension(),
        "quality": if asked.quality == "auto" { "medium" } else { asked.quality },
        "size": format!("{width}x{height}"),
    })
}

fn picture(asked: &Asked<'_>, index: usize) -> String {
    let place = (asked.count > 1).then(|| format!("{} of {}", index + 1, asked.count));
    let inputs = (asked.inputs > 0).then(|| format!("from {} image(s)", asked.inputs));
    let picture = Picture {
        prompt: asked.prompt.chars().take(2_000).collect(),
        note: place.into_iter().chain(inputs).collect::<Vec<_>>().join(", "),
        width: asked.size.0,
        height: asked.size.1,
        format: asked.format,
        watermark: false,
    };
    STANDARD.encode(picture.render())
}

fn usage(work: &Work<'_>, asked: &Asked<'_>) -> Value {
    let (text, images) = (asked.text_tokens(), asked.input_image_tokens);
    let output = asked.tokens_each() * asked.count as u64;
    work.call.usage(json!({
        "input_tokens": text + images,
        "input_tokens_details": { "text_tokens": text, "image_tokens": images },
        "output_tokens": output,
        "output_tokens_details": { "image_tokens": output, "text_tokens": 0 },
        "total_tokens": text + images + output,
    }))
}
