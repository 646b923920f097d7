//! `PATCH /admin/api/provider-keys/{id}` and `DELETE` of it: what an admin says stands above what any rule says.

use axum::extract::State;
use domain::{id::ProviderKeyId, provider_key::ProviderKeyCommand, unit::Unit};
use serde::Deserialize;
use store::{Side, Work};
use utoipa::ToSchema;

use super::{ProviderKeyView, check_text, check_weight, known, view::Limits};
use crate::{
    caller::AdminCaller,
    error::{ApiError, ApiResult},
    freshness::PATIENCE,
    request::{Json, Path},
    state::AppState,
};

/// What is to change. What is absent stays as it is.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyChange {
    /// Its share among the eligible keys.
    pub weight: Option<u32>,
    /// All that it may be asked to bear.
    pub limits: Option<Limits>,
    /// What admins call the account that pays for it; an empty text forgets it.
    pub account: Option<String>,
    /// Whether it is used. A key that an admin disables no rule enables again.
    pub enabled: Option<bool>,
    /// Why it is disabled.
    pub reason: Option<String>,
    /// The provider's model that `enabled` is about; all, unless set.
    pub model: Option<String>,
}

impl KeyChange {
    fn commands(self) -> ApiResult<Vec<ProviderKeyCommand>> {
        let mut commands = Vec::new();
        if let Some(weight) = self.weight {
            commands.push(ProviderKeyCommand::ChangeWeight { weight: check_weight(weight)? });
        }
        if let Some(limits) = self.limits {
            commands.push(ProviderKeyCommand::ChangeLimits { limits: limits.checked()? });
        }
        if let Some(account) = self.account {
            let account = if account.is_empty() { None } else { Some(account) };
            account.as_deref().map_or(Ok(()), |account| check_text("account", account))?;
            commands.push(ProviderKeyCommand::ChangeAccount { account });
        }
        if let Some(model) = &self.model {
            check_text("model", model)?;
        }
        match (self.enabled, self.model) {
            (None, Some(_)) => return Err(ApiError::parameter("model", "model goes with enabled")),
            (None, None) => {}
            (Some(true), None) => commands.push(ProviderKeyCommand::EnableKey),
            (Some(true), Some(model)) => commands.push(ProviderKeyCommand::EnableModel { model }),
            (Some(false), model) => {
                let reason = self.reason.ok_or_else(|| ApiError::parameter("reason", "say why it is disabled"))?;
                check_text("reason", &reason)?;
                let (automatic, probe_at) = (false, None);
                commands.push(match model {
                    None => ProviderKeyCommand::DisableKey { reason, automatic, probe_at },
                    Some(model) => ProviderKeyCommand::DisableModel { model, reason, automatic, probe_at },
                });
            }
        }
        Ok(commands)
    }
}

/// Changes a provider key.
#[utoipa::path(patch, path = "/admin/api/provider-keys/{id}", tag = "admin", params(("id" = String, Path)),
    request_body = KeyChange, security(("token" = [])),
    responses((status = 200, body = ProviderKeyView), (status = 404), (status = 409, description = "conflict: it was revoked")))]
pub async fn change(
    State(state): State<AppState>,
    admin: AdminCaller,
    Path(id): Path<String>,
    Json(change): Json<KeyChange>,
) -> ApiResult<axum::Json<ProviderKeyView>> {
    Ok(axum::Json(apply(&state, &admin, &id, change).await?))
}

/// Changes a provider key at an admin's word.
///
/// # Errors
/// `not_found`, `invalid_parameter`, `conflict` when it was revoked.
pub async fn apply(state: &AppState, admin: &AdminCaller, id: &str, change: KeyChange) -> ApiResult<ProviderKeyView> {
    let (id, _) = known(state, id).await?;
    execute(state, admin, id, change.commands()?).await
}

/// Revokes a provider key: it makes no attempt any more. Tasks that it began are still followed with it.
#[utoipa::path(delete, path = "/admin/api/provider-keys/{id}", tag = "admin", params(("id" = String, Path)),
    security(("token" = [])), responses((status = 200, body = ProviderKeyView), (status = 404)))]
pub async fn revoke(
    State(state): State<AppState>,
    admin: AdminCaller,
    Path(id): Path<String>,
) -> ApiResult<axum::Json<ProviderKeyView>> {
    Ok(axum::Json(end(&state, &admin, &id).await?))
}

/// Revokes a provider key at an admin's word.
///
/// # Errors
/// `not_found`.
pub async fn end(state: &AppState, admin: &AdminCaller, id: &str) -> ApiResult<ProviderKeyView> {
    let (id, _) = known(state, id).await?;
    execute(state, admin, id, vec![ProviderKeyCommand::RevokeKey]).await
}

async fn execute(
    state: &AppState,
    admin: &AdminCaller,
    id: ProviderKeyId,
    commands: Vec<ProviderKeyCommand>,
) -> ApiResult<ProviderKeyView> {
    // Each by itself: one that is done already must not stand in for the others.
    for command in commands {
        let work = Work { unit: Unit::of(&id, command), context: admin.context(), side: Side::default() };
        let committed = state.store.execute(work).await?;
        state.follower.reached(committed.position, PATIENCE).await;
    }
    let (id, key) = known(state, id.as_str()).await?;
    ProviderKeyView::of(state, &id, &key).await
}
