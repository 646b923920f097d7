//! `POST /admin/api/provider-keys`: a key into the vault and into the pool. Its secret goes in once and never comes out.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use domain::{
    id::ProviderKeyId,
    provider_key::{KeyRegistration, ProviderKeyCommand},
    unit::Unit,
};
use secrecy::SecretString;
use serde::Deserialize;
use store::{Side, Work};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{ProviderKeyView, check_text, check_weight, view::Limits};
use crate::{
    caller::AdminCaller,
    error::{ApiError, ApiResult},
    freshness::PATIENCE,
    request::Json,
    state::AppState,
};

/// The longest secret.
const SECRET_MAX_CHARS: usize = 4_096;

/// A key to be registered.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewProviderKey {
    /// The provider's name.
    pub provider: String,
    /// What admins call the key.
    pub label: String,
    /// The key itself.
    pub secret: String,
    /// Its share among the eligible keys; 1 unless set.
    pub weight: Option<u32>,
    /// What it may be asked to bear; anything, unless set.
    #[serde(default)]
    pub limits: Limits,
    /// What admins call the account that pays for it.
    pub account: Option<String>,
}

/// Registers a provider key. The same secret again, for the same provider, changes nothing.
#[utoipa::path(post, path = "/admin/api/provider-keys", tag = "admin", request_body = NewProviderKey,
    security(("token" = [])), responses((status = 201, body = ProviderKeyView),
        (status = 200, body = ProviderKeyView, description = "the provider has this key already")))]
pub async fn create(
    State(state): State<AppState>,
    admin: AdminCaller,
    Json(new): Json<NewProviderKey>,
) -> ApiResult<Response> {
    let (view, is_new) = add(&state, &admin, new).await?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, axum::Json(view)).into_response())
}

/// Registers a provider key at an admin's word; says whether it is new.
///
/// # Errors
/// `invalid_parameter`.
pub async fn add(state: &AppState, admin: &AdminCaller, new: NewProviderKey) -> ApiResult<(ProviderKeyView, bool)> {
    check_text("label", &new.label)?;
    if let Some(account) = &new.account {
        check_text("account", account)?;
    }
    let (weight, limits) = (check_weight(new.weight.unwrap_or(1))?, new.limits.checked()?);
    if !(1..=SECRET_MAX_CHARS).contains(&new.secret.len()) || !new.secret.bytes().all(|byte| byte.is_ascii_graphic()) {
        let message = format!("secret has 1 to {SECRET_MAX_CHARS} visible ASCII characters");
        return Err(ApiError::parameter("secret", message));
    }
    let secret = SecretString::from(new.secret);
    let catalog = state.live.catalog();
    let unknown = || ApiError::parameter("provider", "there is no such provider");
    let provider_id = catalog.provider(&new.provider).ok_or_else(unknown)?.provider_id.clone();
    let fingerprint = store::vault::fingerprint(&secret);
    let known = catalog.provider_keys(&provider_id).find(|entry| {
        !entry.key.is_revoked() && entry.registration().is_some_and(|known| known.fingerprint == fingerprint)
    });
    if let Some(entry) = known {
        return Ok((ProviderKeyView::of(state, &entry.provider_key_id, &entry.key).await?, false));
    }
    let id = ProviderKeyId::from_uuid(Uuid::now_v7());
    let vault = &state.parts.dispatcher.parts().vault;
    let put = vault.put_provider_secret(&id, &secret, state.store.now()).await;
    put.map_err(|error| ApiError::unavailable("the vault", &error))?;
    let (label, account) = (new.label, new.account);
    let registration = KeyRegistration { provider_id, label, weight, limits, fingerprint, account };
    let unit = Unit::of(&id, ProviderKeyCommand::RegisterKey(registration));
    let committed = state.store.execute(Work { unit, context: admin.context(), side: Side::default() }).await?;
    state.follower.reached(committed.position, PATIENCE).await;
    let key = state.store.read(id.as_str()).await?;
    Ok((ProviderKeyView::of(state, &id, &key).await?, true))
}
