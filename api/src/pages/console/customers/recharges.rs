//! `GET /admin/recharges`: every recharge, the newest first.

use axum::{extract::State, http::StatusCode, response::Response};
use projections::{queries::LedgerQuery, rows::LedgerType};
use serde::Deserialize;
use templates_maud::console::customers::recharges::{Filter, RechargesPage};

use crate::{
    error::ApiResult,
    page::cursor,
    pages::{
        answer,
        console::Seat,
        desk::{bounded, cursor_of},
        ledger::start_of,
    },
    request::Query,
    state::AppState,
};

/// How many recharges a page shows.
const RECHARGES_A_PAGE: u32 = 50;

/// Which recharges.
#[derive(Default, Deserialize)]
pub struct Wanted {
    tenant: Option<String>,
    from: Option<String>,
    to: Option<String>,
    after: Option<String>,
}

/// Shows the recharges.
pub async fn show(State(state): State<AppState>, seat: Seat, Query(wanted): Query<Wanted>) -> Response {
    match render(&state, &seat, wanted).await {
        Ok(response) => response,
        Err(error) => seat.failed(&error),
    }
}

async fn render(state: &AppState, seat: &Seat, wanted: Wanted) -> ApiResult<Response> {
    let after = cursor_of("after", wanted.after)?;
    let filter = Filter {
        tenant: bounded("tenant", wanted.tenant)?.trim().to_owned(),
        from: bounded("from", wanted.from)?,
        to: bounded("to", wanted.to)?,
    };
    let query = LedgerQuery {
        tenant_id: Some(filter.tenant.clone()).filter(|tenant| !tenant.is_empty()),
        entry_type: Some(LedgerType::Recharge),
        from: start_of("from", &filter.from, 0, chrono_tz::UTC)?,
        to: start_of("to", &filter.to, 1, chrono_tz::UTC)?,
        after: cursor::<i64>(after.as_deref())?,
        newest_first: true,
        limit: RECHARGES_A_PAGE,
        ..LedgerQuery::default()
    };
    let page = state.reads.ledger(&query).await?;
    let next = page.rows.last().filter(|_| page.has_more).map(|row| row.entry_id.to_string());
    let markup = RechargesPage {
        look: &seat.look,
        operator: &seat.operator,
        filter: &filter,
        recharges: &page.rows,
        after: after.as_deref(),
        next: next.as_deref(),
    };
    Ok(answer::page(StatusCode::OK, markup.render()))
}
