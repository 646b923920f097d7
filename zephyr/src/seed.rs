//! The seed: providers, models and provider keys of the delivered catalog, published through the log with stable ids.
//!
//! Seeding again adds only what is missing. Prices are examples, to be checked before anybody is charged.

use anyhow::Context as _;
use domain::{
    id::{ProviderId, ProviderKeyId},
    model::{CatalogEntry, Model, ModelCommand, model_id},
    provider::{Provider, ProviderCommand, ProviderSettings},
    provider_key::{KeyLimits, KeyRegistration, ProviderKeyCommand},
    unit::Unit,
};
use secrecy::{ExposeSecret as _, SecretString};
use store::{Context, Store, Work, vault::Vault};

use crate::stable;

/// A provider of the delivered catalog. Its name is also its adapter's.
#[derive(Clone, Copy, Debug)]
pub struct SeedProvider {
    /// What routes call it.
    pub name: &'static str,
    /// Where it is, unless told otherwise.
    pub base_url: &'static str,
    /// Where the simulator plays it, below the simulator's own address.
    pub simulator_path: &'static str,
}

/// Volcengine Ark, which upstream callbacks are made for.
pub const ARK: SeedProvider =
    SeedProvider { name: "ark", base_url: "https://ark.cn-beijing.volces.com/api/v3", simulator_path: "/ark/api/v3" };

/// The providers of the delivered catalog.
pub const PROVIDERS: [SeedProvider; 3] = [
    ARK,
    SeedProvider { name: "openai", base_url: "https://api.openai.com/v1", simulator_path: "/openai/v1" },
    SeedProvider { name: "runway", base_url: "https://api.dev.runwayml.com/v1", simulator_path: "/runway/v1" },
];

/// The files of `seed/catalog`.
const CATALOG: &[(&str, &str)] = &[
    ("ark-chat-seed-1-6.json", include_str!("../seed/catalog/ark-chat-seed-1-6.json")),
    ("ark-chat-seed-2-0.json", include_str!("../seed/catalog/ark-chat-seed-2-0.json")),
    ("ark-chat-seed-2-1.json", include_str!("../seed/catalog/ark-chat-seed-2-1.json")),
    ("ark-embeddings.json", include_str!("../seed/catalog/ark-embeddings.json")),
    ("ark-images-seedream.json", include_str!("../seed/catalog/ark-images-seedream.json")),
    ("ark-videos-seedance-1.json", include_str!("../seed/catalog/ark-videos-seedance-1.json")),
    ("ark-videos-seedance-2.json", include_str!("../seed/catalog/ark-videos-seedance-2.json")),
    ("demo.json", include_str!("../seed/catalog/demo.json")),
    ("openai-chat.json", include_str!("../seed/catalog/openai-chat.json")),
    ("openai-embeddings.json", include_str!("../seed/catalog/openai-embeddings.json")),
    ("openai-images.json", include_str!("../seed/catalog/openai-images.json")),
    ("runway-images.json", include_str!("../seed/catalog/runway-images.json")),
    ("runway-videos.json", include_str!("../seed/catalog/runway-videos.json")),
];

impl SeedProvider {
    /// The provider of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        PROVIDERS.into_iter().find(|provider| provider.name == name)
    }
}

/// What a seeding changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seeded {
    /// How many models there are in the seed.
    pub models: usize,
    /// How many events were written; none when everything was there.
    pub events: usize,
}

/// The delivered catalog.
///
/// # Errors
/// When a file of it can't be read; a test keeps that from happening.
pub fn catalog() -> anyhow::Result<Vec<CatalogEntry>> {
    let mut entries = Vec::new();
    for (name, text) in CATALOG {
        let read: Vec<CatalogEntry> = serde_json::from_str(text).with_context(|| format!("seed/catalog/{name}"))?;
        entries.extend(read);
    }
    Ok(entries)
}

/// Publishes what the models of the delivered catalog lack. What is there stays: an admin may have changed its price or its routes.
///
/// # Errors
/// When a model is refused, or the database is out of reach.
pub async fn publish_models(store: &Store) -> anyhow::Result<Seeded> {
    let entries = catalog()?;
    let mut seeded = Seeded { models: entries.len(), events: 0 };
    for entry in &entries {
        let id = model_id(&entry.name);
        let known: Model = store.read(id.as_str()).await?;
        let lacks = |command: &ModelCommand| match command {
            ModelCommand::RegisterModel(_) => known.identity().is_none(),
            ModelCommand::PublishCapability(capability) => !known.capabilities().contains_key(&capability.kind),
            _ => true,
        };
        for command in entry.commands().filter(lacks) {
            let work = seeding(Unit::of(&id, command));
            let committed = store.execute(work).await.with_context(|| format!("the model {}", entry.name))?;
            seeded.events += committed.events.len();
        }
    }
    Ok(seeded)
}

/// Registers a provider. One that is there keeps its base URL, unless `replace` says of the present one that it may go.
///
/// # Errors
/// When it is refused, or the database is out of reach.
pub async fn register_provider(
    store: &Store,
    name: &str,
    base_url: &str,
    replace: impl Fn(&str) -> bool,
) -> anyhow::Result<ProviderId> {
    let id = ProviderId::from_uuid(stable::uuid("provider", name));
    let known: Provider = store.read(id.as_str()).await?;
    if known.settings().is_none_or(|settings| replace(&settings.base_url)) {
        let settings = ProviderSettings {
            name: name.into(),
            adapter: name.into(),
            base_url: base_url.trim_end_matches('/').into(),
            failures_to_disable: None,
        };
        store.execute(seeding(Unit::of(&id, ProviderCommand::RegisterProvider(settings)))).await?;
    }
    Ok(id)
}

/// Puts a key of a provider into the vault and into the pool. The same key again changes nothing.
///
/// # Errors
/// When it is refused, or the database is out of reach.
pub async fn register_key(
    store: &Store,
    vault: &Vault,
    provider_id: &ProviderId,
    label: &str,
    secret: &SecretString,
) -> anyhow::Result<ProviderKeyId> {
    let whole = stable::hash(&[provider_id.as_str(), secret.expose_secret()]);
    let id = ProviderKeyId::from_uuid(stable::uuid("provider key", &whole));
    if vault.provider_secret(&id).await.ok().flatten().is_none() {
        vault.put_provider_secret(&id, secret, store.now()).await?;
    }
    let registration = KeyRegistration {
        provider_id: provider_id.clone(),
        label: label.to_owned(),
        weight: 1,
        limits: KeyLimits::default(),
        fingerprint: store::vault::fingerprint(secret),
        account: None,
    };
    store.execute(seeding(Unit::of(&id, ProviderKeyCommand::RegisterKey(registration)))).await?;
    Ok(id)
}

fn seeding(unit: Unit) -> Work {
    let context = Context { actor: "seed".to_owned(), request_id: String::new() };
    Work { unit, context, ..Work::default() }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs};

    use super::*;

    #[test]
    fn every_file_of_the_folder_is_delivered() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/seed/catalog");
        let there: BTreeSet<String> = fs::read_dir(folder)
            .expect("the folder is there")
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        let delivered: BTreeSet<String> = CATALOG.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(delivered, there);
        assert!(catalog().expect("it can be read").len() > 10);
    }

    #[test]
    fn every_route_of_the_seed_leads_to_a_provider_of_the_seed() {
        let entries = catalog().expect("it can be read");
        let capabilities = entries.iter().flat_map(|entry| &entry.capabilities);
        let mut routes = capabilities.flat_map(|capability| &capability.routes);
        assert!(routes.all(|route| SeedProvider::named(&route.provider).is_some()));
        let adapters: BTreeSet<&str> = providers::Adapter::kinds().collect();
        assert!(PROVIDERS.iter().all(|provider| adapters.contains(provider.name)));
    }
}
