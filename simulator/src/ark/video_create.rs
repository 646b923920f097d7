//! `POST /contents/generations/tasks`: checks the request, puts a task into the queue, answers its id.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde_json::json;

use super::refusal::{invalid, sensitive_text};
use super::tasks::{Status, Task};
use super::video_ageing::{follow, keep, tell};
use super::video_params::Params;
use super::{Incoming, Work, run};
use crate::Sim;
use crate::calls::{Answer, Refusal};
use crate::chance::{base36, mix};
use crate::fields::text;

/// The offline tier waits so many times longer.
const FLEX_WAIT: u64 = 4;

/// Creates a task.
pub async fn create(sim: State<Arc<Sim>>, incoming: Incoming) -> Response {
    run(sim, incoming, "video_create", None, answer).await
}

fn answer(work: Work<'_>) -> Result<Answer, Refusal> {
    let params = super::video_params::read(work.sim, work.account, work.body)?;
    let prompt = params.prompt.to_lowercase();
    if work.sim.config.moderated_words.iter().any(|word| prompt.contains(word)) {
        return Err(sensitive_text());
    }
    let callback_url = callback(work.body)?;
    if work.sim.ark.waiting(work.account, work.sim.clock.now_ms()) >= work.sim.config.max_queued_videos {
        let why = "The request failed because too many tasks of this account are queued. Please try again later.";
        return Err(Refusal::new(429, "QuotaExceeded", why));
    }
    let task = task(&work, params, callback_url);
    work.sim.ark.put(task.clone());
    keep(work.sim, &task);
    work.call.accept(Some(&task.id));
    announce(work.sim, &task);
    let mut body = json!({ "id": task.id });
    if let Some(end_user) = &task.params.safety_identifier {
        body["safety_identifier"] = json!(end_user);
    }
    Ok(Answer::Json { after_ms: 0, body })
}

fn callback(body: &serde_json::Value) -> Result<Option<String>, Refusal> {
    let url = text(body, "callback_url")?;
    match url {
        Some(url) if reqwest::Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https")) => {
            Ok(Some(url.into()))
        }
        Some(_) => Err(invalid("callback_url", "it must be an http or https URL")),
        None => Ok(None),
    }
}

fn task(work: &Work<'_>, params: Params, callback_url: Option<String>) -> Task {
    let (config, now_ms) = (&work.sim.config, work.sim.clock.now_ms());
    let now = chrono::Utc::now();
    let wait = config.queued_ms * if params.service_tier == "flex" { FLEX_WAIT } else { 1 };
    let letters = base36(mix(mix(config.seed) ^ work.call.seq()), 5);
    Task {
        id: format!("cgt-{}-{letters}", now.format("%Y%m%d%H%M%S")),
        number: work.call.seq(),
        account: work.account.into(),
        model: work.body["model"].as_str().unwrap_or_default().into(),
        status: Status::Queued,
        created_at: now.timestamp(),
        updated_at: now.timestamp(),
        runs_at_ms: now_ms + wait,
        ends_at_ms: now_ms + wait + config.running_ms,
        expires_at_ms: now_ms + params.execution_expires_after * 1_000,
        fails_with: work.call.fault().task_error.clone(),
        wrong_usage: work.call.fault().wrong_usage.clone(),
        callback_url,
        host: work.incoming.host().into(),
        film: None,
        last_frame: None,
        params,
    }
}

/// Tells the callback that the task is queued, then follows it.
fn announce(sim: &Arc<Sim>, task: &Task) {
    let Some(url) = task.callback_url.clone() else { return };
    let (sim, task) = (sim.clone(), task.clone());
    tokio::spawn(async move {
        tell(&sim, &url, &task).await;
        follow(&sim, &task);
    });
}
