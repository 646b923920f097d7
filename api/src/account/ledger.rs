//! `GET /v1/ledger`: the tenant's statement, line by line. It waits a moment for what this tenant wrote, then states the lag.

use axum::{
    extract::State,
    http::{HeaderName, HeaderValue},
    response::IntoResponse,
};
use chrono::{DateTime, Utc};
use domain::Credits;
use projections::{
    queries::LedgerQuery,
    rows::{LedgerRow, LedgerType},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    caller::Caller,
    error::{ApiError, ApiResult},
    freshness::PATIENCE,
    page::{List, cursor, page_size},
    request::Query,
    state::AppState,
};

/// How many events the list is behind what this tenant wrote.
pub const LAG: HeaderName = HeaderName::from_static("x-zephyr-lag");

/// Which lines.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct LedgerFilter {
    /// The `next_cursor` of the page before.
    after: Option<String>,
    /// How many, at most 100.
    limit: Option<u32>,
    /// `recharge`, `hold`, `consume`, `release`, `refund` or `adjustment`.
    #[serde(rename = "type")]
    entry_type: Option<String>,
    /// Only those of this job.
    job: Option<String>,
    /// Only those recorded at or after this time (RFC 3339).
    from: Option<DateTime<Utc>>,
    /// Only those recorded before this time.
    to: Option<DateTime<Utc>>,
    /// `asc` (the default) or `desc`.
    order: Option<String>,
}

/// A line of the statement. Amounts are decimal texts in credits.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LedgerView {
    /// Its place, also the cursor.
    id: String,
    /// `ledger_entry`
    object: &'static str,
    /// Its kind.
    #[serde(rename = "type")]
    entry_type: &'static str,
    /// What moved: negative when set aside or spent.
    #[schema(value_type = String)]
    amount: Credits,
    /// What could be spent after it.
    #[schema(value_type = String)]
    available_after: Credits,
    /// What was held after it.
    #[schema(value_type = String)]
    held_after: Credits,
    /// All credits after it, those held included.
    #[schema(value_type = String)]
    posted_after: Credits,
    /// The job, if it is about one.
    job_id: Option<String>,
    /// The API key that asked.
    api_key_id: Option<String>,
    /// The model.
    model: Option<String>,
    /// The payment, voucher or correction.
    reference: Option<String>,
    /// Why, or where from.
    note: Option<String>,
    /// The request that led to it.
    request_id: String,
    /// When the log took it.
    recorded_at: DateTime<Utc>,
}

impl From<LedgerRow> for LedgerView {
    fn from(row: LedgerRow) -> Self {
        Self {
            id: row.entry_id.to_string(),
            object: "ledger_entry",
            entry_type: row.entry_type.name(),
            amount: Credits::from_micro(row.amount),
            available_after: Credits::from_micro(row.available_after),
            held_after: Credits::from_micro(row.held_after),
            posted_after: Credits::from_micro(row.posted_after),
            job_id: row.job_id,
            api_key_id: row.api_key_id,
            model: row.model,
            reference: row.reference,
            note: row.note,
            request_id: row.request_id,
            recorded_at: row.recorded_at,
        }
    }
}

/// Lists lines of the statement.
#[utoipa::path(get, path = "/v1/ledger", tag = "account", params(LedgerFilter),
    security(("token" = []), ("api_key" = [])), responses((status = 200, body = List<LedgerView>)))]
pub async fn list(
    State(state): State<AppState>,
    caller: Caller,
    Query(filter): Query<LedgerFilter>,
) -> ApiResult<impl IntoResponse> {
    let limit = page_size(filter.limit)?;
    let query = LedgerQuery {
        tenant_id: Some(caller.tenant_id.to_string()),
        entry_type: filter.entry_type.as_deref().map(kind).transpose()?,
        job_id: filter.job,
        from: filter.from,
        to: filter.to,
        after: cursor::<i64>(filter.after.as_deref())?,
        newest_first: newest_first(filter.order.as_deref())?,
        limit,
    };
    let lag = lag_of(&state, &caller).await?;
    let page = state.reads.ledger(&query).await?;
    let data: Vec<LedgerView> = page.rows.into_iter().map(LedgerView::from).collect();
    let list = List::page(data, page.has_more, |line| line.id.clone());
    Ok(([(LAG, HeaderValue::from(lag))], axum::Json(list)))
}

/// How many events the read models are behind what this tenant wrote, after a moment's wait.
///
/// # Errors
/// The database's.
pub async fn lag_of(state: &AppState, caller: &Caller) -> ApiResult<i64> {
    let written = state.written.of(&caller.tenant_id);
    if written == 0 || state.reads.wait_for(written, PATIENCE).await? {
        return Ok(0);
    }
    Ok((written - state.reads.position().await?).max(0))
}

/// The kind of line of a name.
///
/// # Errors
/// `invalid_parameter`.
pub fn kind(text: &str) -> ApiResult<LedgerType> {
    let known = LedgerType::ALL.into_iter().find(|kind| kind.name() == text);
    let names = || LedgerType::ALL.map(LedgerType::name).join(", ");
    known.ok_or_else(|| ApiError::parameter("type", format!("type is one of {}", names())))
}

fn newest_first(order: Option<&str>) -> ApiResult<bool> {
    match order {
        None | Some("asc") => Ok(false),
        Some("desc") => Ok(true),
        Some(_) => Err(ApiError::parameter("order", "order is asc or desc")),
    }
}
