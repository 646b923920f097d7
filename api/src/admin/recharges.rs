//! `POST /admin/api/recharges`: credits for a tenant, once for each source and reference, however often it is sent; and
//! `GET /admin/api/recharges`: those that were made, the newest first.

use axum::{
    extract::State,
    http::{HeaderName, HeaderValue, StatusCode},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use domain::{
    Credits,
    account::Account,
    id::TenantId,
    once::OnceError,
    stream::Refusal,
    unit::{OnceKey, Unit},
};
use projections::{
    queries::LedgerQuery,
    rows::{LedgerRow, LedgerType},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use store::{ExecuteError, Side, Work};
use utoipa::{IntoParams, ToSchema};

use crate::{
    caller::{AdminCaller, AuditorCaller},
    error::{ApiError, ApiResult},
    page::{List, cursor, page_size},
    request::{Json, Query},
    state::AppState,
};

/// On an answer to what had been done before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
/// The longest source and reference.
const TEXT_MAX_CHARS: usize = 200;

/// Credits that were paid or granted.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Recharge {
    /// `ten_…`
    pub tenant_id: String,
    /// Credits, as a decimal text.
    #[schema(value_type = String)]
    pub amount: Credits,
    /// Where the money came from, such as `card`, `voucher` or `promo`.
    pub source: String,
    /// The payment, voucher or request that paid it.
    pub reference: String,
}

/// What became of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Recharged {
    /// `recharge`
    object: &'static str,
    /// `ten_…`
    tenant_id: String,
    /// Credits that were added.
    #[schema(value_type = String)]
    amount: Credits,
    /// As it was given.
    source: String,
    /// As it was given.
    reference: String,
    /// What the tenant can spend now.
    #[schema(value_type = String)]
    available: Credits,
}

/// Recharges a tenant.
#[utoipa::path(post, path = "/admin/api/recharges", tag = "admin", request_body = Recharge, security(("token" = [])),
    responses((status = 201, body = Recharged), (status = 200, body = Recharged, description = "it had been done before"),
              (status = 422, description = "idempotency_key_reused: the reference was used for another recharge")))]
pub async fn create(
    State(state): State<AppState>,
    admin: AdminCaller,
    Json(recharge): Json<Recharge>,
) -> ApiResult<Response> {
    let (body, replayed) = credit(&state, &admin, recharge).await?;
    Ok(answer(body, replayed))
}

/// Adds credits, once for each source and reference. Tells whether that had been done before.
///
/// # Errors
/// `invalid_parameter`; `not_found`; `idempotency_key_reused`.
pub async fn credit(state: &AppState, admin: &AdminCaller, recharge: Recharge) -> ApiResult<(Recharged, bool)> {
    let tenant_id = check(&recharge)?;
    let account: Account = state.store.read(tenant_id.as_str()).await?;
    if !account.is_open() {
        return Err(ApiError::not_found("tenant"));
    }
    let Recharge { amount, source, reference, .. } = recharge;
    let unit = Unit::recharge(
        once_key(&tenant_id, amount, &source, &reference),
        &tenant_id,
        amount,
        source.clone(),
        reference.clone(),
    );
    let work = Work { unit, context: admin.context(), side: Side::default() };
    let replayed = match state.store.execute(work).await {
        Ok(committed) => {
            state.written.note(&tenant_id, committed.position);
            committed.was_done_already()
        }
        Err(ExecuteError::Refused(refusal)) if is_replay(&refusal) => true,
        Err(error) => return Err(error.into()),
    };
    let account: Account = state.store.read(tenant_id.as_str()).await?;
    let tenant_id = tenant_id.to_string();
    let available = account.available();
    Ok((Recharged { object: "recharge", tenant_id, amount, source, reference, available }, replayed))
}

/// Which recharges.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct RechargeQuery {
    /// Only of this tenant.
    tenant_id: Option<String>,
    /// Only those recorded at or after this time (RFC 3339).
    from: Option<DateTime<Utc>>,
    /// Only those recorded before this time.
    to: Option<DateTime<Utc>>,
    /// The `next_cursor` of the page before.
    after: Option<String>,
    /// How many, at most 100.
    limit: Option<u32>,
}

/// A recharge that was made.
#[derive(Debug, Serialize, ToSchema)]
pub struct RechargeRow {
    /// Its place in the ledger, also the cursor.
    id: String,
    /// `ten_…`
    tenant_id: String,
    /// Credits that were added.
    #[schema(value_type = String)]
    amount: Credits,
    /// Where the money came from.
    source: Option<String>,
    /// The payment, voucher or request that paid it.
    reference: Option<String>,
    /// What the tenant could spend after it.
    #[schema(value_type = String)]
    available_after: Credits,
    /// Who made it.
    actor: String,
    /// When the log took it.
    recorded_at: DateTime<Utc>,
}

impl From<LedgerRow> for RechargeRow {
    fn from(row: LedgerRow) -> Self {
        Self {
            id: row.entry_id.to_string(),
            tenant_id: row.tenant_id,
            amount: Credits::from_micro(row.amount),
            source: row.note,
            reference: row.reference,
            available_after: Credits::from_micro(row.available_after),
            actor: row.actor,
            recorded_at: row.recorded_at,
        }
    }
}

/// Lists recharges, as far as the read models are.
#[utoipa::path(get, path = "/admin/api/recharges", tag = "admin", params(RechargeQuery), security(("token" = [])),
    responses((status = 200, body = List<RechargeRow>)))]
pub async fn list(
    State(state): State<AppState>,
    _: AuditorCaller,
    Query(query): Query<RechargeQuery>,
) -> ApiResult<axum::Json<List<RechargeRow>>> {
    let query = LedgerQuery {
        tenant_id: query.tenant_id,
        entry_type: Some(LedgerType::Recharge),
        job_id: None,
        from: query.from,
        to: query.to,
        after: cursor::<i64>(query.after.as_deref())?,
        newest_first: true,
        limit: page_size(query.limit)?,
    };
    let page = state.reads.ledger(&query).await?;
    let rows = page.rows.into_iter().map(RechargeRow::from).collect();
    Ok(axum::Json(List::page(rows, page.has_more, |row: &RechargeRow| row.id.clone())))
}

fn answer(body: Recharged, replayed: bool) -> Response {
    if replayed {
        ([(REPLAYED, HeaderValue::from_static("true"))], axum::Json(body)).into_response()
    } else {
        (StatusCode::CREATED, axum::Json(body)).into_response()
    }
}

fn check(recharge: &Recharge) -> ApiResult<TenantId> {
    for (param, text) in [("source", &recharge.source), ("reference", &recharge.reference)] {
        if text.trim().is_empty() || text.chars().count() > TEXT_MAX_CHARS {
            return Err(ApiError::parameter(param, format!("{param} has 1 to {TEXT_MAX_CHARS} characters")));
        }
    }
    recharge.tenant_id.parse().map_err(|_| ApiError::not_found("tenant"))
}

fn once_key(tenant_id: &TenantId, amount: Credits, source: &str, reference: &str) -> OnceKey {
    OnceKey {
        id: format!("recharge:{}", digest(&[source, reference])),
        fingerprint: digest(&[tenant_id.as_str(), &amount.to_string()]),
    }
}

fn digest(parts: &[&str]) -> String {
    let joined = serde_json::to_vec(parts).expect("texts are JSON");
    hex::encode(Sha256::digest(joined))
}

fn is_replay(refusal: &Refusal) -> bool {
    matches!(refusal, Refusal::Once(OnceError::Replayed { .. }))
}
