//! `GET /admin/ledger/export`: the entries that a filter shows, as CSV, page after page; and `GET /admin/ledger/books`: the
//! whole books of one tenant or of all, with their manifest.

use axum::{
    body::{Body, Bytes},
    extract::State,
    http::header,
    response::{IntoResponse as _, Response},
};
use domain::Credits;
use futures::{Stream, stream};
use projections::{
    ReadError,
    export::{Range, export as books_of},
    queries::LedgerQuery,
    rows::LedgerRow,
};
use serde::Deserialize;

use super::ledger::Wanted;
use crate::{
    account::export::form,
    error::{ApiError, ApiResult},
    pages::console::Seat,
    request::Query,
    state::AppState,
};

/// How many entries one statement reads.
const ENTRIES_A_STEP: u32 = 100;
/// The most entries of one file; its last line says so.
const ENTRIES_MAX: usize = 1_000_000;
/// The first line. Times are UTC, amounts are credits.
const HEAD: &str = "entry,position,recorded_at_utc,tenant,type,amount,posted_after,held_after,available_after,job,api_key,model,reference,note,request,actor\n";

/// Which books.
#[derive(Deserialize)]
pub struct Books {
    format: Option<String>,
    tenant: Option<String>,
}

/// Gives the entries of a filter as CSV.
pub async fn entries(State(state): State<AppState>, seat: Seat, Query(wanted): Query<Wanted>) -> Response {
    match wanted.read(ENTRIES_A_STEP) {
        Ok((_, query)) => {
            let headers = [
                (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
                (header::CONTENT_DISPOSITION, "attachment; filename=\"ledger.csv\""),
            ];
            (headers, Body::from_stream(lines(state, LedgerQuery { after: None, ..query }))).into_response()
        }
        Err(error) => seat.failed(&error),
    }
}

/// How far an export is.
struct Progress {
    state: AppState,
    query: LedgerQuery,
    written: usize,
    over: bool,
}

fn lines(state: AppState, query: LedgerQuery) -> impl Stream<Item = Result<Bytes, ReadError>> + Send {
    let start = Progress { state, query, written: 0, over: false };
    let head = stream::once(async { Ok(Bytes::from_static(HEAD.as_bytes())) });
    let rest = stream::try_unfold(start, |mut progress| async move {
        if progress.over {
            return Ok(None);
        }
        let page = progress.state.reads.ledger(&progress.query).await?;
        progress.written += page.rows.len();
        let full = progress.written >= ENTRIES_MAX;
        progress.over = !page.has_more || full;
        progress.query.after = page.rows.last().map(|row| row.entry_id);
        let mut text: String = page.rows.iter().map(csv).collect();
        if full && page.has_more {
            text.push_str("# there are more entries than one file holds; narrow the days\n");
        }
        Ok::<_, ReadError>(Some((Bytes::from(text), progress)))
    });
    futures::StreamExt::chain(head, rest)
}

fn csv(row: &LedgerRow) -> String {
    let optional = |text: &Option<String>| text.clone().unwrap_or_default();
    let credits = |micro: i64| Credits::from_micro(micro).to_string();
    let columns = [
        row.entry_id.to_string(),
        row.position.to_string(),
        row.recorded_at.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string(),
        row.tenant_id.clone(),
        row.entry_type.name().to_owned(),
        credits(row.amount),
        credits(row.posted_after),
        credits(row.held_after),
        credits(row.available_after),
        optional(&row.job_id),
        optional(&row.api_key_id),
        optional(&row.model),
        optional(&row.reference),
        optional(&row.note),
        row.request_id.clone(),
        row.actor.clone(),
    ];
    columns.map(|column| quoted(&column)).join(",") + "\n"
}

/// A column that a spreadsheet takes for a text, never for a formula.
fn quoted(text: &str) -> String {
    let number = text.parse::<f64>().is_ok();
    let formula = !number && text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if formula { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

/// Gives the whole books of one tenant, or of all.
pub async fn books(State(state): State<AppState>, seat: Seat, Query(wanted): Query<Books>) -> Response {
    match stream_books(&state, wanted) {
        Ok(response) => response,
        Err(error) => seat.failed(&error),
    }
}

fn stream_books(state: &AppState, wanted: Books) -> ApiResult<Response> {
    let (format, content_type, ending) = form(wanted.format.as_deref().unwrap_or("csv"))?;
    let tenant = wanted.tenant.filter(|tenant| !tenant.is_empty());
    let tenant_id = tenant.map(|id| id.parse().map_err(|_| ApiError::not_found("tenant"))).transpose()?;
    let range = Range { tenant_id, ..Range::default() };
    let headers = [
        (header::CONTENT_TYPE, content_type.to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"books.{ending}\"")),
    ];
    Ok((headers, Body::from_stream(books_of(state.store.pool().clone(), range, format))).into_response())
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_column_is_a_text_or_a_number_and_never_a_formula() {
        for (text, column) in [
            ("plain", "plain"),
            ("-12.5", "-12.5"),
            ("a,b", "\"a,b\""),
            ("say \"so\"", "\"say \"\"so\"\"\""),
            ("=1+1", "'=1+1"),
            ("@cmd", "'@cmd"),
        ] {
            assert_eq!(quoted(text), column);
        }
    }
}
