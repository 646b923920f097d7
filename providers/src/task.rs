//! Tasks that upstream keeps and works on while nobody waits on a connection.

use chrono::{DateTime, Utc};
use domain::pricing::Quantities;
use serde_json::Value;

use crate::UpstreamError;

/// A task as upstream tells it.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskState {
    /// Upstream's id.
    pub id: String,
    /// Where it stands.
    pub status: TaskStatus,
    /// When upstream took it, if it says so.
    pub created_at: Option<DateTime<Utc>>,
}

/// Where a task stands.
#[derive(Clone, Debug, PartialEq)]
pub enum TaskStatus {
    /// It waits.
    Queued,
    /// It is being worked on.
    Running {
        /// In percent, if upstream says so.
        progress: Option<u8>,
    },
    /// It is done.
    Succeeded {
        /// What was made; fetch it soon.
        outputs: Vec<RemoteFile>,
        /// What it used.
        usage: Quantities,
        /// Resolution, ratio, duration, seed and the like, as upstream resolved them.
        facts: Value,
    },
    /// It failed, or it succeeded with a usage that nobody can charge by (`invalid_usage`).
    Failed {
        /// Why. Its verdict is final.
        error: UpstreamError,
    },
    /// It was canceled.
    Canceled,
    /// It was not done in time.
    Expired,
    /// Upstream does not know it (any more).
    Gone,
}

impl TaskStatus {
    /// Whether it can still change.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        matches!(self, Self::Queued | Self::Running { .. })
    }
}

/// A file at the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteFile {
    /// Its address, which dies soon.
    pub url: String,
    /// What it is.
    pub kind: FileKind,
    /// Its usual media type; the download says the real one.
    pub content_type: String,
}

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// The video.
    Video,
    /// Its last frame, as an image.
    LastFrame,
    /// An image.
    Image,
    /// Sound.
    Audio,
    /// Something else.
    Other,
}

/// How an attempt to cancel a task ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CancelOutcome {
    /// It will not be done and not be charged.
    Canceled,
    /// It is being worked on or has ended: it may be charged.
    TooLate,
    /// Upstream does not know it (any more).
    Gone,
}
