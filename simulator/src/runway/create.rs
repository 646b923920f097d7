//! The three calls that make a task: each checks its body against the model, and answers an id and what it may cost.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde_json::json;

use super::models::{IMAGE_RATIOS, ImageModel, MODELS, Makes, VideoModel, pixels};
use super::reading::Reading;
use super::refusal::{self, daily_limit};
use super::tasks::{Making, Status, Task, keep};
use super::{Incoming, Work, run};
use crate::Sim;
use crate::calls::{Answer, Refusal};
use crate::chance::mix;
use crate::faults::TaskError;
use crate::media::{FPS, Format, Picture, Video};

/// `POST /v1/image_to_video`.
pub async fn image_to_video(sim: State<Arc<Sim>>, incoming: Incoming) -> Response {
    run(sim, incoming, "image_to_video", None, |work| {
        let asked = video(&work, true)?;
        accept(&work, asked)
    })
    .await
}

/// `POST /v1/text_to_video`.
pub async fn text_to_video(sim: State<Arc<Sim>>, incoming: Incoming) -> Response {
    run(sim, incoming, "text_to_video", None, |work| {
        let asked = video(&work, false)?;
        accept(&work, asked)
    })
    .await
}

/// `POST /v1/text_to_image`.
pub async fn text_to_image(sim: State<Arc<Sim>>, incoming: Incoming) -> Response {
    run(sim, incoming, "text_to_image", None, |work| {
        let asked = image(&work)?;
        accept(&work, asked)
    })
    .await
}

/// A request that passed all checks.
struct Asked {
    model: &'static str,
    prompt: String,
    making: Making,
    credits: u64,
}

fn video(work: &Work<'_>, from_image: bool) -> Result<Asked, Refusal> {
    let able = |model: &VideoModel| if from_image { model.image_ratios } else { model.text_ratios };
    let known = MODELS.iter().filter_map(|model| match &model.makes {
        Makes::Video(video) if !able(video).is_empty() => Some((model.name, video)),
        _ => None,
    });
    let known: Vec<_> = known.collect();
    let mut body = Reading::of(work.body);
    let name = body.word("model", &known.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    let Some((model, video)) = known.into_iter().find(|(known, _)| *known == name) else {
        return Err(body.end().err().unwrap_or_else(|| refusal::bad_body("there is no model")));
    };
    let prompt = body.prompt(video.needs_text || !from_image);
    let ratio = body.word("ratio", able(video));
    let seconds = body.number("duration", video.seconds, video.usual_seconds);
    body.seed();
    let frames = if from_image { body.prompt_image(video.last_frame) } else { 0 };
    let credits = match video.silent_credits {
        Some(silent) if body.flag("audio") == Some(false) => silent,
        Some(_) => video.credits,
        None => {
            body.unknown("audio");
            video.credits
        }
    };
    body.end()?;
    let (width, height) = pixels(ratio);
    let written = if frames > 0 { format!("{prompt} (from {frames} image(s))") } else { prompt.to_owned() };
    let film = Video { prompt: written, width, height, frames: seconds as u32 * FPS + 1, watermark: false };
    Ok(Asked { model, prompt: prompt.to_owned(), making: Making::Film(film), credits: credits * seconds })
}

fn image(work: &Work<'_>) -> Result<Asked, Refusal> {
    let known = MODELS.iter().filter_map(|model| match &model.makes {
        Makes::Image(image) => Some((model.name, image)),
        Makes::Video(_) => None,
    });
    let known: Vec<(&str, &ImageModel)> = known.collect();
    let mut body = Reading::of(work.body);
    let name = body.word("model", &known.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    let Some((model, image)) = known.into_iter().find(|(known, _)| *known == name) else {
        return Err(body.end().err().unwrap_or_else(|| refusal::bad_body("there is no model")));
    };
    let prompt = body.prompt(true);
    let ratio = body.word("ratio", IMAGE_RATIOS);
    body.seed();
    let references = body.references(image.references);
    body.end()?;
    let (width, height) = pixels(ratio);
    let note = if references > 0 { format!("from {references} image(s)") } else { String::new() };
    let picture = Picture { prompt: prompt.to_owned(), note, width, height, format: Format::Png, watermark: false };
    let credits = if width.min(height) == 720 { image.credits.0 } else { image.credits.1 };
    Ok(Asked { model, prompt: prompt.to_owned(), making: Making::Picture(picture), credits })
}

fn accept(work: &Work<'_>, asked: Asked) -> Result<Answer, Refusal> {
    let sim = work.sim;
    if sim.runway.of_today(work.account, asked.model) >= sim.config.runway_daily {
        return Err(daily_limit(asked.model));
    }
    let task = task(work, asked);
    sim.runway.put(task.clone());
    keep(sim, &task);
    work.call.accept(Some(&task.id));
    Ok(Answer::Json { after_ms: 0, body: json!({ "id": task.id, "estimatedCost": { "credits": task.credits } }) })
}

fn task(work: &Work<'_>, asked: Asked) -> Task {
    let (config, now_ms) = (&work.sim.config, work.sim.clock.now_ms());
    let slot_at_ms = work.sim.runway.slot(work.account, asked.model, config.runway_concurrency, now_ms);
    let runs_at_ms = slot_at_ms + config.queued_ms;
    let prompt = asked.prompt.to_lowercase();
    let moderated = config.moderated_words.iter().any(|word| prompt.contains(word));
    let moderated = moderated.then(|| TaskError {
        code: "SAFETY.INPUT.TEXT".into(),
        message: "The prompt was moderated by the content filter.".into(),
    });
    let fault = work.call.fault();
    Task {
        id: id(config.seed, work.call.seq()),
        number: work.call.seq(),
        account: work.account.into(),
        model: asked.model.into(),
        making: asked.making,
        credits: asked.credits,
        status: Status::Pending,
        created_at: chrono::Utc::now(),
        slot_at_ms,
        runs_at_ms,
        ends_at_ms: runs_at_ms + config.running_ms,
        fails_with: fault.task_error.clone().or(moderated),
        wrong_usage: fault.wrong_usage.clone(),
        file: None,
    }
}

/// A UUID of the time, the seed and the call's number: another simulator's tasks have others.
fn id(seed: u64, seq: u64) -> String {
    let now = chrono::Utc::now().timestamp_millis().unsigned_abs();
    let (high, low) = (mix(mix(seed) ^ seq), mix(mix(seq) ^ now));
    let groups =
        (high >> 32, (high >> 16) & 0xffff, high & 0xfff, (low >> 48) & 0x3fff | 0x8000, low & 0xffff_ffff_ffff);
    format!("{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}", groups.0, groups.1, groups.2, groups.3, groups.4)
}
