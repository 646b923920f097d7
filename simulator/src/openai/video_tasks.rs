//! Videos: what they are, how they age, how they are told.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::Sim;
use crate::faults::TaskError;
use crate::media;

/// How long a video can be fetched, and its record stays.
const LIFETIME_S: i64 = 24 * 3_600;

/// Where a video stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Waiting.
    Queued,
    /// Being made.
    InProgress,
    /// Made.
    Completed,
    /// Not made.
    Failed,
}

/// One video.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Video {
    /// `video_…`.
    pub id: String,
    /// Increases with every video.
    pub number: u64,
    /// Who made it.
    pub account: String,
    /// The model.
    pub model: String,
    /// As the caller wrote it.
    pub prompt: String,
    /// How long.
    pub seconds: u32,
    /// Pixels across and down.
    pub size: (u32, u32),
    /// Whether it began with a picture.
    pub from_image: bool,
    /// Unix seconds.
    pub created_at: i64,
    /// When it starts to run, on the simulated clock.
    pub runs_at_ms: u64,
    /// When it ends.
    pub ends_at_ms: u64,
    /// It will fail with this.
    pub fails_with: Option<TaskError>,
    /// When it ended, as first seen (unix seconds).
    pub completed_at: Option<i64>,
}

impl Video {
    /// Where it stands at a moment of the simulated clock.
    pub fn status_at(&self, now_ms: u64) -> Status {
        match now_ms {
            now if now < self.runs_at_ms => Status::Queued,
            now if now < self.ends_at_ms => Status::InProgress,
            _ if self.fails_with.is_some() => Status::Failed,
            _ => Status::Completed,
        }
    }

    /// The object that a reader sees.
    pub fn body(&self, now_ms: u64) -> Value {
        let status = self.status_at(now_ms);
        let (width, height) = self.size;
        let mut body = json!({
            "id": self.id,
            "object": "video",
            "status": status,
            "progress": self.progress(now_ms),
            "created_at": self.created_at,
            "completed_at": self.completed_at,
            "expires_at": self.completed_at.map(|at| at + LIFETIME_S),
            "model": self.model,
            "prompt": self.prompt,
            "seconds": self.seconds.to_string(),
            "size": format!("{width}x{height}"),
            "remixed_from_video_id": null,
            "error": null,
        });
        if status == Status::Failed
            && let Some(error) = &self.fails_with
        {
            body["error"] = json!({ "code": error.code, "message": error.message });
        }
        body
    }

    fn progress(&self, now_ms: u64) -> u64 {
        let whole = self.ends_at_ms.saturating_sub(self.runs_at_ms);
        let done = now_ms.saturating_sub(self.runs_at_ms).min(whole);
        (done * 100).checked_div(whole).unwrap_or(100)
    }

    /// The file's bytes.
    pub fn render(&self) -> Vec<u8> {
        let prompt = if self.from_image { format!("{} (from an image)", self.prompt) } else { self.prompt.clone() };
        let (width, height) = self.size;
        media::Video { prompt, width, height, frames: self.seconds * media::FPS, watermark: false }.render()
    }
}

impl crate::tasks::Task for Video {
    fn number(&self) -> u64 {
        self.number
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn account(&self) -> &str {
        &self.account
    }

    fn is_forgotten(&self, now_s: i64) -> bool {
        self.completed_at.is_some_and(|at| now_s - at > LIFETIME_S)
    }

    fn is_open(&self) -> bool {
        self.completed_at.is_none()
    }
}

/// What the pretended OpenAI remembers: its videos.
pub type OpenAi = crate::tasks::Tasks<Video>;

/// The video as it stands now, its end written down.
pub fn look(sim: &Sim, video: Video) -> Video {
    if video.completed_at.is_some() || sim.clock.now_ms() < video.ends_at_ms {
        return video;
    }
    let ended = sim.openai.change(video.number, |video| {
        let ends = video.completed_at.is_none();
        video.completed_at.get_or_insert_with(|| chrono::Utc::now().timestamp());
        ends
    });
    if let Some(ended) = &ended {
        keep(sim, ended);
    }
    ended.or_else(|| sim.openai.get(video.number)).unwrap_or(video)
}

/// Writes the video's state down.
pub fn keep(sim: &Sim, video: &Video) {
    sim.record("openai_video", &video.id, serde_json::to_value(video).unwrap_or_default());
}
