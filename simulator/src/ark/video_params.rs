//! The parameters of a video task: strict in the body, lenient as flags in the text, filled up with the model's defaults.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::catalog::{self, Kind};
use super::refusal::{invalid, no_model};
use super::tasks::Status;
use super::video_content::{self, Content};
use super::video_models::{RATIOS, VIDEO_MODELS, VideoModel, nearest_ratio, pixels};
use crate::Sim;
use crate::calls::Refusal;
use crate::chance::digest;
use crate::fields::{flag, integer, present, required_text, text, word};
use crate::media::{FPS, Format, Picture, Video};

/// Seconds when nobody says how many.
const USUAL_SECONDS: i64 = 5;
/// What a reference video is taken to last (its file is not read), and the most that all of them count.
const REFERENCE_SECONDS: u64 = 5;
const MAX_REFERENCE_SECONDS: u64 = 15;
/// Seconds until a task expires: usual, least, most.
const EXPIRY: (i64, i64, i64) = (172_800, 3_600, 259_200);

/// What is made, with every default filled in.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Params {
    /// The text without flags.
    pub prompt: String,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// `480p`, …
    pub resolution: String,
    /// As made, never `adaptive`.
    pub ratio: String,
    /// Seconds; none when the caller asked for frames.
    pub duration: Option<i64>,
    /// Frames, when the caller asked for frames.
    pub frames: Option<i64>,
    /// What the reference videos last.
    pub reference_seconds: u64,
    /// As asked, or chosen.
    pub seed: i64,
    /// Whether the provider's mark is shown.
    pub watermark: bool,
    /// Whether there is sound; none when the model has none.
    pub generate_audio: Option<bool>,
    /// Whether it is a draft; none when the model has none.
    pub draft: Option<bool>,
    /// The draft that this one finishes.
    pub draft_task_id: Option<String>,
    /// Whether the last frame is wanted as a picture.
    pub return_last_frame: bool,
    /// `default` or `flex`.
    pub service_tier: String,
    /// Seconds.
    pub execution_expires_after: u64,
    /// As asked.
    pub priority: Option<i64>,
    /// The hash of the caller's own user.
    pub safety_identifier: Option<String>,
    /// As asked.
    pub tools: Option<Value>,
}

/// Reads and checks a request.
pub fn read(sim: &Sim, account: &str, body: &Value) -> Result<Params, Refusal> {
    let name = required_text(body, "model")?;
    let found = catalog::find(sim, name, Kind::Video, "content generation")?;
    let model = VIDEO_MODELS.iter().find(|model| model.stem == found.stem).ok_or_else(|| no_model(name))?;
    let content = video_content::read(model, body)?;
    check_draft(sim, account, &content)?;
    check_extras(model, &content, body)?;
    let (resolution, ratio) = shape(model, &content, body)?;
    let (width, height) = pixels(model, &resolution, &ratio);
    let (duration, frames) = length(model, &content, body)?;
    let expiry = integer(body, "execution_expires_after", EXPIRY.1..=EXPIRY.2)?.unwrap_or(EXPIRY.0);
    let chosen_seed = (digest(content.prompt.as_bytes()) % 100_000) as i64;
    let seed = integer(body, "seed", -1..=4_294_967_295)?.or(content.flags.get("seed").and_then(Value::as_i64));
    Ok(Params {
        width,
        height,
        resolution,
        ratio,
        duration,
        frames,
        reference_seconds: (content.reference_videos as u64 * REFERENCE_SECONDS).min(MAX_REFERENCE_SECONDS),
        seed: seed.filter(|seed| *seed >= 0).unwrap_or(chosen_seed),
        watermark: flag(body, "watermark")?.or(flag_in(&content, "watermark")).unwrap_or(false),
        generate_audio: model.audio.then_some(flag(body, "generate_audio")?.unwrap_or(true)),
        draft: model.draft.then_some(flag(body, "draft")?.unwrap_or(false)),
        return_last_frame: flag(body, "return_last_frame")?.unwrap_or(false),
        service_tier: word(body, "service_tier", &["default", "flex"])?.unwrap_or("default").into(),
        execution_expires_after: expiry.unsigned_abs(),
        priority: integer(body, "priority", 0..=9)?,
        safety_identifier: safety_identifier(body)?,
        tools: present(body, "tools").cloned(),
        draft_task_id: content.draft_task,
        prompt: content.prompt,
    })
}

fn flag_in(content: &Content, name: &str) -> Option<bool> {
    content.flags.get(name).and_then(Value::as_bool)
}

fn safety_identifier(body: &Value) -> Result<Option<String>, Refusal> {
    match text(body, "safety_identifier")? {
        Some(hash) if hash.len() > 64 || !hash.is_ascii() => {
            Err(invalid("safety_identifier", "it must have at most 64 ASCII characters"))
        }
        found => Ok(found.map(str::to_owned)),
    }
}

fn check_draft(sim: &Sim, account: &str, content: &Content) -> Result<(), Refusal> {
    let Some(id) = &content.draft_task else { return Ok(()) };
    let task = sim.ark.find(account, id).ok_or_else(|| super::refusal::no_task(id))?;
    let made = task.status_at(sim.clock.now_ms()) == Status::Succeeded;
    match made && task.params.draft == Some(true) {
        true => Ok(()),
        false => Err(invalid("content.draft_task", "it is not a draft that succeeded")),
    }
}

/// Fields that only some models know, and their bonds.
fn check_extras(model: &VideoModel, content: &Content, body: &Value) -> Result<(), Refusal> {
    let unknown = |field: &str| Err(invalid(field, "the model does not support it"));
    if flag(body, "generate_audio")?.is_some() && !model.audio {
        return unknown("generate_audio");
    }
    if flag(body, "camera_fixed")?.is_some() && (!model.camera || content.reference_images > 0) {
        return unknown("camera_fixed");
    }
    let flex = word(body, "service_tier", &["default", "flex"])? == Some("flex");
    if flex && !model.flex {
        return unknown("service_tier");
    }
    if present(body, "tools").is_some() && !model.reference_clips {
        return unknown("tools");
    }
    let draft = flag(body, "draft")?;
    if draft.is_some() && !model.draft {
        return unknown("draft");
    }
    if draft == Some(true) {
        if flex {
            return Err(invalid("service_tier", "a draft can't be made offline"));
        }
        if flag(body, "return_last_frame")? == Some(true) {
            return Err(invalid("return_last_frame", "a draft has no last frame"));
        }
        if text(body, "resolution")?.is_some_and(|resolution| resolution != "480p") {
            return Err(invalid("resolution", "a draft is made in 480p"));
        }
    }
    Ok(())
}

fn shape(model: &VideoModel, content: &Content, body: &Value) -> Result<(String, String), Refusal> {
    let draft = body["draft"] == true;
    let default = if draft { "480p" } else { model.default_resolution };
    let lenient = |name: &str, allowed: &[&'static str]| {
        let found = content.flags.get(name).and_then(Value::as_str);
        found.and_then(|found| allowed.iter().copied().find(|known| *known == found))
    };
    let resolution = word(body, "resolution", model.resolutions)?;
    let resolution = resolution.or_else(|| lenient("resolution", model.resolutions)).unwrap_or(default);
    if content.reference_images > 0 && model.first_family && resolution == "1080p" {
        return Err(invalid("resolution", "1080p is not supported with reference images"));
    }
    let allowed = [&RATIOS[..], &["adaptive"]].concat();
    let asked = word(body, "ratio", &allowed)?;
    if asked.is_some() && content.first_frame && model.ratio_follows_frame {
        return Err(invalid("ratio", "it follows the first frame and can't be set"));
    }
    let ratio = asked.or_else(|| lenient("ratio", &allowed)).unwrap_or("adaptive");
    let made = match ratio {
        "adaptive" => content.pixels.map_or("16:9", nearest_ratio),
        fixed => fixed,
    };
    Ok((resolution.into(), made.into()))
}

/// Seconds or frames; frames win.
fn length(model: &VideoModel, content: &Content, body: &Value) -> Result<(Option<i64>, Option<i64>), Refusal> {
    let fits = |frames: i64| (29..=289).contains(&frames) && (frames - 25) % 4 == 0;
    if let Some(frames) = integer(body, "frames", 1..=10_000)? {
        return match model.first_family && fits(frames) {
            true => Ok((None, Some(frames))),
            false => Err(invalid("frames", "it must be 25 + 4n from 29 to 289, on 1.0 models only")),
        };
    }
    let flagged = |name: &str| content.flags.get(name).and_then(Value::as_i64);
    if let Some(frames) = flagged("frames").filter(|frames| model.first_family && fits(*frames)) {
        return Ok((None, Some(frames)));
    }
    let (least, most) = model.seconds;
    let takes = |seconds: i64| (least..=most).contains(&seconds) || seconds == -1 && model.chooses_length;
    let seconds = match integer(body, "duration", i64::MIN..=i64::MAX)? {
        Some(seconds) if !takes(seconds) => {
            return Err(invalid("duration", &format!("it must be from {least} to {most} seconds")));
        }
        Some(seconds) => seconds,
        None => flagged("duration").filter(|seconds| takes(*seconds)).unwrap_or(USUAL_SECONDS),
    };
    Ok((Some(if seconds == -1 { USUAL_SECONDS } else { seconds }), None))
}

impl Params {
    /// Frames of the film: one more than its seconds hold.
    fn made_frames(&self) -> u64 {
        match (self.frames, self.duration) {
            (Some(frames), _) => frames.unsigned_abs(),
            (None, seconds) => seconds.unwrap_or(USUAL_SECONDS).unsigned_abs() * u64::from(FPS) + 1,
        }
    }

    /// What is charged: pixels of all frames, made and given, over 1024.
    pub fn tokens(&self) -> u64 {
        let frames = self.made_frames() + self.reference_seconds * u64::from(FPS);
        u64::from(self.width) * u64::from(self.height) * frames / 1_024
    }

    /// How the film is made.
    pub fn video(&self) -> Video {
        Video {
            prompt: self.prompt.clone(),
            width: self.width,
            height: self.height,
            frames: self.made_frames() as u32,
            watermark: self.watermark,
        }
    }

    /// How the picture of the last frame is made.
    pub fn last_frame(&self) -> Picture {
        Picture {
            prompt: self.prompt.clone(),
            note: "last frame".into(),
            width: self.width,
            height: self.height,
            format: Format::Png,
            watermark: self.watermark,
        }
    }

    /// Adds what get, list and callback show.
    pub fn show(&self, body: &mut Value) {
        let shown = json!({
            "seed": self.seed,
            "resolution": self.resolution,
            "ratio": self.ratio,
            "framespersecond": FPS,
            "service_tier": self.service_tier,
            "execution_expires_after": self.execution_expires_after,
            "duration": self.duration,
            "frames": self.frames,
            "generate_audio": self.generate_audio,
            "draft": self.draft,
            "draft_task_id": self.draft_task_id,
            "priority": self.priority,
            "safety_identifier": self.safety_identifier,
            "tools": self.tools,
        });
        if let (Some(body), Value::Object(shown)) = (body.as_object_mut(), shown) {
            body.extend(shown.into_iter().filter(|(_, value)| !value.is_null()));
        }
    }
}
