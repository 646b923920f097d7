//! `GET /contents/generations/tasks`, `GET …/{id}` and `DELETE …/{id}`.
//! Only a queued task can be cancelled; deleting an ended one erases its record; a running one is refused.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use serde_json::{Value, json};

use super::refusal::{invalid, no_task};
use super::tasks::{Status, Task};
use super::video_ageing::{keep, look};
use super::{Incoming, Work, run};
use crate::Sim;
use crate::calls::{Answer, Refusal};

const MAX_PAGE: usize = 500;
const USUAL_PAGE: usize = 10;

/// One task.
pub async fn get(sim: State<Arc<Sim>>, Path(id): Path<String>, incoming: Incoming) -> Response {
    run(sim, incoming, "video_get", Some(&id), |work| {
        let task = find(&work, &id)?;
        Ok(now(task.body(work.incoming.host())))
    })
    .await
}

/// Cancels a queued task, erases an ended one.
pub async fn delete(sim: State<Arc<Sim>>, Path(id): Path<String>, incoming: Incoming) -> Response {
    run(sim, incoming, "video_cancel", Some(&id), |work| {
        let task = find(&work, &id)?;
        match task.status {
            Status::Queued => cancel(&work, &task),
            Status::Running | Status::Cancelled => Err(not_now(&task)),
            Status::Succeeded | Status::Failed | Status::Expired => {
                work.sim.ark.remove(task.number);
                work.sim.record("ark_task", &task.id, Value::Null);
                Ok(now(json!({})))
            }
        }
    })
    .await
}

/// Tasks by filters, newest first, in pages.
pub async fn list(sim: State<Arc<Sim>>, incoming: Incoming) -> Response {
    run(sim, incoming, "video_list", None, |work| {
        let filter = Filter::read(work.incoming.uri.query().unwrap_or(""))?;
        let tasks = work.sim.ark.of(work.account).into_iter().map(|task| look(work.sim, task));
        let found: Vec<Task> = tasks.filter(|task| filter.takes(task)).collect();
        let page = found.iter().skip((filter.page - 1) * filter.size).take(filter.size);
        let items: Vec<Value> = page.map(|task| task.body(work.incoming.host())).collect();
        Ok(now(json!({ "total": found.len(), "items": items })))
    })
    .await
}

fn now(body: Value) -> Answer {
    Answer::Json { after_ms: 0, body }
}

fn find(work: &Work<'_>, id: &str) -> Result<Task, Refusal> {
    let task = work.sim.ark.find(work.account, id).ok_or_else(|| no_task(id))?;
    Ok(look(work.sim, task))
}

fn cancel(work: &Work<'_>, task: &Task) -> Result<Answer, Refusal> {
    let cancelled = work.sim.ark.change(task.number, |task| {
        let changes = task.status == Status::Queued;
        if changes {
            task.status = Status::Cancelled;
            task.updated_at = chrono::Utc::now().timestamp();
        }
        changes
    });
    let cancelled = cancelled.ok_or_else(|| not_now(task))?;
    keep(work.sim, &cancelled);
    Ok(now(json!({})))
}

fn not_now(task: &Task) -> Refusal {
    let why = format!("The task {} is {} and can't be deleted or cancelled.", task.id, task.status.word());
    Refusal::new(409, "InvalidAction.TaskStatus", why)
}

/// What a list asks for.
#[derive(Debug)]
struct Filter {
    page: usize,
    size: usize,
    status: Option<String>,
    model: Option<String>,
    service_tier: Option<String>,
    ids: Vec<String>,
}

impl Filter {
    fn read(query: &str) -> Result<Self, Refusal> {
        let mut filter =
            Self { page: 1, size: USUAL_PAGE, status: None, model: None, service_tier: None, ids: Vec::new() };
        let address = reqwest::Url::parse(&format!("http://sim/?{query}"));
        let address = address.map_err(|_| invalid("query", "it can't be read"))?;
        for (name, value) in address.query_pairs() {
            let value = value.into_owned();
            match name.as_ref() {
                "page_num" => filter.page = whole("page_num", &value, MAX_PAGE)?,
                "page_size" => filter.size = whole("page_size", &value, MAX_PAGE)?,
                "filter.status" => filter.status = Some(status(value)?),
                "filter.model" => filter.model = Some(value),
                "filter.service_tier" => filter.service_tier = Some(value),
                "filter.task_ids" | "filter.task_ids[]" => filter.ids.push(value),
                _ => {}
            }
        }
        Ok(filter)
    }

    fn takes(&self, task: &Task) -> bool {
        self.status.as_deref().is_none_or(|status| task.status.word() == status)
            && self.model.as_deref().is_none_or(|model| task.model == model)
            && self.service_tier.as_deref().is_none_or(|tier| task.params.service_tier == tier)
            && (self.ids.is_empty() || self.ids.contains(&task.id))
    }
}

fn whole(field: &str, value: &str, most: usize) -> Result<usize, Refusal> {
    let found = value.parse().ok().filter(|number| (1..=most).contains(number));
    found.ok_or_else(|| invalid(field, &format!("it must be an integer from 1 to {most}")))
}

fn status(word: String) -> Result<String, Refusal> {
    match ["queued", "running", "succeeded", "failed", "cancelled", "expired"].contains(&word.as_str()) {
        true => Ok(word),
        false => Err(invalid("filter.status", "there is no such status")),
    }
}
