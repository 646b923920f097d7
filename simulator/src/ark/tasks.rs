//! Video tasks: what they are, where they stand at a moment, how they are told.
//! A task's age is read from the simulated clock whenever somebody looks; nothing ticks.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::video_params::Params;
use crate::faults::TaskError;

/// How long a task's record stays (unix seconds).
const RECORD_LIFETIME_S: i64 = 7 * 24 * 3_600;
/// How long a cancelled task's record stays.
const CANCELLED_LIFETIME_S: i64 = 24 * 3_600;

/// Where a task stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Waiting; the only state in which it can be cancelled.
    Queued,
    /// Being made.
    Running,
    /// Made; the only state that is charged.
    Succeeded,
    /// Not made.
    Failed,
    /// Cancelled while queued.
    Cancelled,
    /// Not made within `execution_expires_after`.
    Expired,
}

impl Status {
    /// The word on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
        }
    }

    /// Whether it can still change.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Queued | Self::Running)
    }
}

/// One task.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Task {
    /// `cgt-<yyyymmddhhmmss>-<5 characters>`.
    pub id: String,
    /// Increases with every task; newer tasks are listed first.
    pub number: u64,
    /// Who made it.
    pub account: String,
    /// As the caller named it.
    pub model: String,
    /// What is made.
    pub params: Params,
    /// Where it stood when last looked at.
    pub status: Status,
    /// Unix seconds.
    pub created_at: i64,
    /// Unix seconds.
    pub updated_at: i64,
    /// When it starts to run, on the simulated clock.
    pub runs_at_ms: u64,
    /// When it ends, on the simulated clock.
    pub ends_at_ms: u64,
    /// When it expires, on the simulated clock.
    pub expires_at_ms: u64,
    /// It will fail with this.
    pub fails_with: Option<TaskError>,
    /// Fields of usage to overwrite.
    pub wrong_usage: Option<Map<String, Value>>,
    /// Where changes are told.
    pub callback_url: Option<String>,
    /// The host that its maker used, for the links in callbacks.
    pub host: String,
    /// The path of the film, once made.
    pub film: Option<String>,
    /// The path of the last frame, once made and when asked for.
    pub last_frame: Option<String>,
}

impl Task {
    /// Where it stands at a moment of the simulated clock.
    pub fn status_at(&self, now_ms: u64) -> Status {
        if !self.status.is_open() {
            return self.status;
        }
        let ended = if self.fails_with.is_some() { Status::Failed } else { Status::Succeeded };
        match now_ms {
            now if now >= self.ends_at_ms && self.ends_at_ms <= self.expires_at_ms => ended,
            now if now >= self.expires_at_ms => Status::Expired,
            now if now >= self.runs_at_ms => Status::Running,
            _ => Status::Queued,
        }
    }

    /// When it changes next, on the simulated clock; none when it has ended.
    pub fn next_change_ms(&self) -> Option<u64> {
        let end = self.ends_at_ms.min(self.expires_at_ms);
        match self.status {
            Status::Queued => Some(self.runs_at_ms.min(end)),
            Status::Running => Some(end),
            _ => None,
        }
    }

    /// The body that get, list and callback show, its links at the host that the reader uses.
    pub fn body(&self, host: &str) -> Value {
        let mut body = json!({
            "id": self.id,
            "model": self.model,
            "status": self.status.word(),
            "created_at": self.created_at,
            "updated_at": self.updated_at,
        });
        let link = |path: &Option<String>| path.as_deref().map(|path| format!("http://{host}{path}"));
        self.params.show(&mut body);
        if self.status == Status::Failed
            && let Some(error) = &self.fails_with
        {
            body["error"] = json!({ "code": error.code, "message": error.message });
        }
        if self.status == Status::Succeeded {
            body["content"] = json!({ "video_url": link(&self.film) });
            if self.last_frame.is_some() {
                body["content"]["last_frame_url"] = json!(link(&self.last_frame));
            }
            body["usage"] = self.usage();
        }
        body
    }

    fn usage(&self) -> Value {
        let tokens = self.params.tokens();
        let mut usage = Map::new();
        usage.insert("completion_tokens".into(), json!(tokens));
        usage.insert("total_tokens".into(), json!(tokens));
        usage.extend(self.wrong_usage.clone().unwrap_or_default());
        Value::Object(usage)
    }
}

/// What the pretended Ark remembers.
pub type Ark = crate::tasks::Tasks<Task>;

impl crate::tasks::Task for Task {
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
        let lifetime = if self.status == Status::Cancelled { CANCELLED_LIFETIME_S } else { RECORD_LIFETIME_S };
        let since = if self.status == Status::Cancelled { self.updated_at } else { self.created_at };
        now_s - since > lifetime
    }

    fn is_open(&self) -> bool {
        self.status.is_open()
    }
}

impl Ark {
    /// How many tasks of an account wait in the queue.
    pub fn waiting(&self, account: &str, now_ms: u64) -> usize {
        self.count(|task| task.account == account && task.status_at(now_ms) == Status::Queued)
    }
}
