//! Tasks: what they are, how they age, how they are told.
//!
//! A task beyond the account's concurrency is THROTTLED until an earlier one of its model was to end, whether or not that is deleted meanwhile.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::Sim;
use crate::faults::TaskError;
use crate::files::Recipe;
use crate::media::{Picture, Video};

/// How long a task's record stays.
const RECORD_LIFETIME: TimeDelta = TimeDelta::days(7);
/// What a task is counted against, besides its concurrency.
const DAY: TimeDelta = TimeDelta::days(1);
/// A scheduled failure of this code is a task that its owner canceled in Runway's own console.
const CANCELED_ELSEWHERE: &str = "CANCELLED";

/// Where a task stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Status {
    /// Waiting for a machine.
    Pending,
    /// Waiting for one of the account's places.
    Throttled,
    /// Being made.
    Running,
    /// Made.
    Succeeded,
    /// Not made.
    Failed,
    /// Canceled.
    Cancelled,
}

impl Status {
    /// Whether it can still change.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Pending | Self::Throttled | Self::Running)
    }
}

/// What a task makes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Making {
    /// A film.
    Film(Video),
    /// A picture.
    Picture(Picture),
}

/// One task.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Task {
    /// A UUID.
    pub id: String,
    /// Increases with every task.
    pub number: u64,
    /// Who made it.
    pub account: String,
    /// The model.
    pub model: String,
    /// What is made.
    pub making: Making,
    /// What it costs when it is made.
    pub credits: u64,
    /// Where it stood when last looked at.
    pub status: Status,
    /// When it was taken.
    pub created_at: DateTime<Utc>,
    /// When the account has a place for it, on the simulated clock.
    pub slot_at_ms: u64,
    /// When it starts to run.
    pub runs_at_ms: u64,
    /// When it ends.
    pub ends_at_ms: u64,
    /// It will fail with this.
    pub fails_with: Option<TaskError>,
    /// Fields of its cost to overwrite.
    pub wrong_usage: Option<Map<String, Value>>,
    /// The path of what was made.
    pub file: Option<String>,
}

impl Task {
    /// Where it stands at a moment of the simulated clock.
    pub fn status_at(&self, now_ms: u64) -> Status {
        if !self.status.is_open() {
            return self.status;
        }
        match now_ms {
            now if now < self.slot_at_ms => Status::Throttled,
            now if now < self.runs_at_ms => Status::Pending,
            now if now < self.ends_at_ms => Status::Running,
            _ => self.end(),
        }
    }

    fn end(&self) -> Status {
        match &self.fails_with {
            Some(error) if error.code == CANCELED_ELSEWHERE => Status::Cancelled,
            Some(_) => Status::Failed,
            None => Status::Succeeded,
        }
    }

    /// The body that a reader sees, its links at the host that he uses.
    pub fn body(&self, host: &str, now_ms: u64) -> Value {
        let created_at = self.created_at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
        let mut body = json!({ "id": self.id, "status": self.status, "createdAt": created_at });
        if self.status.is_open() {
            body["estimatedCost"] = json!({ "credits": self.credits });
        } else {
            body["cost"] = self.cost();
        }
        match (self.status, &self.fails_with) {
            (Status::Running, _) => body["progress"] = json!(self.progress(now_ms)),
            (Status::Succeeded, _) => {
                let link = self.file.as_deref().map(|path| format!("http://{host}{path}"));
                body["output"] = json!(Vec::from_iter(link));
            }
            (Status::Failed, Some(error)) => {
                body["failure"] = json!(error.message);
                if !error.code.is_empty() {
                    body["failureCode"] = json!(error.code);
                }
            }
            _ => {}
        }
        body
    }

    /// What the account pays: all of it for what was made or moderated, nothing for Runway's own failures.
    fn cost(&self) -> Value {
        let safety = |error: &TaskError| error.code.starts_with("SAFETY.") || error.code.contains(".SAFETY.");
        let charged = match self.status {
            Status::Succeeded => self.credits,
            Status::Failed if self.fails_with.as_ref().is_some_and(safety) => self.credits,
            _ => 0,
        };
        let mut cost = Map::from_iter([("credits".to_owned(), json!(charged))]);
        cost.extend(self.wrong_usage.clone().unwrap_or_default());
        cost.into()
    }

    /// From 0 to 1, in hundredths.
    fn progress(&self, now_ms: u64) -> f64 {
        let whole = self.ends_at_ms.saturating_sub(self.runs_at_ms).max(1);
        let done = now_ms.saturating_sub(self.runs_at_ms).min(whole);
        (done * 100 / whole) as f64 / 100.0
    }
}

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
        now_s - self.created_at.timestamp() > RECORD_LIFETIME.num_seconds()
    }

    fn is_open(&self) -> bool {
        self.status.is_open()
    }
}

/// What the pretended Runway remembers.
pub type Runway = crate::tasks::Tasks<Task>;

impl Runway {
    /// How many tasks an account made with a model in the last day.
    pub fn of_today(&self, account: &str, model: &str) -> usize {
        let since = Utc::now() - DAY;
        self.count(|task| task.account == account && task.model == model && task.created_at > since)
    }

    /// When the account has a place for one more task of a model.
    pub fn slot(&self, account: &str, model: &str, places: usize, now_ms: u64) -> u64 {
        let ours = self.open().into_iter().filter(|task| task.account == account && task.model == model);
        let mut ends: Vec<u64> = ours.map(|task| task.ends_at_ms).filter(|end| *end > now_ms).collect();
        ends.sort_unstable();
        ends.len().checked_sub(places.max(1)).map_or(now_ms, |behind| ends[behind])
    }
}

/// The task as it stands now.
pub fn look(sim: &Sim, task: Task) -> Task {
    let status = task.status_at(sim.clock.now_ms());
    if status == task.status {
        return task;
    }
    let file = (status == Status::Succeeded).then(|| file(sim, &task));
    let changed = sim.runway.change(task.number, |task| {
        let changes = task.status.is_open() && task.status != status;
        if changes {
            task.status = status;
            task.file = file;
        }
        changes
    });
    match changed {
        Some(task) => {
            keep(sim, &task);
            task
        }
        None => sim.runway.get(task.number).unwrap_or(task),
    }
}

/// Writes the task's state down.
pub fn keep(sim: &Sim, task: &Task) {
    sim.record("runway_task", &task.id, serde_json::to_value(task).unwrap_or_default());
}

fn file(sim: &Sim, task: &Task) -> String {
    let recipe = match &task.making {
        Making::Film(film) => Recipe::Video(film.clone()),
        Making::Picture(picture) => Recipe::Picture(picture.clone()),
    };
    sim.shelve(&task.id, recipe)
}
