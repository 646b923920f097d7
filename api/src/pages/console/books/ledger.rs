//! `GET /admin/ledger`: the entries of all tenants with filters in the URL; and `GET /admin/ledger/check`: whether they hold together.

use axum::{extract::State, http::StatusCode, response::Response};
use projections::queries::LedgerQuery;
use serde::Deserialize;
use templates_maud::{
    console::books::{
        invariants::panel,
        ledger::{Filter, LedgerPage},
    },
    paths,
};

use crate::{
    account::ledger::kind,
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

/// How many entries a page shows.
const ENTRIES_A_PAGE: u32 = 50;

/// Which entries.
#[derive(Default, Deserialize)]
pub struct Wanted {
    tenant: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    job: Option<String>,
    from: Option<String>,
    to: Option<String>,
    after: Option<String>,
}

impl Wanted {
    /// The filter, and the question that it makes of so many entries a page.
    ///
    /// # Errors
    /// `invalid_parameter`.
    pub fn read(self, limit: u32) -> ApiResult<(Filter, LedgerQuery)> {
        let after = cursor_of("after", self.after)?;
        let filter = Filter {
            tenant: bounded("tenant", self.tenant)?.trim().to_owned(),
            kind: bounded("type", self.kind)?,
            job: bounded("job", self.job)?.trim().to_owned(),
            from: bounded("from", self.from)?,
            to: bounded("to", self.to)?,
        };
        let given = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        let query = LedgerQuery {
            tenant_id: given(&filter.tenant),
            entry_type: given(&filter.kind).map(|name| kind(&name)).transpose()?,
            job_id: given(&filter.job),
            from: start_of("from", &filter.from, 0, chrono_tz::UTC)?,
            to: start_of("to", &filter.to, 1, chrono_tz::UTC)?,
            after: cursor::<i64>(after.as_deref())?,
            newest_first: true,
            limit,
        };
        Ok((filter, query))
    }
}

/// Shows the ledger.
pub async fn show(State(state): State<AppState>, seat: Seat, Query(wanted): Query<Wanted>) -> Response {
    seat.answered(render(&state, &seat, wanted).await)
}

async fn render(state: &AppState, seat: &Seat, wanted: Wanted) -> ApiResult<Response> {
    let (filter, query) = wanted.read(ENTRIES_A_PAGE)?;
    let (page, invariants) = tokio::try_join!(state.reads.ledger(&query), state.reads.invariants())?;
    let after = query.after.map(|after| after.to_string());
    let next = page.rows.last().filter(|_| page.has_more).map(|line| line.entry_id.to_string());
    let markup = LedgerPage {
        look: &seat.look,
        operator: &seat.operator,
        filter: &filter,
        lines: &page.rows,
        invariants: &invariants,
        after: after.as_deref(),
        next: next.as_deref(),
    };
    Ok(answer::page(StatusCode::OK, markup.render()))
}

/// Shows the checks alone; as a page of its own, the ledger does.
pub async fn check(State(state): State<AppState>, seat: Seat) -> Response {
    if !seat.wants_fragment() {
        return answer::see(paths::CONSOLE_LEDGER);
    }
    match state.reads.invariants().await {
        Ok(found) => answer::page(StatusCode::OK, panel(seat.look.words, &found)),
        Err(error) => seat.failed(&error.into()),
    }
}
