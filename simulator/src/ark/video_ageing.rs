//! Tasks grow older: whoever looks finds them where the clock says, links are made at the end, callbacks told on the way.
//! A callback is tried once, and up to three times more when the task has ended; it has five seconds to answer.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use super::tasks::{Status, Task};
use crate::Sim;
use crate::files::Recipe;

const CALLBACK_TIMEOUT: Duration = Duration::from_secs(5);
const CALLBACK_RETRIES: u32 = 3;
/// Simulated time between two tries of a callback.
const CALLBACK_PAUSE_MS: u64 = 5_000;

static CLIENT: LazyLock<reqwest::Client> = LazyLock::new(reqwest::Client::new);

/// Follows the open tasks that a restart found.
pub fn resume(sim: &Arc<Sim>) {
    for task in sim.ark.open() {
        follow(sim, &task);
    }
}

/// The task as it stands now.
pub fn look(sim: &Sim, task: Task) -> Task {
    let status = task.status_at(sim.clock.now_ms());
    if status == task.status {
        return task;
    }
    let files = (status == Status::Succeeded).then(|| files(sim, &task));
    let changed = sim.ark.change(task.number, |task| {
        let changes = task.status.is_open() && task.status != status;
        if changes {
            task.status = status;
            task.updated_at = chrono::Utc::now().timestamp();
            if let Some((video, last_frame)) = files {
                task.film = Some(video);
                task.last_frame = last_frame;
            }
        }
        changes
    });
    match changed {
        Some(task) => {
            keep(sim, &task);
            task
        }
        None => sim.ark.get(task.number).unwrap_or(task),
    }
}

/// Writes the task's state down.
pub fn keep(sim: &Sim, task: &Task) {
    sim.record("ark_task", &task.id, serde_json::to_value(task).unwrap_or_default());
}

fn files(sim: &Sim, task: &Task) -> (String, Option<String>) {
    let video = sim.shelve(&task.id, Recipe::Video(task.params.video()));
    let last_frame = task.params.return_last_frame.then(|| {
        let name = format!("{}-last", task.id);
        sim.shelve(&name, Recipe::Picture(task.params.last_frame()))
    });
    (video, last_frame)
}

/// Tells the task's callback, if it has one, of every change from now on.
pub fn follow(sim: &Arc<Sim>, task: &Task) {
    let Some(url) = task.callback_url.clone() else { return };
    let (sim, number) = (sim.clone(), task.number);
    tokio::spawn(async move {
        while let Some(task) = sim.ark.get(number) {
            let Some(next_ms) = task.next_change_ms() else { break };
            sim.clock.sleep_until(next_ms).await;
            let Some(task) = sim.ark.get(number) else { break };
            let task = look(&sim, task);
            if task.status != Status::Cancelled {
                tell(&sim, &url, &task).await;
            }
        }
    });
}

/// Sends the task's body to its callback.
pub async fn tell(sim: &Sim, url: &str, task: &Task) {
    let tries = if task.status.is_open() { 1 } else { 1 + CALLBACK_RETRIES };
    for attempt in 0..tries {
        if attempt > 0 {
            sim.clock.sleep(CALLBACK_PAUSE_MS).await;
        }
        let sent = CLIENT.post(url).timeout(CALLBACK_TIMEOUT).json(&task.body(&task.host)).send().await;
        match sent {
            Ok(answer) if answer.status().is_success() => return,
            Ok(answer) => tracing::debug!(status = %answer.status(), "a callback was refused"),
            Err(error) => tracing::debug!(%error, "a callback could not be told"),
        }
    }
}
