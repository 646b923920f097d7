//! `/admin/requests`: the last requests that this process answered, by filters, and how many came since.

use axum::{extract::State, http::StatusCode, response::Response};
use serde::Deserialize;
use templates_maud::console::requests::{Filter, RequestRow, RequestsPage, news};

use super::Seat;
use crate::{
    error::{ApiError, ApiResult},
    pages::{answer, desk::bounded},
    request::{
        Query,
        journal::{Answered, REQUESTS_KEPT, Wanted},
    },
    state::AppState,
};

/// How many requests a page shows.
const SHOWN: usize = 100;

/// Which requests.
#[derive(Default, Deserialize)]
pub struct Asked {
    class: Option<String>,
    tenant: Option<String>,
    actor: Option<String>,
    q: Option<String>,
    live: Option<String>,
    before: Option<String>,
    since: Option<u64>,
}

/// Shows the requests.
pub async fn show(State(state): State<AppState>, seat: Seat, Query(asked): Query<Asked>) -> Response {
    log(&state, &seat, asked, false).unwrap_or_else(|error| seat.failed(&error))
}

/// Shows the part of them that changes.
pub async fn part(State(state): State<AppState>, seat: Seat, Query(asked): Query<Asked>) -> Response {
    log(&state, &seat, asked, true).unwrap_or_else(|error| seat.failed(&error))
}

/// Says how many came since a number.
pub async fn newer(State(state): State<AppState>, seat: Seat, Query(asked): Query<Asked>) -> Response {
    let since = asked.since.unwrap_or_default();
    match read(asked) {
        Ok((filter, wanted)) => {
            let count = state.journal.newer(&wanted, since);
            answer::page(StatusCode::OK, news(&seat.look, &filter, since, count))
        }
        Err(error) => seat.failed(&error),
    }
}

fn log(state: &AppState, seat: &Seat, asked: Asked, part: bool) -> ApiResult<Response> {
    let (filter, wanted) = read(asked)?;
    let (found, more) = state.journal.newest(&wanted, SHOWN);
    let rows: Vec<RequestRow> = found.into_iter().map(row).collect();
    let page = RequestsPage {
        look: &seat.look,
        operator: &seat.operator,
        filter: &filter,
        requests: &rows,
        kept: REQUESTS_KEPT,
        before: wanted.before,
        more,
    };
    Ok(answer::page(StatusCode::OK, if part { page.part() } else { page.render() }))
}

fn read(asked: Asked) -> ApiResult<(Filter, Wanted)> {
    let filter = Filter {
        class: bounded("class", asked.class)?,
        tenant: bounded("tenant", asked.tenant)?,
        actor: bounded("actor", asked.actor)?,
        q: bounded("q", asked.q)?,
        live: bounded("live", asked.live)?,
    };
    let number = |name: &str, text: &str| -> ApiResult<Option<u64>> {
        let wrong = |_| ApiError::parameter(name, format!("{name} is a whole number"));
        Some(text).filter(|text| !text.is_empty()).map(|text| text.parse().map_err(wrong)).transpose()
    };
    let class = number("class", &filter.class)?.and_then(|class| u16::try_from(class).ok());
    let wanted = Wanted {
        class,
        tenant_id: filter.tenant.clone(),
        actor: filter.actor.clone(),
        q: filter.q.clone(),
        before: number("before", &bounded("before", asked.before)?)?,
    };
    Ok((filter, wanted))
}

fn row(one: Answered) -> RequestRow {
    RequestRow {
        number: one.number,
        at: one.at,
        request_id: one.request_id,
        method: one.method,
        route: one.route,
        tenant_id: one.asker.tenant_id,
        actor: one.asker.actor,
        status: one.status,
        code: one.code,
        job_id: one.job_id,
        cost: one.cost,
        began_ms: one.began_ms,
        ended_ms: one.ended_ms,
    }
}
