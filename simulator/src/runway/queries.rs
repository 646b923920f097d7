//! `GET /v1/tasks/{id}`, `DELETE …/{id}` and `GET /v1/organization`.
//! Deleting cancels a task that is open and erases one that has ended; either way nobody finds it afterwards.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::models::MODELS;
use super::refusal::no_task;
use super::tasks::{Task, look};
use super::{Incoming, Work, run};
use crate::Sim;
use crate::calls::{Answer, Refusal};

/// What a month may cost, in credits.
const MONTHLY_CREDITS: u64 = 10_000_000;
/// What an account has before its first task.
const BALANCE: u64 = 10_000_000;

/// One task.
pub async fn task(sim: State<Arc<Sim>>, Path(id): Path<String>, incoming: Incoming) -> Response {
    run(sim, incoming, "task_get", Some(&id), |work| {
        let task = find(&work, &id)?;
        Ok(Answer::Json { after_ms: 0, body: task.body(work.incoming.host(), work.sim.clock.now_ms()) })
    })
    .await
}

/// Cancels an open task, erases an ended one.
pub async fn delete(sim: State<Arc<Sim>>, Path(id): Path<String>, incoming: Incoming) -> Response {
    run(sim, incoming, "task_cancel", Some(&id), |work| {
        let task = find(&work, &id)?;
        work.sim.runway.remove(task.number);
        work.sim.record("runway_task", &task.id, Value::Null);
        Ok(Answer::Nothing)
    })
    .await
}

/// The account's balance, its limits, and what it made today.
pub async fn organization(sim: State<Arc<Sim>>, incoming: Incoming) -> Response {
    run(sim, incoming, "organization", None, |work| {
        let (config, runway) = (&work.sim.config, &work.sim.runway);
        let (mut limits, mut used) = (Map::new(), Map::new());
        for model in MODELS {
            let limit = json!({ "maxConcurrentGenerations": config.runway_concurrency, "maxDailyGenerations": config.runway_daily });
            limits.insert(model.name.into(), limit);
            let today = runway.of_today(work.account, model.name);
            used.insert(model.name.into(), json!({ "dailyGenerations": today }));
        }
        let spent: u64 = runway.of(work.account).iter().map(|task| task.credits).sum();
        let tier = json!({ "maxMonthlyCreditSpend": MONTHLY_CREDITS, "models": limits });
        let body = json!({ "creditBalance": BALANCE.saturating_sub(spent), "tier": tier, "usage": { "models": used } });
        Ok(Answer::Json { after_ms: 0, body })
    })
    .await
}

fn find(work: &Work<'_>, id: &str) -> Result<Task, Refusal> {
    let task = work.sim.runway.find(work.account, id).ok_or_else(no_task)?;
    Ok(look(work.sim, task))
}
