//! Another key in the place of one: it may do the same, and the one until now goes on for [`OVERLAP`], so that whoever uses it
//! can be given the new one meanwhile.

use chrono::TimeDelta;
use domain::{
    id::ApiKeyId,
    tenant::{ApiKeyChange, TenantCommand},
    unit::Unit,
};
use store::{Side, Work};

use super::{
    change::key_of,
    create::{IssuedKey, NewKey, issue},
};
use crate::{
    caller::Caller,
    error::{ApiError, ApiResult},
    freshness::PATIENCE,
    state::AppState,
};

/// For how long both keys are good.
pub const OVERLAP: TimeDelta = TimeDelta::hours(24);

/// Issues a key with the name and the limits of another, and has that one expire soon.
///
/// # Errors
/// `forbidden`, `not_found`, `limit_reached`; `invalid_parameter` for a key that has expired.
pub async fn replace(state: &AppState, caller: &Caller, id: &str) -> ApiResult<IssuedKey> {
    caller.needs_owner()?;
    let missing = || ApiError::not_found("API key");
    let api_key_id: ApiKeyId = id.parse().map_err(|_| missing())?;
    let known = key_of(state, caller, &api_key_id).await?.ok_or_else(missing)?;
    let issued = issue(
        state,
        caller,
        NewKey {
            name: known.name,
            scopes: known.scopes,
            models: known.models,
            budget: known.budget,
            budget_per_day: known.budget_per_day,
            budget_per_month: known.budget_per_month,
            requests_per_minute: known.requests_per_minute,
            tokens_per_minute: known.tokens_per_minute,
            concurrent_jobs: known.concurrent_jobs,
            expires_at: known.expires_at,
        },
    )
    .await?;
    let until = state.store.now() + OVERLAP;
    let expires_at = known.expires_at.map_or(until, |at| at.min(until));
    let change = Box::new(ApiKeyChange { expires_at: Some(Some(expires_at)), ..ApiKeyChange::default() });
    let unit = Unit::of(&caller.tenant_id, TenantCommand::ChangeApiKey { api_key_id, change });
    let committed = state.store.execute(Work { unit, context: caller.context(), side: Side::default() }).await?;
    state.follower.reached(committed.position, PATIENCE).await;
    Ok(issued)
}
