//! `GET /billing`: what there is, and what was spent day by day.

use axum::{extract::State, http::StatusCode, response::Response};
use chrono::{Days, NaiveDate};
use projections::queries::{LedgerQuery, UsageQuery};
use templates_maud::portal::{billing::BillingPage, overview::Balance};

use super::{answer, desk::Desk, keys::SPENT_DAYS};
use crate::{
    account::{ledger::lag_of, show::view},
    error::ApiResult,
    state::AppState,
};

/// How many lines of the ledger are shown.
const LINES: u32 = 10;

/// Shows balance and spending.
pub async fn show(State(state): State<AppState>, desk: Desk) -> Response {
    desk.answered(render(&state, &desk).await)
}

async fn render(state: &AppState, desk: &Desk) -> ApiResult<Response> {
    let caller = &desk.caller;
    let tenant_id = Some(caller.tenant_id.to_string());
    let to = state.store.now().date_naive();
    let from = to.checked_sub_days(Days::new(SPENT_DAYS - 1)).unwrap_or(to);
    lag_of(state, caller).await?;
    let asked_lines =
        LedgerQuery { tenant_id: tenant_id.clone(), newest_first: true, limit: LINES, ..LedgerQuery::default() };
    let asked_usage = UsageQuery { tenant_id, from, to };
    let (lines, usage) = tokio::try_join!(state.reads.ledger(&asked_lines), state.reads.usage(&asked_usage))?;
    let account = view(state, caller).await?;
    let days: Vec<NaiveDate> = from.iter_days().take_while(|day| *day <= to).collect();
    let markup = BillingPage {
        look: &desk.look,
        visitor: &desk.visitor,
        balance: Balance {
            tenant: "",
            available: account.available.micro(),
            held: account.held.micro(),
            posted: account.posted.micro(),
            credit_value: &state.settings.credit_value,
        },
        days: &days,
        usage: &usage,
        lines: &lines.rows,
    };
    Ok(answer::page(StatusCode::OK, markup.render()))
}
