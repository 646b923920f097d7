//! `GET /jobs`, `GET /jobs/export` and `POST /jobs/cancel`: the tenant's jobs, the same as a file, and several stopped at once.

use axum::{
    body::Body,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
};
use chrono::SecondsFormat;
use domain::Credits;
use futures::stream;
use projections::{
    queries::{JobQuery, LIMIT_AT_MOST},
    rows::{JobRow, JobStatus},
};
use serde::Deserialize;
use templates_maud::{
    paths,
    portal::jobs::{Filter, JobsPage},
};

use super::{
    answer,
    desk::{Desk, bounded, cursor_of},
    ledger::start_of,
    selection::{Selection, selected},
};
use crate::{
    account::ledger::lag_of,
    error::{ApiError, ApiResult, ErrorCode},
    generation::jobs::cancel,
    page::PAGE_DEFAULT,
    request::Query,
    state::AppState,
};

/// The most jobs that one export holds; more are had by its dates.
const EXPORTED_MAX: usize = 10_000;
/// The first line of an export. Times are in UTC, credits are decimal.
const EXPORT_HEAD: &str =
    "job_id,model,capability,status,source,created_at_utc,completed_at_utc,held,charged,refunded,error\r\n";

/// Which jobs.
#[derive(Default, Deserialize)]
pub struct Wanted {
    status: Option<String>,
    cap: Option<String>,
    model: Option<String>,
    key: Option<String>,
    from: Option<String>,
    to: Option<String>,
    q: Option<String>,
    after: Option<String>,
    before: Option<String>,
    stopped: Option<usize>,
    over: Option<usize>,
}

/// Shows the jobs.
pub async fn show(State(state): State<AppState>, desk: Desk, Query(wanted): Query<Wanted>) -> Response {
    desk.answered(render(&state, &desk, wanted).await)
}

/// Sends the jobs that a filter finds as comma-separated values, the newest first.
pub async fn export(State(state): State<AppState>, desk: Desk, Query(wanted): Query<Wanted>) -> Response {
    let asked = filter(wanted).and_then(|filter| query(&desk, &filter));
    desk.answered(asked.map(|query| sent(&state, JobQuery { limit: LIMIT_AT_MOST, ..query })))
}

/// Asks the selected jobs to stop, and says what became of that.
pub async fn stop(State(state): State<AppState>, desk: Desk, form: Selection) -> Response {
    desk.answered(stop_all(&state, &desk, form).await)
}

async fn stop_all(state: &AppState, desk: &Desk, form: Selection) -> ApiResult<Response> {
    let (mut stopped, mut over) = (0_usize, 0_usize);
    for job_id in selected(state, desk, form, "job")? {
        match cancel::ask(state, &desk.caller, &job_id).await {
            Ok(()) => stopped += 1,
            Err(error) if error.code == ErrorCode::Conflict => over += 1,
            Err(error) => return Err(error),
        }
    }
    let told = [("stopped", &*stopped.to_string()), ("over", &*over.to_string())];
    Ok(answer::see(&paths::with_query(paths::JOBS, &told)))
}

async fn render(state: &AppState, desk: &Desk, wanted: Wanted) -> ApiResult<Response> {
    let after = cursor_of("after", wanted.after.clone())?;
    let before = cursor_of("before", wanted.before.clone())?;
    let stopped = wanted.stopped.map(|stopped| (stopped, wanted.over.unwrap_or_default()));
    let filter = filter(wanted)?;
    let backwards = before.is_some();
    let has_cursor = backwards || after.is_some();
    let query = JobQuery { after: before.or(after), oldest_first: backwards, ..query(desk, &filter)? };
    lag_of(state, &desk.caller).await?;
    let mut page = state.reads.jobs(&query).await?;
    if backwards {
        page.rows.reverse();
    }
    let (first, last) = (page.rows.first(), page.rows.last());
    let keys = keys(state, desk);
    let markup = JobsPage {
        look: &desk.look,
        visitor: &desk.visitor,
        filter: &filter,
        jobs: &page.rows,
        keys: &keys,
        stopped,
        before: first.filter(|_| if backwards { page.has_more } else { has_cursor }).map(|job| job.job_id.as_str()),
        after: last.filter(|_| backwards || page.has_more).map(|job| job.job_id.as_str()),
    };
    Ok(answer::page(StatusCode::OK, markup.render()))
}

fn filter(wanted: Wanted) -> ApiResult<Filter> {
    Ok(Filter {
        status: bounded("status", wanted.status)?,
        capability: bounded("cap", wanted.cap)?,
        model: bounded("model", wanted.model)?,
        key: bounded("key", wanted.key)?,
        from: bounded("from", wanted.from)?,
        to: bounded("to", wanted.to)?,
        text: bounded("q", wanted.q)?.trim().to_owned(),
    })
}

fn query(desk: &Desk, filter: &Filter) -> ApiResult<JobQuery> {
    let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let zone = desk.look.words.zone;
    Ok(JobQuery {
        tenant_id: Some(desk.caller.tenant_id.to_string()),
        status: status(&filter.status)?,
        model: given(&filter.model),
        capability: given(&filter.capability),
        api_key_id: given(&filter.key),
        from: start_of("from", &filter.from, 0, zone)?,
        to: start_of("to", &filter.to, 1, zone)?,
        text: given(&filter.text),
        limit: PAGE_DEFAULT,
        ..JobQuery::default()
    })
}

fn status(name: &str) -> ApiResult<Option<JobStatus>> {
    let known = JobStatus::ALL.into_iter().find(|status| status.name() == name);
    if name.is_empty() || known.is_some() {
        Ok(known)
    } else {
        Err(ApiError::parameter("status", "there is no such status"))
    }
}

/// The tenant's API keys, by id and name.
fn keys(state: &AppState, desk: &Desk) -> Vec<(String, String)> {
    let tenants = state.live.tenants();
    let keys = tenants.tenant(&desk.caller.tenant_id).into_iter().flat_map(|tenant| tenant.api_keys.values());
    keys.map(|holder| (holder.api_key.api_key_id.to_string(), holder.api_key.name.clone())).collect()
}

/// The lines of an export, read page by page while they are sent.
fn sent(state: &AppState, query: JobQuery) -> Response {
    let lines = stream::unfold((state.clone(), Some((query, 0_usize))), |(state, at)| async move {
        let (query, so_far) = at?;
        let head = if so_far == 0 { EXPORT_HEAD } else { "" };
        let page = match state.reads.jobs(&query).await {
            Ok(page) => page,
            Err(error) => return Some((Err(error), (state, None))),
        };
        let text = page.rows.iter().fold(head.to_owned(), |text, job| text + &line(job));
        let so_far = so_far + page.rows.len();
        let last = page.rows.last().filter(|_| page.has_more && so_far < EXPORTED_MAX);
        let next = last.map(|job| (JobQuery { after: Some(job.job_id.clone()), ..query }, so_far));
        Some((Ok(text), (state, next)))
    });
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"jobs.csv\""),
        (header::CACHE_CONTROL, "private, no-store"),
    ];
    (headers, Body::from_stream(lines)).into_response()
}

fn line(job: &JobRow) -> String {
    let time = |at: chrono::DateTime<chrono::Utc>| at.to_rfc3339_opts(SecondsFormat::Millis, true);
    let credits = |micro: i64| Credits::from_micro(micro).to_string();
    let cells = [
        job.job_id.clone(),
        job.model.clone(),
        job.capability.clone(),
        job.status.name().to_owned(),
        job.api_key_id.clone().unwrap_or_default(),
        time(job.created_at),
        job.completed_at.map(time).unwrap_or_default(),
        credits(job.held),
        credits(job.charged),
        credits(job.refunded),
        job.error_code.clone().unwrap_or_default(),
    ];
    cells.map(|cell| quoted(&cell)).join(",") + "\r\n"
}

/// A cell; quoted where it needs to be, and never taken for a formula.
fn quoted(cell: &str) -> String {
    let cell = if cell.starts_with(['=', '+', '-', '@']) { format!("'{cell}") } else { cell.to_owned() };
    if cell.contains([',', '"', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn cells_are_quoted_where_they_must_be() {
        let texts = ["plain", "a,b", "say \"hi\"", "=1+1"].map(quoted);
        assert_eq!(texts, ["plain", "\"a,b\"", "\"say \"\"hi\"\"\"", "'=1+1"]);
    }
}
