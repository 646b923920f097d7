//! `GET /v1/account`: what is available and what is held, as of the last event of the account.

use axum::extract::State;
use domain::{Credits, account::Account};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{caller::Caller, error::ApiResult, state::AppState};

/// The tenant's account. Amounts are decimal texts in credits.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccountView {
    /// `account`
    pub object: &'static str,
    /// `ten_…`
    pub tenant_id: String,
    /// What can be spent now.
    #[schema(value_type = String)]
    pub available: Credits,
    /// What is set aside for running jobs.
    #[schema(value_type = String)]
    pub held: Credits,
    /// Both together.
    #[schema(value_type = String)]
    pub posted: Credits,
    /// How far below zero a hold may reach.
    #[schema(value_type = String)]
    pub credit_limit: Credits,
    /// Why no new work is taken, if so.
    pub frozen: Option<String>,
    /// What a credit is worth, for display only.
    pub credit_value: String,
}

/// Shows the account.
#[utoipa::path(get, path = "/v1/account", tag = "account", security(("token" = []), ("api_key" = [])),
    responses((status = 200, body = AccountView)))]
pub async fn show(State(state): State<AppState>, caller: Caller) -> ApiResult<axum::Json<AccountView>> {
    Ok(axum::Json(view(&state, &caller).await?))
}

/// The account of a caller's tenant.
///
/// # Errors
/// The store's.
pub async fn view(state: &AppState, caller: &Caller) -> ApiResult<AccountView> {
    let account: Account = state.store.read(caller.tenant_id.as_str()).await?;
    Ok(AccountView {
        object: "account",
        tenant_id: caller.tenant_id.to_string(),
        available: account.available(),
        held: account.held(),
        posted: account.posted(),
        credit_limit: account.credit_limit(),
        frozen: account.frozen().map(str::to_owned),
        credit_value: state.settings.credit_value.clone(),
    })
}
