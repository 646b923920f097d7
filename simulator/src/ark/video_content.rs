//! The `content` of a video task: its text, legacy flags inside the text, frames and references, and which may stand together.

use serde_json::{Map, Value, json};

use super::refusal::{invalid, missing};
use super::video_models::VideoModel;
use crate::calls::Refusal;
use crate::fields::{media_url, pixels, present};

/// Most reference videos and sounds.
const MAX_CLIPS: usize = 3;

/// What stands in `content`.
#[derive(Debug, Default)]
pub struct Content {
    /// The text without flags.
    pub prompt: String,
    /// What the flags ask for, under the names of the body's fields; strange values are left out.
    pub flags: Map<String, Value>,
    /// A frame to start from.
    pub first_frame: bool,
    /// A frame to end with.
    pub last_frame: bool,
    /// How many reference images.
    pub reference_images: usize,
    /// How many reference videos.
    pub reference_videos: usize,
    /// How many reference sounds.
    pub reference_audios: usize,
    /// The pixels of the first picture, when it could be read.
    pub pixels: Option<(u32, u32)>,
    /// The draft to finish.
    pub draft_task: Option<String>,
}

/// Reads and checks `content` for a model.
pub fn read(model: &VideoModel, body: &Value) -> Result<Content, Refusal> {
    let items = present(body, "content").ok_or_else(|| missing("content"))?;
    let items = items.as_array().filter(|items| !items.is_empty());
    let items = items.ok_or_else(|| invalid("content", "it must be a list with at least one item"))?;
    let mut content = Content::default();
    let mut unnamed = 0;
    for item in items {
        unnamed += usize::from(take(&mut content, item)?);
    }
    if unnamed > 1 {
        return Err(invalid("content.role", "each of several images needs a role"));
    }
    check(model, &content)?;
    Ok(content)
}

/// Takes one item; true for an image without a role.
fn take(content: &mut Content, item: &Value) -> Result<bool, Refusal> {
    let url = |kind: &str| item[kind]["url"].as_str().unwrap_or("");
    let role = present(item, "role").map(|role| role.as_str().unwrap_or("?"));
    match item["type"].as_str() {
        Some("text") => {
            let text = item["text"].as_str().ok_or_else(|| missing("content.text"))?;
            let (prompt, flags) = split_flags(text);
            content.prompt.push_str(&prompt);
            content.flags.extend(flags);
        }
        Some("image_url") => {
            media_url("content.image_url", url("image_url"), &["image/"])?;
            content.pixels = content.pixels.or_else(|| pixels(url("image_url")));
            match role {
                None => content.first_frame = true,
                Some("first_frame") => content.first_frame = true,
                Some("last_frame") => content.last_frame = true,
                Some("reference_image") => content.reference_images += 1,
                Some(_) => {
                    return Err(invalid("content.role", "it must be first_frame, last_frame or reference_image"));
                }
            }
            return Ok(role.is_none());
        }
        Some("video_url") => {
            web_url("content.video_url", url("video_url"))?;
            content.reference_videos += 1;
        }
        Some("audio_url") => {
            media_url("content.audio_url", url("audio_url"), &["audio/"])?;
            content.reference_audios += 1;
        }
        Some("draft_task") => {
            let id = item["draft_task"]["id"].as_str().ok_or_else(|| missing("content.draft_task.id"))?;
            content.draft_task = Some(id.into());
        }
        _ => return Err(invalid("content.type", "it must be text, image_url, video_url, audio_url or draft_task")),
    }
    Ok(false)
}

fn web_url(field: &str, url: &str) -> Result<(), Refusal> {
    media_url(field, url, &["video/"])?;
    match url.starts_with("data:") {
        true => Err(invalid(field, "a video must be a URL")),
        false => Ok(()),
    }
}

fn check(model: &VideoModel, content: &Content) -> Result<(), Refusal> {
    let task_type = |why: &str| {
        let message = format!("The parameter `content` specified in the request is not valid: {why}.");
        Err(Refusal::new(400, "InvalidParameter.TaskTypeConstraint", message))
    };
    let clips = content.reference_videos + content.reference_audios;
    let frames = content.first_frame || content.last_frame;
    let references = content.reference_images + clips > 0;
    if frames && references {
        return task_type("first and last frames can't be mixed with references");
    }
    if content.last_frame && !content.first_frame {
        return task_type("a last frame needs a first frame");
    }
    if content.reference_audios > 0 && content.reference_images + content.reference_videos == 0 {
        return task_type("audio alone is not enough");
    }
    if content.first_frame && !model.first_frame || content.last_frame && !model.last_frame {
        return task_type("the model does not take these frames");
    }
    if content.reference_images > model.reference_images || clips > 0 && !model.reference_clips {
        return task_type("the model does not take these references");
    }
    if content.reference_videos > MAX_CLIPS || content.reference_audios > MAX_CLIPS {
        return task_type("at most 3 reference videos and 3 reference sounds are allowed");
    }
    if content.draft_task.is_some() && !model.draft {
        return task_type("the model has no drafts");
    }
    if !frames && !references && content.draft_task.is_none() {
        if !model.text {
            return task_type("the model needs an image");
        }
        if content.prompt.trim().is_empty() {
            return Err(missing("content.text"));
        }
    }
    Ok(())
}

/// Flags as they may stand in a text, and the body's field that each means.
const FLAGS: &[(&str, &str)] = &[
    ("--resolution", "resolution"),
    ("--rs", "resolution"),
    ("--ratio", "ratio"),
    ("--rt", "ratio"),
    ("--duration", "duration"),
    ("--dur", "duration"),
    ("--frames", "frames"),
    ("--framespersecond", "fps"),
    ("--fps", "fps"),
    ("--seed", "seed"),
    ("--camerafixed", "camera_fixed"),
    ("--cf", "camera_fixed"),
    ("--watermark", "watermark"),
    ("--wm", "watermark"),
];

/// Parts a text into what is said and what its flags ask for.
fn split_flags(text: &str) -> (String, Map<String, Value>) {
    let mut said: Vec<&str> = Vec::new();
    let mut flags = Map::new();
    let mut words = text.split_whitespace().peekable();
    if !text.contains("--") {
        return (text.to_owned(), flags);
    }
    while let Some(word) = words.next() {
        match FLAGS.iter().find(|(flag, _)| *flag == word) {
            None => said.push(word),
            Some((_, field)) => {
                if let Some(value) = words.next_if(|next| !next.starts_with("--")) {
                    flags.insert((*field).into(), flag_value(value));
                }
            }
        }
    }
    (said.join(" "), flags)
}

fn flag_value(word: &str) -> Value {
    match word {
        "true" => json!(true),
        "false" => json!(false),
        _ => word.parse::<i64>().map_or_else(|_| json!(word), |number| json!(number)),
    }
}
