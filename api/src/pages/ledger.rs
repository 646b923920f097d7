//! `GET /billing/ledger`: the statement of a tenant, with the export of its range.

use axum::{extract::State, http::StatusCode, response::Response};
use chrono::{DateTime, Days, NaiveDate, Utc};
use chrono_tz::Tz;
use projections::queries::{LedgerQuery, Statement};
use serde::Deserialize;
use templates_maud::portal::ledger::{Filter, LedgerPage};

use super::{
    answer,
    desk::{Desk, bounded, cursor_of},
};
use crate::{
    account::ledger::{kind, lag_of},
    error::{ApiError, ApiResult},
    page::{PAGE_DEFAULT, cursor},
    request::Query,
    state::AppState,
};

/// Which lines.
#[derive(Default, Deserialize)]
pub struct Wanted {
    #[serde(rename = "type")]
    kind: Option<String>,
    from: Option<String>,
    to: Option<String>,
    job: Option<String>,
    after: Option<String>,
}

/// Shows the statement.
pub async fn show(State(state): State<AppState>, desk: Desk, Query(wanted): Query<Wanted>) -> Response {
    desk.answered(render(&state, &desk, wanted).await)
}

async fn render(state: &AppState, desk: &Desk, wanted: Wanted) -> ApiResult<Response> {
    let after = cursor_of("after", wanted.after)?;
    let filter = Filter {
        kind: bounded("type", wanted.kind)?,
        from: bounded("from", wanted.from)?,
        to: bounded("to", wanted.to)?,
        job: bounded("job", wanted.job)?,
    };
    let zone = desk.look.words.zone;
    let (from, to) = (start_of("from", &filter.from, 0, zone)?, start_of("to", &filter.to, 1, zone)?);
    let tenant_id = desk.caller.tenant_id.to_string();
    let query = LedgerQuery {
        tenant_id: Some(tenant_id.clone()),
        entry_type: Some(filter.kind.as_str()).filter(|name| !name.is_empty()).map(kind).transpose()?,
        job_id: Some(filter.job.clone()).filter(|job| !job.is_empty()),
        from,
        to,
        after: cursor::<i64>(after.as_deref())?,
        newest_first: true,
        limit: PAGE_DEFAULT,
    };
    lag_of(state, &desk.caller).await?;
    let (page, statement) = tokio::try_join!(state.reads.ledger(&query), state.reads.statement(&tenant_id, from, to))?;
    let next = page.rows.last().filter(|_| page.has_more).map(|line| line.entry_id.to_string());
    let markup = LedgerPage {
        look: &desk.look,
        visitor: &desk.visitor,
        filter: &filter,
        lines: &page.rows,
        statement: &statement,
        export_query: &exported(&statement, from.is_some(), to.is_some()),
        after: after.as_deref(),
        next: next.as_deref(),
    };
    Ok(answer::page(StatusCode::OK, markup.render()))
}

/// The beginning of a day in a zone, or of one so many days later.
///
/// # Errors
/// `invalid_parameter`.
pub fn start_of(name: &str, day: &str, later: u64, zone: Tz) -> ApiResult<Option<DateTime<Utc>>> {
    if day.is_empty() {
        return Ok(None);
    }
    let wrong = || ApiError::parameter(name, format!("{name} is a day such as 2026-11-22"));
    let day: NaiveDate = day.parse().map_err(|_| wrong())?;
    let day = day.checked_add_days(Days::new(later)).ok_or_else(wrong)?;
    // Where a day begins an hour later, or twice, its first moment counts.
    let begins = (0..=3_u32).find_map(|hour| day.and_hms_opt(hour, 0, 0)?.and_local_timezone(zone).earliest());
    Ok(Some(begins.ok_or_else(wrong)?.to_utc()))
}

/// The range as positions of the log, as exports take it.
fn exported(statement: &Statement, begins: bool, ends: bool) -> String {
    let after = begins.then(|| format!("&after={}", statement.opening_position));
    let through = ends.then(|| format!("&through={}", statement.closing_position));
    [after, through].into_iter().flatten().collect()
}
