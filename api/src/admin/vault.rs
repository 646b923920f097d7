//! `GET /admin/api/vault`: with which encryption key how many provider keys are encrypted; `POST /admin/api/vault/rotate`:
//! all of them under the first one. Ids only: neither a secret nor an encryption key is ever shown.

use axum::extract::State;
use serde::Serialize;
use store::vault::{KeyUse, Vault, VaultError};
use utoipa::ToSchema;

use crate::{
    caller::{AdminCaller, AuditorCaller},
    error::{ApiError, ApiResult},
    state::AppState,
};

/// How many secrets stand under which encryption key.
#[derive(Debug, Serialize, ToSchema)]
pub struct VaultView {
    /// `vault`
    object: &'static str,
    /// The keys that some secret is encrypted with, those with most first.
    keys: Vec<EncryptionKeyRow>,
}

/// One encryption key, by its id in `ENCRYPTION_KEYS`.
#[derive(Debug, Serialize, ToSchema)]
pub struct EncryptionKeyRow {
    /// Its id.
    pub id: String,
    /// How many secrets are encrypted with it.
    pub secrets: u64,
    /// Whether this process has the key.
    pub known: bool,
    /// Whether it is the one that encrypts.
    pub current: bool,
}

/// What a rotation did.
#[derive(Debug, Serialize, ToSchema)]
pub struct Rotated {
    /// `vault.rotation`
    pub object: &'static str,
    /// Secrets that came under the first key.
    pub reencrypted: u64,
    /// Secrets that were under it already.
    pub current: u64,
    /// Secrets that somebody else wrote meanwhile; once more finds them.
    pub overtaken: u64,
    /// Secrets that can't be read and stay as they are.
    pub unreadable: u64,
    /// The first of those, with the reason.
    pub problems: Vec<String>,
    /// How many secrets stand under which key now.
    pub keys: Vec<EncryptionKeyRow>,
}

/// Shows which encryption keys are still needed.
#[utoipa::path(get, path = "/admin/api/vault", tag = "admin", security(("token" = [])),
    responses((status = 200, body = VaultView)))]
pub async fn show(State(state): State<AppState>, _: AuditorCaller) -> ApiResult<axum::Json<VaultView>> {
    Ok(axum::Json(VaultView { object: "vault", keys: keys(vault(&state)).await? }))
}

/// Encrypts every provider key with the first encryption key. It may be repeated at any time.
#[utoipa::path(post, path = "/admin/api/vault/rotate", tag = "admin", security(("token" = [])),
    responses((status = 200, body = Rotated)))]
pub async fn rotate(State(state): State<AppState>, admin: AdminCaller) -> ApiResult<axum::Json<Rotated>> {
    rotate_now(&state, &admin).await.map(axum::Json)
}

/// Which encryption keys are still needed.
///
/// # Errors
/// When the vault is out of reach.
pub async fn encryption_keys(state: &AppState) -> ApiResult<Vec<EncryptionKeyRow>> {
    keys(vault(state)).await
}

/// Encrypts every provider key with the first encryption key, at an admin's word.
///
/// # Errors
/// When the vault is out of reach.
pub async fn rotate_now(state: &AppState, admin: &AdminCaller) -> ApiResult<Rotated> {
    let vault = vault(state);
    let done = vault.rotate().await.map_err(unavailable)?;
    tracing::info!(actor = %admin.context().actor, reencrypted = done.reencrypted, unreadable = done.unreadable, "the vault was rotated");
    Ok(Rotated {
        object: "vault.rotation",
        reencrypted: done.reencrypted,
        current: done.current,
        overtaken: done.overtaken,
        unreadable: done.unreadable,
        problems: done.problems,
        keys: keys(vault).await?,
    })
}

fn vault(state: &AppState) -> &Vault {
    &state.dispatcher.parts().vault
}

async fn keys(vault: &Vault) -> ApiResult<Vec<EncryptionKeyRow>> {
    let row =
        |one: KeyUse| EncryptionKeyRow { id: one.key_id, secrets: one.secrets, known: one.known, current: one.current };
    Ok(vault.key_use().await.map_err(unavailable)?.into_iter().map(row).collect())
}

fn unavailable(error: VaultError) -> ApiError {
    ApiError::unavailable("the vault", &error)
}
