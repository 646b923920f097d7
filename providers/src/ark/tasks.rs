//! Video tasks: submit, read many at once, find one whose answer was lost, cancel.
//! Only a queued task is ever deleted: deleting one that has ended would erase its record, and the way to its outputs.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use domain::id::AttemptId;
use secrecy::ExposeSecret;
use serde_json::{Map, Value, json};

use super::{Ark, verdicts, video};
use crate::{
    Call, CancelOutcome, Endpoint, FileKind, RemoteFile, TaskState, TaskStatus, UpstreamError, Verdict, code, usage,
    wire::{Payload, Request, Work, malformed},
};

const PATH: &str = "/contents/generations/tasks";
/// How many tasks one page of a list holds, and so how many ids go into one query.
const PAGE: usize = 50;
/// How many pages are read in search of one task.
const MAX_PAGES: usize = 40;
/// By how much upstream's clock may differ from ours.
const CLOCK_SLACK: TimeDelta = TimeDelta::minutes(5);
/// What a task says beside its state, for the receipt.
const FACTS: [&str; 14] = [
    "resolution",
    "ratio",
    "duration",
    "frames",
    "framespersecond",
    "seed",
    "service_tier",
    "generate_audio",
    "draft",
    "priority",
    "revised_prompt",
    "output_format",
    "created_at",
    "updated_at",
];

impl Ark {
    pub(super) async fn submit(&self, endpoint: &Endpoint, call: &Call) -> Result<String, UpstreamError> {
        let body = video::body(call)?;
        let answer = self.wire.json(endpoint, Request::post(PATH, call, &body, Work::PaidLater)).await?;
        answer["id"].as_str().filter(|id| is_id(id)).map(str::to_owned).ok_or_else(|| malformed(Work::PaidLater))
    }

    pub(super) async fn states(&self, endpoint: &Endpoint, ids: &[String]) -> Result<Vec<TaskState>, UpstreamError> {
        let mut states = Vec::with_capacity(ids.len());
        for ids in ids.chunks(PAGE) {
            let query = ids.iter().map(|id| ("filter.task_ids", id.clone())).collect();
            let (tasks, _) = self.page(endpoint, 1, query).await?;
            let mut found: HashMap<&str, &Value> =
                tasks.iter().filter_map(|task| Some((task["id"].as_str()?, task))).collect();
            for id in ids {
                states.push(match found.remove(id.as_str()) {
                    Some(task) => state(task, endpoint),
                    None => self.task_state(endpoint, id).await?,
                });
            }
        }
        Ok(states)
    }

    /// Reads one task; `Gone` only when upstream says so.
    async fn task_state(&self, endpoint: &Endpoint, id: &str) -> Result<TaskState, UpstreamError> {
        let gone = TaskState { id: id.to_owned(), status: TaskStatus::Gone, created_at: None };
        if !is_id(id) {
            return Ok(gone);
        }
        match self.wire.json(endpoint, Request::get(format!("{PATH}/{id}"), Vec::new())).await {
            Ok(task) if task["id"] == id => Ok(state(&task, endpoint)),
            Ok(_) => Err(malformed(Work::Read)),
            Err(error) if error.status == Some(404) => Ok(gone),
            Err(error) => Err(error),
        }
    }

    /// A page of the list, and how many tasks there are in all.
    async fn page(
        &self,
        endpoint: &Endpoint,
        number: usize,
        mut query: Vec<(&'static str, String)>,
    ) -> Result<(Vec<Value>, usize), UpstreamError> {
        query.push(("page_num", number.to_string()));
        query.push(("page_size", PAGE.to_string()));
        let mut answer = self.wire.json(endpoint, Request::get(PATH.to_owned(), query)).await?;
        let total = answer["total"].as_u64().and_then(|total| usize::try_from(total).ok());
        match answer["items"].take() {
            Value::Array(tasks) => Ok((tasks, total.unwrap_or(usize::MAX))),
            Value::Null if total == Some(0) => Ok((Vec::new(), 0)),
            _ => Err(malformed(Work::Read)),
        }
    }

    pub(super) async fn find(
        &self,
        endpoint: &Endpoint,
        upstream_model: &str,
        attempt_id: &AttemptId,
        since: DateTime<Utc>,
    ) -> Result<Option<TaskState>, UpstreamError> {
        let wanted = video::identifier(attempt_id.as_str());
        let oldest = (since - CLOCK_SLACK).timestamp();
        let mut seen = 0;
        let mut newest_first = NewestFirst::default();
        for number in 1..=MAX_PAGES {
            let query = vec![("filter.model", upstream_model.to_owned())];
            let (tasks, total) = self.page(endpoint, number, query).await?;
            if let Some(task) = tasks.iter().find(|task| task["safety_identifier"] == wanted) {
                return Ok(Some(state(task, endpoint)));
            }
            seen += tasks.len();
            if tasks.is_empty() || seen >= total || newest_first.is_past(&tasks, oldest) {
                return Ok(None);
            }
        }
        Err(UpstreamError::ours(
            Verdict::Retry,
            code::ERROR,
            "The provider lists too many tasks to find one among them.",
        ))
    }

    pub(super) async fn cancel(&self, endpoint: &Endpoint, id: &str) -> Result<CancelOutcome, UpstreamError> {
        if let Some(settled) = outcome(&self.task_state(endpoint, id).await?.status) {
            return Ok(settled);
        }
        let none = json!({});
        let delete = Request::delete(format!("{PATH}/{id}"), Payload::Json(&none));
        let deleted = self.wire.json(endpoint, delete).await;
        // Whatever the answer was: what the task is now decides.
        match (outcome(&self.task_state(endpoint, id).await?.status), deleted) {
            (Some(settled), _) => Ok(settled),
            (None, Err(error)) => Err(error),
            (None, Ok(_)) => Err(malformed(Work::Read)),
        }
    }
}

/// What a task's state means for its cancelling; a queued one can still be canceled.
const fn outcome(status: &TaskStatus) -> Option<CancelOutcome> {
    match status {
        TaskStatus::Queued => None,
        TaskStatus::Canceled => Some(CancelOutcome::Canceled),
        TaskStatus::Gone => Some(CancelOutcome::Gone),
        _ => Some(CancelOutcome::TooLate),
    }
}

/// An id that is safe in a path.
fn is_id(id: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=128).contains(&id.len()) && id.bytes().all(letter)
}

/// Whether pages come newest first, as far as they were seen: only then may a search end before the last one.
#[derive(Debug)]
struct NewestFirst {
    holds: bool,
    last: i64,
}

impl Default for NewestFirst {
    fn default() -> Self {
        Self { holds: true, last: i64::MAX }
    }
}

impl NewestFirst {
    fn is_past(&mut self, tasks: &[Value], oldest: i64) -> bool {
        for task in tasks {
            let created = task["created_at"].as_i64();
            self.holds &= created.is_some_and(|created| created <= self.last);
            self.last = created.unwrap_or(self.last);
        }
        self.holds && self.last < oldest
    }
}

fn state(task: &Value, endpoint: &Endpoint) -> TaskState {
    let created_at = task["created_at"].as_i64().and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    TaskState { id: task["id"].as_str().unwrap_or_default().to_owned(), status: status(task, endpoint), created_at }
}

fn status(task: &Value, endpoint: &Endpoint) -> TaskStatus {
    match task["status"].as_str().unwrap_or_default() {
        "queued" => TaskStatus::Queued,
        "succeeded" => succeeded(task),
        "failed" => TaskStatus::Failed { error: verdicts::of_output(&task["error"], endpoint.key.expose_secret()) },
        "cancelled" | "canceled" => TaskStatus::Canceled,
        "expired" => TaskStatus::Expired,
        "running" => TaskStatus::Running { progress: None },
        other => {
            // Not an end that is known: it stays open, and its age decides.
            tracing::warn!(status = other.get(..32).unwrap_or(other), "the provider tells an unknown state of a task");
            TaskStatus::Running { progress: None }
        }
    }
}

fn succeeded(task: &Value) -> TaskStatus {
    let outputs = outputs(&task["content"]);
    if outputs.is_empty() {
        return TaskStatus::Failed { error: UpstreamError { fate: Verdict::Fail, ..malformed(Work::Read) } };
    }
    match usage::video(task) {
        Ok(usage) => TaskStatus::Succeeded { outputs, usage, facts: facts(task) },
        Err(error) => TaskStatus::Failed { error },
    }
}

fn outputs(content: &Value) -> Vec<RemoteFile> {
    let file = |field: &str, kind: FileKind, content_type: &str| {
        let url = content[field].as_str().filter(|url| !url.is_empty())?;
        Some(RemoteFile { url: url.to_owned(), kind, content_type: content_type.to_owned() })
    };
    let found = [
        file("video_url", FileKind::Video, "video/mp4"),
        file("last_frame_url", FileKind::LastFrame, "image/png"),
        file("audio_url", FileKind::Audio, "audio/mpeg"),
        file("file_url", FileKind::Other, "application/octet-stream"),
    ];
    found.into_iter().flatten().collect()
}

fn facts(task: &Value) -> Value {
    let said = |name: &str| task.get(name).filter(|value| !value.is_null()).cloned();
    let facts: Map<String, Value> = FACTS.into_iter().filter_map(|name| Some((name.to_owned(), said(name)?))).collect();
    facts.into()
}
