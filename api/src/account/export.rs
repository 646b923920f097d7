//! `GET /v1/ledger/export`: the tenant's books as a stream, for a spreadsheet, an auditor, or plain-text accounting.

use axum::{
    body::Body,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use projections::export::{Format, Range, export};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    caller::Caller,
    error::{ApiError, ApiResult},
    request::Query,
    state::AppState,
};

/// Which books.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ExportQuery {
    /// `jsonl`, `csv`, `hledger` or `beancount`.
    format: Option<String>,
    /// After this position of the log; what was before is one opening entry.
    after: Option<i64>,
    /// Up to this position.
    through: Option<i64>,
}

/// Exports the books. The last line says what was exported, with a hash of it.
#[utoipa::path(get, path = "/v1/ledger/export", tag = "account", params(ExportQuery),
    security(("token" = []), ("api_key" = [])), responses((status = 200, content_type = "text/plain")))]
pub async fn stream(
    State(state): State<AppState>,
    caller: Caller,
    Query(query): Query<ExportQuery>,
) -> ApiResult<Response> {
    let (format, content_type, ending) = form(query.format.as_deref().unwrap_or("jsonl"))?;
    let range = Range {
        tenant_id: Some(caller.tenant_id.clone()),
        after: query.after.unwrap_or(0).max(0),
        through: query.through,
    };
    let disposition = format!("attachment; filename=\"ledger-{}.{ending}\"", caller.tenant_id);
    let books = export(state.store.pool().clone(), range, format);
    let headers = [(header::CONTENT_TYPE, content_type.to_owned()), (header::CONTENT_DISPOSITION, disposition)];
    Ok((headers, Body::from_stream(books)).into_response())
}

/// The form of a name, its content type and its ending.
///
/// # Errors
/// `invalid_parameter`.
pub fn form(name: &str) -> ApiResult<(Format, &'static str, &'static str)> {
    match name {
        "jsonl" => Ok((Format::Jsonl, "application/jsonl", "jsonl")),
        "csv" => Ok((Format::Csv, "text/csv; charset=utf-8", "csv")),
        "hledger" => Ok((Format::Hledger, "text/plain; charset=utf-8", "journal")),
        "beancount" => Ok((Format::Beancount, "text/plain; charset=utf-8", "beancount")),
        _ => Err(ApiError::parameter("format", "format is one of jsonl, csv, hledger, beancount")),
    }
}
