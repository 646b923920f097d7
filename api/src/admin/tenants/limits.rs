//! `GET` and `PUT /admin/api/tenants/{id}/limits`, and `GET …/limits/keys`: what a tenant and its keys may do, and what
//! of it is used now. The minutes are asked of their windows, budgets and running jobs of the account.

use axum::extract::State;
use chrono::NaiveDate;
use domain::{
    Credits,
    account::{Account, Budget, BudgetPeriod, Limited, Spending},
    id::ApiKeyId,
    tenant::{ApiKey, Tenant, TenantCommand, TenantLimits},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{command, known};
use crate::{
    caller::{AdminCaller, AuditorCaller},
    error::ApiResult,
    metering::Rate,
    page::{List, cursor, page_size},
    request::{Json, Path, Query},
    state::AppState,
};

/// What may be done, and what of it is used now.
#[derive(Debug, Serialize, ToSchema)]
pub struct LimitsView {
    /// `ten_…` or `key_…`
    pub id: String,
    /// Requests a minute.
    pub requests_per_minute: Option<RateView>,
    /// Tokens of text a minute.
    pub tokens_per_minute: Option<RateView>,
    /// Jobs under way at once.
    pub concurrent_jobs: JobsView,
    /// The budgets, of those periods that have one.
    pub budgets: Vec<BudgetView>,
}

/// A limit per minute.
#[derive(Debug, Serialize, ToSchema)]
pub struct RateView {
    /// How many.
    pub limit: u64,
    /// How many were taken in the last minute; unknown when the windows are out of reach.
    pub used: Option<u64>,
}

/// Jobs under way.
#[derive(Debug, Serialize, ToSchema)]
pub struct JobsView {
    /// How many there may be.
    pub limit: Option<u32>,
    /// How many there are.
    pub used: u32,
}

/// A budget. Amounts are decimal texts in credits.
#[derive(Debug, Serialize, ToSchema)]
pub struct BudgetView {
    /// `day`, `month` or `total`.
    #[schema(value_type = String)]
    pub period: BudgetPeriod,
    /// The budget.
    #[schema(value_type = String)]
    pub limit: Credits,
    /// What was spent of it.
    #[schema(value_type = String)]
    pub spent: Credits,
    /// What is held of it for running jobs.
    #[schema(value_type = String)]
    pub held: Credits,
}

/// Which keys.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct KeyQuery {
    /// The last key of the page before.
    after: Option<String>,
    /// How many, at most 100.
    limit: Option<u32>,
}

/// Shows the limits of a tenant.
#[utoipa::path(get, path = "/admin/api/tenants/{id}/limits", tag = "admin", params(("id" = String, Path)),
    security(("token" = [])), responses((status = 200, body = LimitsView), (status = 404, description = "not_found")))]
pub async fn show(
    State(state): State<AppState>,
    _: AuditorCaller,
    Path(id): Path<String>,
) -> ApiResult<axum::Json<LimitsView>> {
    view_of(&state, &id).await.map(axum::Json)
}

/// Sets all limits of a tenant anew: what the body leaves out has none from now on.
#[utoipa::path(put, path = "/admin/api/tenants/{id}/limits", tag = "admin", params(("id" = String, Path)),
    request_body = serde_json::Value, security(("token" = [])),
    responses((status = 200, body = LimitsView), (status = 404, description = "not_found"),
              (status = 422, description = "invalid_parameter")))]
pub async fn set(
    State(state): State<AppState>,
    admin: AdminCaller,
    Path(id): Path<String>,
    Json(limits): Json<TenantLimits>,
) -> ApiResult<axum::Json<LimitsView>> {
    set_one(&state, &admin, &id, limits).await.map(axum::Json)
}

/// Sets all limits of a tenant anew, at an admin's word.
///
/// # Errors
/// `not_found`, `invalid_parameter`.
pub async fn set_one(state: &AppState, admin: &AdminCaller, id: &str, limits: TenantLimits) -> ApiResult<LimitsView> {
    let (tenant_id, _) = known(state, id)?;
    command(state, admin, &tenant_id, TenantCommand::ChangeLimits(limits)).await?;
    view_of(state, id).await
}

/// Shows the limits of a tenant's API keys.
#[utoipa::path(get, path = "/admin/api/tenants/{id}/limits/keys", tag = "admin", params(("id" = String, Path), KeyQuery),
    security(("token" = [])), responses((status = 200, body = List<LimitsView>), (status = 404, description = "not_found")))]
pub async fn keys(
    State(state): State<AppState>,
    _: AuditorCaller,
    Path(id): Path<String>,
    Query(query): Query<KeyQuery>,
) -> ApiResult<axum::Json<List<LimitsView>>> {
    let limit = page_size(query.limit)?;
    let after = cursor::<ApiKeyId>(query.after.as_deref())?;
    let found = keys_of(&state, &id, after.as_ref(), limit as usize + 1).await?;
    let views = found.into_iter().map(|(view, _)| view).collect();
    Ok(axum::Json(List::cut(views, limit, |view: &LimitsView| view.id.clone())))
}

/// The limits of a tenant's API keys after one of them, each with its name.
///
/// # Errors
/// `not_found`.
pub async fn keys_of(
    state: &AppState,
    id: &str,
    after: Option<&ApiKeyId>,
    limit: usize,
) -> ApiResult<Vec<(LimitsView, String)>> {
    let (id, _) = known(state, id)?;
    let tenant: Tenant = state.store.read(id.as_str()).await?;
    let account: Account = state.store.read(id.as_str()).await?;
    let later = tenant.api_keys().filter(|key| after.is_none_or(|after| key.api_key_id > *after));
    let mut views = Vec::new();
    for key in later.take(limit) {
        views.push((of_key(state, &account, key).await, key.name.clone()));
    }
    Ok(views)
}

/// The limits of a tenant, and what of them is used now.
///
/// # Errors
/// `not_found`.
pub async fn view_of(state: &AppState, id: &str) -> ApiResult<LimitsView> {
    let (id, entry) = known(state, id)?;
    let account: Account = state.store.read(id.as_str()).await?;
    let TenantLimits { requests_per_minute, tokens_per_minute, concurrent_jobs, budget } = entry.limits.clone();
    let requests = requests_per_minute.map(|limit| Rate::on_requests(Limited::Tenant, id.as_str(), limit.into()));
    let tokens = tokens_per_minute.map(|limit| Rate::on_tokens(Limited::Tenant, id.as_str(), limit));
    let used = u32::try_from(account.open_holds().count()).unwrap_or(u32::MAX);
    Ok(LimitsView {
        id: id.to_string(),
        requests_per_minute: rate(state, requests).await,
        tokens_per_minute: rate(state, tokens).await,
        concurrent_jobs: JobsView { limit: concurrent_jobs, used },
        budgets: budgets(&budget, account.spending(), state.store.now().date_naive()),
    })
}

async fn of_key(state: &AppState, account: &Account, key: &ApiKey) -> LimitsView {
    let id = &key.api_key_id;
    let requests = key.requests_per_minute.map(|limit| Rate::on_requests(Limited::ApiKey, id.as_str(), limit.into()));
    let tokens = key.tokens_per_minute.map(|limit| Rate::on_tokens(Limited::ApiKey, id.as_str(), limit));
    LimitsView {
        id: id.to_string(),
        requests_per_minute: rate(state, requests).await,
        tokens_per_minute: rate(state, tokens).await,
        concurrent_jobs: JobsView { limit: key.concurrent_jobs, used: account.open_holds_of(id) },
        budgets: budgets(&key.budgets(), account.spending_of(id), state.store.now().date_naive()),
    }
}

async fn rate(state: &AppState, rate: Option<Rate>) -> Option<RateView> {
    let rate = rate?;
    let left = Rate::look(&state.limits, std::slice::from_ref(&rate)).await;
    let used = left.ok().and_then(|uses| uses.first().map(|left| left.limit - left.remaining));
    Some(RateView { limit: rate.limit, used })
}

fn budgets(budget: &Budget, spending: Option<&Spending>, today: NaiveDate) -> Vec<BudgetView> {
    let view = |period| {
        let limit = budget.of(period)?;
        let tally = spending.and_then(|spending| spending.tally(period, today)).unwrap_or_default();
        Some(BudgetView { period, limit, spent: tally.spent, held: tally.held })
    };
    [BudgetPeriod::Day, BudgetPeriod::Month, BudgetPeriod::Total].into_iter().filter_map(view).collect()
}
