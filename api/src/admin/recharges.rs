//! `POST /admin/api/recharges`: credits for a tenant, once for each source and reference, however often it is sent.

use axum::{
    extract::State,
    http::{HeaderName, HeaderValue, StatusCode},
    response::{IntoResponse, Response},
};
use domain::{
    Credits,
    account::Account,
    id::TenantId,
    once::OnceError,
    stream::Refusal,
    unit::{OnceKey, Unit},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use store::{ExecuteError, Side, Work};
use utoipa::ToSchema;

use crate::{
    caller::AdminCaller,
    error::{ApiError, ApiResult},
    request::Json,
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
    let body = Recharged { object: "recharge", tenant_id, amount, source, reference, available: account.available() };
    Ok(answer(body, replayed))
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
