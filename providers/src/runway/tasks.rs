//! Tasks: submit, read one by one, cancel. A task is read before it is deleted, and only one that waits is deleted:
//! a deletion erases the record of one that has ended, and one that runs is charged in full all the same.

use chrono::{DateTime, Utc};
use domain::pricing::{Meter, Quantities};
use futures::future::join_all;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::{Runway, body, verdicts};
use crate::{
    Call, CancelOutcome, Endpoint, FileKind, RemoteFile, TaskState, TaskStatus, UpstreamError, Verdict,
    wire::{Payload, Request, Work, malformed},
};

/// How many tasks are read at once: there is no call for several.
const READ_AT_ONCE: usize = 8;

impl Runway {
    pub(super) async fn submit(&self, endpoint: &Endpoint, call: &Call) -> Result<String, UpstreamError> {
        let (path, body) = body::of(call)?;
        let answer = self.wire.json(endpoint, Request::post(path, call, &body, Work::PaidLater)).await?;
        answer["id"].as_str().filter(|id| is_id(id)).map(str::to_owned).ok_or_else(|| malformed(Work::PaidLater))
    }

    /// One that can't be read does not keep the others waiting: it is left out, and read the next time.
    pub(super) async fn states(&self, endpoint: &Endpoint, ids: &[String]) -> Result<Vec<TaskState>, UpstreamError> {
        let (mut states, mut failed) = (Vec::with_capacity(ids.len()), None);
        for ids in ids.chunks(READ_AT_ONCE) {
            for read in join_all(ids.iter().map(|id| self.state(endpoint, id))).await {
                match read {
                    Ok(state) => states.push(state),
                    Err(error) => failed = failed.or(Some(error)),
                }
            }
        }
        match failed {
            Some(error) if states.is_empty() => Err(error),
            Some(error) => {
                tracing::warn!(%error, read = states.len(), of = ids.len(), "some tasks can't be read now");
                Ok(states)
            }
            None => Ok(states),
        }
    }

    /// Reads one task; `Gone` only when upstream says so.
    async fn state(&self, endpoint: &Endpoint, id: &str) -> Result<TaskState, UpstreamError> {
        let gone = TaskState { id: id.to_owned(), status: TaskStatus::Gone, created_at: None };
        if !is_id(id) {
            return Ok(gone);
        }
        match self.wire.json(endpoint, Request::get(path(id), Vec::new())).await {
            Ok(task) if task["id"] == id => Ok(state(id, &task, endpoint)),
            Ok(_) => Err(malformed(Work::Read)),
            Err(error) if error.status == Some(404) => Ok(gone),
            Err(error) => Err(error),
        }
    }

    /// A task that is gone was deleted, and only a cancel of ours deletes: its answer was lost, or the process died after it.
    pub(super) async fn cancel(&self, endpoint: &Endpoint, id: &str) -> Result<CancelOutcome, UpstreamError> {
        match self.state(endpoint, id).await?.status {
            TaskStatus::Queued => {}
            TaskStatus::Canceled | TaskStatus::Gone => return Ok(CancelOutcome::Canceled),
            _ => return Ok(CancelOutcome::TooLate),
        }
        let deleted = self.wire.send(endpoint, Request::delete(path(id), Payload::Nothing)).await;
        match deleted {
            Ok(_) => Ok(CancelOutcome::Canceled),
            Err(error) if error.status == Some(404) => Ok(CancelOutcome::Canceled),
            Err(error) => Err(error),
        }
    }
}

fn path(id: &str) -> String {
    format!("/tasks/{id}")
}

/// An id that is safe in a path.
fn is_id(id: &str) -> bool {
    (1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn state(id: &str, task: &Value, endpoint: &Endpoint) -> TaskState {
    let created_at = task["createdAt"].as_str().and_then(|text| DateTime::parse_from_rfc3339(text).ok());
    let created_at = created_at.map(|moment| moment.with_timezone(&Utc));
    TaskState { id: id.to_owned(), status: status(task, endpoint), created_at }
}

fn status(task: &Value, endpoint: &Endpoint) -> TaskStatus {
    match task["status"].as_str().unwrap_or_default() {
        // Throttled is accepted too: it waits for one of the account's places.
        "PENDING" | "THROTTLED" => TaskStatus::Queued,
        "RUNNING" => TaskStatus::Running { progress: progress(&task["progress"]) },
        "SUCCEEDED" => succeeded(task),
        "FAILED" => {
            note_cost(task);
            TaskStatus::Failed { error: verdicts::of_task(task, endpoint.key.expose_secret()) }
        }
        "CANCELLED" => {
            note_cost(task);
            TaskStatus::Canceled
        }
        other => {
            // Not an end that is known: it stays open, and its age decides.
            tracing::warn!(status = other.get(..32).unwrap_or(other), "the provider tells an unknown state of a task");
            TaskStatus::Running { progress: None }
        }
    }
}

/// From 0 to 1 upstream, in percent here.
fn progress(part: &Value) -> Option<u8> {
    let percent = (part.as_f64()? * 100.0).round();
    (0_u8..=100).find(|whole| f64::from(*whole) >= percent)
}

/// What Runway keeps of a task that made nothing: the platform bears it.
fn note_cost(task: &Value) {
    if let Some(credits) = task["cost"]["credits"].as_u64().filter(|credits| *credits > 0) {
        tracing::warn!(credits, task = task["id"].as_str(), "the provider charges for a task that made nothing");
    }
}

/// The outputs are counted as images; the seconds of a video are what the request says, and the price knows them.
fn succeeded(task: &Value) -> TaskStatus {
    let urls = task["output"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let outputs: Vec<RemoteFile> = urls.map(output).collect();
    if outputs.is_empty() {
        return TaskStatus::Failed { error: UpstreamError { fate: Verdict::Fail, ..malformed(Work::Read) } };
    }
    let images = outputs.iter().filter(|file| file.kind == FileKind::Image).map(|_| 1_u64).sum();
    let usage = if images == 0 { Quantities::new() } else { Quantities::new().with(Meter::Image, images) };
    TaskStatus::Succeeded { outputs, usage, facts: json!({ "upstream_credits": task["cost"]["credits"] }) }
}

/// What a file is, by its name; the download says its real type.
fn output(url: &str) -> RemoteFile {
    let name = url.split(['?', '#']).next().unwrap_or(url).to_ascii_lowercase();
    let (kind, content_type) = match name.rsplit('.').next().unwrap_or_default() {
        "mp4" => (FileKind::Video, "video/mp4"),
        "mov" => (FileKind::Video, "video/quicktime"),
        "jpg" | "jpeg" => (FileKind::Image, "image/jpeg"),
        "webp" => (FileKind::Image, "image/webp"),
        _ => (FileKind::Image, "image/png"),
    };
    RemoteFile { url: url.to_owned(), kind, content_type: content_type.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_a_percentage_or_unknown() {
        for (part, percent) in
            [(json!(0), Some(0)), (json!(0.424), Some(42)), (json!(1), Some(100)), (json!("x"), None)]
        {
            assert_eq!(progress(&part), percent, "{part}");
        }
        assert_eq!(progress(&json!(7)), None);
        assert_eq!(progress(&json!(-1)), Some(0));
    }

    #[test]
    fn files_are_told_by_their_names() {
        let kind = |url: &str| output(url).content_type;
        assert_eq!(kind("https://files/a.PNG?jwt=x.mp4"), "image/png");
        assert_eq!(kind("https://files/a.mp4?_jwt=1"), "video/mp4");
        assert_eq!(kind("https://files/a"), "image/png");
    }
}
