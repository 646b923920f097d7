//! `GET /admin/api/tenants/{id}`: its people, its account, its limits.

use axum::extract::State;
use domain::{
    Credits,
    account::Account,
    tenant::{Tenant, TenantLimits},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{TenantRow, known};
use crate::{auth::role_name, caller::AuditorCaller, error::ApiResult, request::Path, state::AppState};

/// A tenant.
#[derive(Debug, Serialize, ToSchema)]
pub struct TenantDetail {
    /// As in the list.
    #[serde(flatten)]
    row: TenantRow,
    /// Its people.
    people: Vec<Member>,
    /// Its credits.
    account: AccountDetail,
    /// How much it may do.
    #[schema(value_type = Object)]
    limits: TenantLimits,
}

/// A person of a tenant.
#[derive(Debug, Serialize, ToSchema)]
pub struct Member {
    /// `usr_…`
    user_id: String,
    /// `owner` or `member`.
    role: &'static str,
}

/// A tenant's account. Amounts are decimal texts in credits.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccountDetail {
    /// What can be spent now.
    #[schema(value_type = String)]
    available: Credits,
    /// What is set aside for running jobs.
    #[schema(value_type = String)]
    held: Credits,
    /// All credits, those held included.
    #[schema(value_type = String)]
    posted: Credits,
    /// How far below zero holds may reach.
    #[schema(value_type = String)]
    credit_limit: Credits,
    /// Why no new hold is taken, if so.
    frozen: Option<String>,
    /// How many jobs are under way.
    running_jobs: usize,
}

/// Shows a tenant.
#[utoipa::path(get, path = "/admin/api/tenants/{id}", tag = "admin", params(("id" = String, Path)),
    security(("token" = [])), responses((status = 200, body = TenantDetail), (status = 404, description = "not_found")))]
pub async fn show(
    State(state): State<AppState>,
    _: AuditorCaller,
    Path(id): Path<String>,
) -> ApiResult<axum::Json<TenantDetail>> {
    let (id, entry) = known(&state, &id)?;
    let tenant: Tenant = state.store.read(id.as_str()).await?;
    let account: Account = state.store.read(id.as_str()).await?;
    let people =
        entry.members.iter().map(|(user, role)| Member { user_id: user.to_string(), role: role_name(*role) }).collect();
    let account = AccountDetail {
        available: account.available(),
        held: account.held(),
        posted: account.posted(),
        credit_limit: account.credit_limit(),
        frozen: account.frozen().map(str::to_owned),
        running_jobs: account.open_holds().count(),
    };
    let row = TenantRow::of(&id, &entry);
    Ok(axum::Json(TenantDetail { row, people, account, limits: tenant.limits().clone() }))
}
