//! The catalog and the provider keys: whether everything published can be called, and every key be used.

use projections::live::Live;
use secrecy::ExposeSecret as _;
use sqlx::PgPool;
use store::vault::{KeyUse, Keyring, Vault};

use super::Finding;
use crate::{config::Config, seed};

/// The catalog that this build delivers.
pub fn delivered() -> Finding {
    let entries = seed::catalog().map_err(|error| format!("{error:#}"))?;
    let capabilities = entries.iter().flat_map(|entry| entry.capabilities.iter().map(move |one| (&entry.name, one)));
    let unfit = capabilities.filter_map(|(name, capability)| {
        let issues = capability.lint();
        (!issues.is_empty()).then(|| format!("{name} {}: {}", capability.kind, issues[0]))
    });
    match unfit.collect::<Vec<_>>()[..] {
        [] => Ok(format!("{} models, all fit to be published", entries.len())),
        ref unfit => Err(unfit.join("; ")),
    }
}

/// What is published in this installation.
pub fn published(live: &Live) -> Finding {
    let catalog = live.catalog();
    let (mut models, mut unfit) = (0, Vec::new());
    for entry in catalog.models().filter(|entry| entry.model.is_enabled()) {
        models += 1;
        let name = entry.model.identity().map_or("", |identity| identity.name.as_str());
        for (kind, published) in entry.model.capabilities().iter().filter(|(_, published)| !published.retired) {
            let lonely = published.routes.iter().all(|route| catalog.provider(&route.provider).is_none());
            if let Err(reason) = catalog.callable(name, *kind) {
                unfit.push(format!("{name} {kind}: {reason}"));
            } else if lonely {
                unfit.push(format!("{name} {kind}: none of its providers is registered"));
            }
        }
    }
    match unfit[..] {
        [] if models == 0 => Err("no model is published; run `zephyr admin seed`".to_owned()),
        [] => Ok(format!("{models} models, all can be called")),
        ref unfit => Err(format!("{}; publish them again", unfit.join("; "))),
    }
}

/// Under which encryption key how many secrets stand, and whether a key can go.
pub async fn vault(config: &Config, pool: &PgPool) -> Finding {
    let uses = opened(config, pool)?.key_use().await.map_err(|error| error.to_string())?;
    let told = |uses: &[KeyUse]| {
        let each = uses.iter().map(|one| format!("{} under {:?}", one.secrets, one.key_id));
        each.collect::<Vec<_>>().join(", ")
    };
    let lost: Vec<KeyUse> = uses.iter().filter(|one| !one.known).cloned().collect();
    match (&lost[..], uses.iter().any(|one| !one.current)) {
        ([], false) => Ok(format!("secrets: {}; no older key is needed", told(&uses))),
        ([], true) => Ok(format!("secrets: {}; run `zephyr admin rotate-keys` before an older key goes", told(&uses))),
        (lost, _) => Err(format!("secrets that can't be read: {}; add their keys to ENCRYPTION_KEYS", told(lost))),
    }
}

fn opened(config: &Config, pool: &PgPool) -> Result<Vault, String> {
    let encryption_keys = config.parts.vault().map_err(|error| error.to_string())?;
    let keyring = Keyring::parse(encryption_keys.expose_secret()).map_err(|error| error.to_string())?;
    Ok(Vault::new(pool.clone(), keyring))
}

/// Whether every provider key in the pool can be decrypted.
pub async fn keys(config: &Config, pool: &PgPool, live: &Live) -> Finding {
    let vault = opened(config, pool)?;
    let catalog = live.catalog();
    let (mut good, mut bad) = (0, Vec::new());
    for provider in catalog.providers() {
        for entry in catalog.provider_keys(&provider.provider_id).filter(|entry| entry.key.disabled().is_none()) {
            match vault.provider_secret(&entry.provider_key_id).await {
                Ok(Some(_)) => good += 1,
                Ok(None) => bad.push(format!("{}: no secret is kept", entry.provider_key_id)),
                Err(error) => bad.push(format!("{}: {error}", entry.provider_key_id)),
            }
        }
    }
    match bad[..] {
        [] if good == 0 => Err("the pool is empty; run `zephyr admin seed --key-stdin ark`".to_owned()),
        [] => Ok(format!("{good} keys, all can be decrypted")),
        ref bad => Err(format!("{}; look at ENCRYPTION_KEYS, or register them again", bad.join("; "))),
    }
}
