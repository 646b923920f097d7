//! The catalog in memory: models with every version of their capabilities, providers, and our keys at them.
//!
//! A schema is compiled once, when its version is published. Never a key's secret: that lies in the vault.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use cqrs_es::Aggregate as _;
use domain::{
    capability::{Capability, CapabilityKind, Route},
    id::{ModelId, ProviderId, ProviderKeyId},
    model::{Deprecation, Identity, Model, ModelEvent},
    provider::{Provider, ProviderEvent, ProviderSettings},
    provider_key::{KeyRegistration, ProviderKey, ProviderKeyEvent},
    schema::CompiledSchema,
    stream::Event,
};
use imbl::OrdMap;

/// One version of a capability, ready to validate, price and run.
#[derive(Clone, Debug)]
pub struct Callable {
    /// The model's id.
    pub model_id: ModelId,
    /// The model's public name.
    pub model: String,
    /// What it does.
    pub kind: CapabilityKind,
    /// Which version of the capability; jobs freeze it as their price version.
    pub version: u32,
    /// All of the capability. Its routes are those of its publishing: ask [`Catalog::routes`] for those of now.
    pub capability: Arc<Capability>,
    /// Its parameter schema, compiled once.
    pub schema: CompiledSchema,
    /// Whether lint finds nothing in it: else it is not called anew.
    fit: bool,
}

/// Why something can't be called now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Uncallable {
    /// No model has this name.
    #[error("there is no such model")]
    UnknownModel,
    /// The model can't do that, or has no such version of it.
    #[error("the model has no such capability")]
    NoSuchCapability,
    /// The model is disabled.
    #[error("the model is disabled")]
    Disabled,
    /// The capability was taken out of the catalog.
    #[error("the capability is retired")]
    Retired,
    /// It has no valid price or schema.
    #[error("the capability has no valid price or schema")]
    Unpriced,
}

/// A model with all that was ever published of it.
#[derive(Clone, Debug)]
pub struct ModelEntry {
    /// Its id.
    pub model_id: ModelId,
    /// When the log took its first event.
    pub registered_at: DateTime<Utc>,
    /// Its state: names, whether it is enabled, the capabilities and routes of now.
    pub model: Model,
    versions: OrdMap<(CapabilityKind, u32), Option<Arc<Callable>>>,
}

/// A provider.
#[derive(Clone, Debug)]
pub struct ProviderEntry {
    /// Its id.
    pub provider_id: ProviderId,
    /// Its state: settings, and whether it is paused.
    pub provider: Provider,
}

/// One of our keys at a provider.
#[derive(Clone, Debug)]
pub struct ProviderKeyEntry {
    /// Its id.
    pub provider_key_id: ProviderKeyId,
    /// Its state: registration, and whether it is disabled.
    pub key: ProviderKey,
    /// When the log took its last event.
    pub changed_at: DateTime<Utc>,
}

/// Models by name, providers by name, keys by provider. Cloning is cheap.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    models: OrdMap<ModelId, Arc<ModelEntry>>,
    names: OrdMap<String, ModelId>,
    providers: OrdMap<ProviderId, Arc<ProviderEntry>>,
    keys: OrdMap<ProviderKeyId, Arc<ProviderKeyEntry>>,
}

impl Catalog {
    /// What a request may call now.
    #[must_use]
    pub fn capability(&self, model: &str, kind: CapabilityKind) -> Option<Arc<Callable>> {
        self.callable(model, kind).ok()
    }

    /// What a request may call now, or why not.
    ///
    /// # Errors
    /// The reason, to be told to the caller.
    pub fn callable(&self, model: &str, kind: CapabilityKind) -> Result<Arc<Callable>, Uncallable> {
        let entry = self.model(model).ok_or(Uncallable::UnknownModel)?;
        let published = entry.model.capabilities().get(&kind).ok_or(Uncallable::NoSuchCapability)?;
        if !entry.model.is_enabled() {
            return Err(Uncallable::Disabled);
        }
        if published.retired {
            return Err(Uncallable::Retired);
        }
        let callable = entry.version(kind, published.version).ok_or(Uncallable::Unpriced)?;
        if callable.fit { Ok(callable) } else { Err(Uncallable::Unpriced) }
    }

    /// A version that was published once: for running jobs, receipts and explanations.
    #[must_use]
    pub fn version(&self, model: &str, kind: CapabilityKind, version: u32) -> Option<Arc<Callable>> {
        self.model(model)?.version(kind, version)
    }

    /// The routes of now, also of a capability that was retired while its jobs still run.
    #[must_use]
    pub fn routes(&self, model: &str, kind: CapabilityKind) -> &[Route] {
        let entry = self.names.get(model).and_then(|id| self.models.get(id));
        let published = entry.and_then(|entry| entry.model.capabilities().get(&kind));
        published.map_or(&[], |published| &published.routes)
    }

    /// Until when a capability can be called, if it is to go.
    #[must_use]
    pub fn deprecation(&self, model: &str, kind: CapabilityKind) -> Option<&Deprecation> {
        self.names.get(model).and_then(|id| self.models.get(id))?.deprecation(kind)
    }

    /// A model by its public name, enabled or not.
    #[must_use]
    pub fn model(&self, name: &str) -> Option<&Arc<ModelEntry>> {
        self.names.get(name).and_then(|id| self.models.get(id))
    }

    /// All models by name, disabled ones included.
    pub fn models(&self) -> impl Iterator<Item = &Arc<ModelEntry>> {
        self.names.values().filter_map(|id| self.models.get(id))
    }

    /// A provider by its name in the catalog.
    #[must_use]
    pub fn provider(&self, name: &str) -> Option<&Arc<ProviderEntry>> {
        self.providers.values().find(|entry| entry.settings().is_some_and(|settings| settings.name == name))
    }

    /// A provider by its id.
    #[must_use]
    pub fn provider_by_id(&self, provider_id: &ProviderId) -> Option<&Arc<ProviderEntry>> {
        self.providers.get(provider_id)
    }

    /// All providers, paused ones included.
    pub fn providers(&self) -> impl Iterator<Item = &Arc<ProviderEntry>> {
        self.providers.values()
    }

    /// Our keys at a provider, disabled ones included.
    pub fn provider_keys(&self, provider_id: &ProviderId) -> impl Iterator<Item = &Arc<ProviderKeyEntry>> {
        let is_of = move |entry: &&Arc<ProviderKeyEntry>| {
            entry.registration().is_some_and(|known| known.provider_id == *provider_id)
        };
        self.keys.values().filter(is_of)
    }

    /// Our keys at all providers, the oldest first.
    pub fn all_provider_keys(&self) -> impl Iterator<Item = &Arc<ProviderKeyEntry>> {
        self.keys.values()
    }

    /// One of our keys.
    #[must_use]
    pub fn provider_key(&self, provider_key_id: &ProviderKeyId) -> Option<&Arc<ProviderKeyEntry>> {
        self.keys.get(provider_key_id)
    }

    /// Folds one event; those of other aggregates change nothing.
    pub(super) fn apply(&mut self, aggregate_id: &str, event: &Event, recorded_at: DateTime<Utc>) {
        match event {
            Event::Model(event) => self.apply_model(aggregate_id, event, recorded_at),
            Event::Provider(event) => self.apply_provider(aggregate_id, event),
            Event::ProviderKey(event) => self.apply_key(aggregate_id, event, recorded_at),
            _ => {}
        }
    }

    fn apply_model(&mut self, aggregate_id: &str, event: &ModelEvent, recorded_at: DateTime<Utc>) {
        let Ok(model_id) = aggregate_id.parse::<ModelId>() else { return skipped(aggregate_id) };
        let known = self.models.get(&model_id).map(|entry| (**entry).clone());
        let fresh = || ModelEntry {
            model_id: model_id.clone(),
            registered_at: recorded_at,
            model: Model::default(),
            versions: OrdMap::new(),
        };
        let mut entry = known.unwrap_or_else(fresh);
        entry.model.apply(event.clone());
        if let ModelEvent::CapabilityPublished { version, capability } = event {
            let callable = entry.compile(*version, capability);
            entry.versions.insert((capability.kind, *version), callable);
        }
        if let Some(identity) = entry.model.identity() {
            self.names.insert(identity.name.clone(), model_id.clone());
        }
        self.models.insert(model_id, Arc::new(entry));
    }

    fn apply_provider(&mut self, aggregate_id: &str, event: &ProviderEvent) {
        let Ok(provider_id) = aggregate_id.parse::<ProviderId>() else { return skipped(aggregate_id) };
        let known = self.providers.get(&provider_id).map(|entry| entry.provider.clone());
        let mut provider = known.unwrap_or_default();
        provider.apply(event.clone());
        self.providers.insert(provider_id.clone(), Arc::new(ProviderEntry { provider_id, provider }));
    }

    fn apply_key(&mut self, aggregate_id: &str, event: &ProviderKeyEvent, recorded_at: DateTime<Utc>) {
        let Ok(provider_key_id) = aggregate_id.parse::<ProviderKeyId>() else { return skipped(aggregate_id) };
        let known = self.keys.get(&provider_key_id).map(|entry| entry.key.clone());
        let mut key = known.unwrap_or_default();
        key.apply(event.clone());
        self.keys.insert(
            provider_key_id.clone(),
            Arc::new(ProviderKeyEntry { provider_key_id, key, changed_at: recorded_at }),
        );
    }
}

impl ModelEntry {
    /// What it is called.
    #[must_use]
    pub const fn identity(&self) -> Option<&Identity> {
        self.model.identity()
    }

    /// A version of a capability that was published once.
    #[must_use]
    pub fn version(&self, kind: CapabilityKind, version: u32) -> Option<Arc<Callable>> {
        self.versions.get(&(kind, version)).cloned().flatten()
    }

    /// Until when a capability can be called, if it is to go.
    #[must_use]
    pub fn deprecation(&self, kind: CapabilityKind) -> Option<&Deprecation> {
        self.model.capabilities().get(&kind).and_then(|published| published.deprecation.as_ref())
    }

    /// Every version of a capability that was published, the oldest first.
    pub fn versions(&self, kind: CapabilityKind) -> impl Iterator<Item = (u32, Option<&Arc<Callable>>)> {
        let all = self.versions.range((kind, 0)..=(kind, u32::MAX));
        all.map(|((_, version), callable)| (*version, callable.as_ref()))
    }

    /// What may be called of it now.
    pub fn callables(&self) -> impl Iterator<Item = Arc<Callable>> {
        let published = self.model.capabilities().keys().filter_map(|kind| Some((*kind, self.model.callable(*kind)?)));
        let callables = published.filter_map(|(kind, published)| self.version(kind, published.version));
        callables.filter(|callable| callable.fit)
    }

    fn compile(&self, version: u32, capability: &Arc<Capability>) -> Option<Arc<Callable>> {
        let schema = CompiledSchema::new(&capability.param_schema);
        let schema = schema.inspect_err(|error| tracing::warn!(%error, model = %self.model_id, "a schema is unusable"));
        Some(Arc::new(Callable {
            model_id: self.model_id.clone(),
            model: self.identity()?.name.clone(),
            kind: capability.kind,
            version,
            capability: capability.clone(),
            schema: schema.ok()?,
            fit: capability.lint().is_empty(),
        }))
    }
}

impl ProviderEntry {
    /// Where it is reached and how it is spoken to.
    #[must_use]
    pub const fn settings(&self) -> Option<&ProviderSettings> {
        self.provider.settings()
    }
}

impl ProviderKeyEntry {
    /// What is known of it, with its present weight and limits.
    #[must_use]
    pub const fn registration(&self) -> Option<&KeyRegistration> {
        self.key.registration()
    }
}

fn skipped(aggregate_id: &str) {
    tracing::warn!(aggregate_id, "a stream with a malformed id is left out of the catalog");
}
