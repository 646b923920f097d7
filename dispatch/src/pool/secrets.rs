//! Decrypted keys, kept in memory while they are used. Never shown, never logged.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use domain::id::ProviderKeyId;
use secrecy::SecretString;
use store::vault::Vault;

use super::NoKey;

/// How many decrypted keys are kept in memory.
const SECRETS_AT_MOST: usize = 10_000;

/// The vault, and what was read of it.
pub(super) struct Secrets {
    vault: Vault,
    known: Mutex<HashMap<ProviderKeyId, (String, SecretString)>>,
}

impl Secrets {
    pub(super) fn new(vault: Vault) -> Self {
        Self { vault, known: Mutex::default() }
    }

    /// The secret of a key whose fingerprint is this one. None when the vault has none.
    pub(super) async fn of(&self, key_id: &ProviderKeyId, fingerprint: &str) -> Result<Option<SecretString>, NoKey> {
        if let Some((known, secret)) = self.known().get(key_id)
            && known == fingerprint
        {
            return Ok(Some(secret.clone()));
        }
        let found = self.vault.provider_secret(key_id).await.map_err(|error| NoKey::Unavailable(error.to_string()))?;
        if let Some(secret) = &found {
            self.keep(key_id, fingerprint, secret.clone());
        }
        Ok(found)
    }

    /// Keeps a secret in memory.
    pub(super) fn keep(&self, key_id: &ProviderKeyId, fingerprint: &str, secret: SecretString) {
        let mut known = self.known();
        if known.len() >= SECRETS_AT_MOST {
            known.clear();
        }
        known.insert(key_id.clone(), (fingerprint.to_owned(), secret));
    }

    fn known(&self) -> MutexGuard<'_, HashMap<ProviderKeyId, (String, SecretString)>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
