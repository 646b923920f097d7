//! `GET /admin/recharges`: every recharge, the newest first: the ledger, filtered by its own filter.

use axum::{extract::State, http::StatusCode, response::Response};
use projections::{queries::LedgerQuery, rows::LedgerType};
use templates_maud::console::customers::recharges::{Filter, RechargesPage};

use crate::{
    error::ApiResult,
    pages::{
        answer,
        console::{Seat, books::ledger::Wanted},
    },
    request::Query,
    state::AppState,
};

/// How many recharges a page shows.
const RECHARGES_A_PAGE: u32 = 50;

/// Shows the recharges.
pub async fn show(State(state): State<AppState>, seat: Seat, Query(wanted): Query<Wanted>) -> Response {
    seat.answered(render(&state, &seat, wanted).await)
}

async fn render(state: &AppState, seat: &Seat, wanted: Wanted) -> ApiResult<Response> {
    let (asked, query) = wanted.read(RECHARGES_A_PAGE)?;
    let query = LedgerQuery { entry_type: Some(LedgerType::Recharge), job_id: None, ..query };
    let filter = Filter { tenant: asked.tenant, from: asked.from, to: asked.to };
    let after = query.after.map(|after| after.to_string());
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
