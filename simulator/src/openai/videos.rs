//! The videos as OpenAI had them until September 2026: create, list, show, content, delete.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use serde_json::{Value, json};

use super::models::{self, Kind};
use super::refusal::{moderated, no_video};
use super::video_tasks::{Status, Video, keep, look};
use super::{Incoming, Work, run};
use crate::Sim;
use crate::calls::{Answer, Refusal};
use crate::chance::mix;
use crate::fields::{invalid, media_url, present, required_text, word};

/// The lengths, in seconds, and what is made when nothing is said.
const SECONDS: [&str; 3] = ["4", "8", "12"];
const USUAL_SECONDS: &str = "4";
/// The sizes; the first when nothing is said.
const SIZES: [(&str, (u32, u32)); 4] = [
    ("720x1280", (720, 1_280)),
    ("1280x720", (1_280, 720)),
    ("1024x1792", (1_024, 1_792)),
    ("1792x1024", (1_792, 1_024)),
];
/// How many a page has at most, and when nothing is said.
const MAX_PAGE: usize = 100;
const USUAL_PAGE: usize = 20;

/// Takes a video.
pub async fn create(sim: State<Arc<Sim>>, incoming: Incoming) -> Response {
    run(sim, incoming, ("video_create", None), |work| {
        let video = read(&work)?;
        let body = video.body(work.sim.clock.now_ms().min(video.runs_at_ms.saturating_sub(1)));
        keep(work.sim, &video);
        work.call.accept(Some(&video.id));
        work.sim.openai.put(video);
        Ok(now(body))
    })
    .await
}

/// One video.
pub async fn show(sim: State<Arc<Sim>>, Path(id): Path<String>, incoming: Incoming) -> Response {
    run(sim, incoming, ("video_get", Some(&id)), |work| {
        let video = find(&work, &id)?;
        Ok(now(video.body(work.sim.clock.now_ms())))
    })
    .await
}

/// The film of a finished video.
pub async fn content(sim: State<Arc<Sim>>, Path(id): Path<String>, incoming: Incoming) -> Response {
    run(sim, incoming, ("video_content", Some(&id)), |work| {
        let video = find(&work, &id)?;
        match video.status_at(work.sim.clock.now_ms()) {
            Status::Completed => Ok(Answer::File { content_type: "video/mp4", bytes: video.render() }),
            _ => Err(Refusal::new(404, "not_found", "Video is not ready yet, use GET /v1/videos/{id} to check.")),
        }
    })
    .await
}

/// Erases a video.
pub async fn delete(sim: State<Arc<Sim>>, Path(id): Path<String>, incoming: Incoming) -> Response {
    run(sim, incoming, ("video_delete", Some(&id)), |work| {
        let video = find(&work, &id)?;
        work.sim.openai.remove(video.number);
        work.sim.record("openai_video", &video.id, Value::Null);
        Ok(now(json!({ "id": video.id, "object": "video.deleted", "deleted": true })))
    })
    .await
}

/// The account's videos, newest first unless asked otherwise.
pub async fn list(sim: State<Arc<Sim>>, incoming: Incoming) -> Response {
    run(sim, incoming, ("video_list", None), |work| {
        let page = Page::read(work.incoming.uri.query().unwrap_or(""))?;
        let mut videos: Vec<Video> =
            work.sim.openai.of(work.account).into_iter().map(|video| look(work.sim, video)).collect();
        if page.oldest_first {
            videos.reverse();
        }
        let start = match &page.after {
            Some(after) => 1 + videos.iter().position(|video| video.id == *after).ok_or_else(|| no_video(after))?,
            None => 0,
        };
        let now_ms = work.sim.clock.now_ms();
        let data: Vec<Value> = videos.iter().skip(start).take(page.limit).map(|video| video.body(now_ms)).collect();
        let id = |video: Option<&Value>| video.map_or(Value::Null, |video| video["id"].clone());
        let (first, last) = (id(data.first()), id(data.last()));
        let has_more = videos.len() > start + data.len();
        Ok(now(json!({ "object": "list", "data": data, "first_id": first, "last_id": last, "has_more": has_more })))
    })
    .await
}

fn now(body: Value) -> Answer {
    Answer::Json { after_ms: 0, body }
}

fn find(work: &Work<'_>, id: &str) -> Result<Video, Refusal> {
    let video = work.sim.openai.find(work.account, id).ok_or_else(|| no_video(id))?;
    Ok(look(work.sim, video))
}

fn read(work: &Work<'_>) -> Result<Video, Refusal> {
    let body = work.body;
    let model = present(body, "model").and_then(Value::as_str).unwrap_or("sora-2");
    models::find(model, |kind| (kind == Kind::Video).then_some(()))?;
    let prompt = required_text(body, "prompt")?;
    let seconds = word(body, "seconds", &SECONDS)?.unwrap_or(USUAL_SECONDS);
    let sizes = SIZES.map(|(name, _)| name);
    let asked = word(body, "size", &sizes)?.unwrap_or(sizes[0]);
    let size = SIZES.iter().find(|(name, _)| *name == asked).map_or(SIZES[0].1, |(_, size)| *size);
    let from_image = reference(body)?;
    let lower = prompt.to_lowercase();
    if work.sim.config.moderated_words.iter().any(|word| lower.contains(word)) {
        return Err(moderated());
    }
    let (config, runs_at_ms) = (&work.sim.config, work.sim.clock.now_ms() + work.sim.config.queued_ms);
    Ok(Video {
        id: format!("video_{:016x}{:08x}", mix(mix(config.seed) ^ work.call.seq()), work.call.seq()),
        number: work.call.seq(),
        account: work.account.into(),
        model: model.into(),
        prompt: prompt.into(),
        seconds: seconds.parse().unwrap_or(4),
        size,
        from_image,
        created_at: chrono::Utc::now().timestamp(),
        runs_at_ms,
        ends_at_ms: runs_at_ms + config.running_ms,
        fails_with: work.call.fault().task_error.clone(),
        completed_at: None,
    })
}

/// Whether there is a picture to begin with: a file, or an object that names one.
fn reference(body: &Value) -> Result<bool, Refusal> {
    let uri = match present(body, "input_reference") {
        None => return Ok(false),
        Some(Value::String(uri)) => uri,
        Some(named) => match named["image_url"].as_str().or(named["file_id"].as_str()) {
            Some(_) if named["image_url"].is_null() => return Ok(true),
            Some(uri) => uri,
            None => return Err(invalid("input_reference", "it must be a file, or name an image_url or a file_id")),
        },
    };
    media_url("input_reference", uri, &["image/"])?;
    Ok(true)
}

/// Which part of a list is asked for.
struct Page {
    after: Option<String>,
    limit: usize,
    oldest_first: bool,
}

impl Page {
    fn read(query: &str) -> Result<Self, Refusal> {
        let mut page = Self { after: None, limit: USUAL_PAGE, oldest_first: false };
        let address = reqwest::Url::parse(&format!("http://sim/?{query}"));
        let address = address.map_err(|_| invalid("query", "it can't be read"))?;
        for (name, value) in address.query_pairs() {
            match name.as_ref() {
                "after" => page.after = Some(value.into_owned()),
                "order" => page.oldest_first = value == "asc",
                "limit" => {
                    let limit = value.parse().ok().filter(|limit| (1..=MAX_PAGE).contains(limit));
                    page.limit = limit.ok_or_else(|| invalid("limit", &format!("it must be from 1 to {MAX_PAGE}")))?;
                }
                _ => {}
            }
        }
        Ok(page)
    }
}
