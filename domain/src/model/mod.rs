//! The model aggregate: a model of the catalog, its published capabilities with their versions, and who serves them.
//!
//! Publishing refuses what lint refuses, so that what can't be priced can't be called. Publishing the same again changes nothing:
//! a catalog may be seeded at every start. Past versions stay in the events, and on the jobs that froze them.

mod catalog;
mod deprecation;
mod events;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};

pub use self::{catalog::CatalogEntry, deprecation::Deprecation, events::ModelEvent};
use crate::{
    capability::{Capability, CapabilityKind, LintIssue, Route},
    decide::{Decide, aggregate},
    id::{ModelId, named_uuid},
};

/// The most bytes of a model's name.
const MAX_NAME: usize = 100;
/// The most bytes of a display name or a description.
const MAX_TEXT: usize = 4_000;

/// A model of the catalog, folded from its events.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Model {
    identity: Option<Identity>,
    enabled: bool,
    capabilities: BTreeMap<CapabilityKind, Published>,
}

/// What a model is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// What requests call it, such as `doubao-seedream-4-0`.
    pub name: String,
    /// What people call it.
    pub display_name: String,
    /// The provider it is known from, such as `ark`.
    pub provider: String,
    /// What it is good for.
    pub description: String,
}

/// A capability as it was last published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    /// Counts up from one, for each kind by itself.
    pub version: u32,
    /// What was published. Its routes are the ones of then.
    #[serde(with = "events::shared")]
    pub capability: Arc<Capability>,
    /// The routes of now.
    pub routes: Vec<Route>,
    /// Whether it was taken out of the catalog.
    pub retired: bool,
    /// Until when it can be called, if it is to go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deprecation: Option<Deprecation>,
}

/// What can be asked of a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ModelCommand {
    /// Takes a model into the catalog, enabled; again, with other texts, renames it.
    RegisterModel(Identity),
    /// Publishes a capability, if it differs from what was published last.
    PublishCapability(Box<Capability>),
    /// Takes a capability out of the catalog.
    RetireCapability(CapabilityKind),
    /// Changes who serves a capability, without a new version.
    ChangeRoutes {
        /// Of which capability.
        kind: CapabilityKind,
        /// All its routes.
        routes: Vec<Route>,
    },
    /// Announces that a capability is to go. It can be called until its date.
    DeprecateCapability {
        /// Which one.
        kind: CapabilityKind,
        /// Since when, until when, and what takes its place.
        deprecation: Deprecation,
    },
    /// Lets a capability stay after all.
    WithdrawDeprecation(CapabilityKind),
    /// Brings the model to what an entry of a catalog file says, all of it or nothing. What the entry does not name stays.
    ImportModel(Box<CatalogEntry>),
    /// Lets it be called.
    EnableModel,
    /// Lets it not be called. Running jobs go on.
    DisableModel,
}

/// Why a command is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// Nothing was registered under this id.
    #[error("there is no such model")]
    NotRegistered,
    /// A name and a provider stay what they are.
    #[error("the model is registered as {name} of {provider}")]
    OtherIdentity {
        /// Its name.
        name: String,
        /// Its provider.
        provider: String,
    },
    /// A name that is empty, too long, or has other letters than a name may have.
    #[error("a name has small letters, digits, dots, underscores and hyphens; texts are of bounded length")]
    BadName,
    /// Lint found something.
    #[error("the capability can't be published: {}", sentences(.0))]
    Unfit(Vec<LintIssue>),
    /// The capability is not in the catalog.
    #[error("the model has no capability {0}")]
    NoCapability(CapabilityKind),
    /// A deprecation that ends before it begins, or names no other model.
    #[error("a deprecation ends after it begins, and its replacement is the name of another model")]
    BadDeprecation,
}

fn sentences(issues: &[LintIssue]) -> String {
    issues.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

impl Model {
    /// What it is called, once it is registered.
    #[must_use]
    pub const fn identity(&self) -> Option<&Identity> {
        self.identity.as_ref()
    }

    /// Whether it may be called.
    #[must_use]
    pub const fn is_enabled(&self) -> bool {
        self.enabled
    }

    /// Every capability that was ever published, retired ones included.
    #[must_use]
    pub const fn capabilities(&self) -> &BTreeMap<CapabilityKind, Published> {
        &self.capabilities
    }

    /// A capability that may be called now.
    #[must_use]
    pub fn callable(&self, kind: CapabilityKind) -> Option<&Published> {
        self.capabilities.get(&kind).filter(|published| self.enabled && !published.retired)
    }

    fn evolve(&mut self, event: ModelEvent) {
        match event {
            ModelEvent::ModelRegistered { name, display_name, provider, description } => {
                self.identity = Some(Identity { name, display_name, provider, description });
                self.enabled = true;
            }
            ModelEvent::ModelDescribed { display_name, description } => {
                if let Some(identity) = &mut self.identity {
                    identity.display_name = display_name;
                    identity.description = description;
                }
            }
            ModelEvent::CapabilityPublished { version, capability } => {
                let (kind, routes) = (capability.kind, capability.routes.clone());
                let living = self.capabilities.get(&kind).filter(|published| !published.retired);
                let deprecation = living.and_then(|published| published.deprecation.clone());
                self.capabilities.insert(kind, Published { version, capability, routes, retired: false, deprecation });
            }
            ModelEvent::CapabilityRetired { kind, .. } => {
                if let Some(published) = self.capabilities.get_mut(&kind) {
                    published.retired = true;
                }
            }
            ModelEvent::RouteChanged { kind, routes } => {
                if let Some(published) = self.capabilities.get_mut(&kind) {
                    published.routes = routes;
                }
            }
            ModelEvent::CapabilityDeprecated { kind, deprecation } => self.deprecate_as(kind, Some(deprecation)),
            ModelEvent::DeprecationWithdrawn { kind } => self.deprecate_as(kind, None),
            ModelEvent::ModelEnabled {} => self.enabled = true,
            ModelEvent::ModelDisabled {} => self.enabled = false,
        }
    }
}

aggregate!(Model, "model", ModelCommand, ModelEvent, ModelError);

impl Decide for Model {
    fn decide(&self, command: &ModelCommand) -> Result<Vec<ModelEvent>, ModelError> {
        match command {
            ModelCommand::RegisterModel(identity) => return self.register(identity),
            ModelCommand::ImportModel(entry) => return self.import(entry),
            _ => {}
        }
        if self.identity.is_none() {
            return Err(ModelError::NotRegistered);
        }
        match command {
            ModelCommand::RegisterModel(_) | ModelCommand::ImportModel(_) => Ok(Vec::new()),
            ModelCommand::PublishCapability(capability) => self.publish(capability),
            ModelCommand::RetireCapability(kind) => self.retire(*kind),
            ModelCommand::ChangeRoutes { kind, routes } => self.change_routes(*kind, routes),
            ModelCommand::DeprecateCapability { kind, deprecation } => self.deprecate(*kind, deprecation),
            ModelCommand::WithdrawDeprecation(kind) => self.withdraw_deprecation(*kind),
            ModelCommand::EnableModel if !self.enabled => Ok(vec![ModelEvent::ModelEnabled {}]),
            ModelCommand::DisableModel if self.enabled => Ok(vec![ModelEvent::ModelDisabled {}]),
            ModelCommand::EnableModel | ModelCommand::DisableModel => Ok(Vec::new()),
        }
    }
}

impl Model {
    fn register(&self, wanted: &Identity) -> Result<Vec<ModelEvent>, ModelError> {
        let Identity { name, display_name, provider, description } = wanted.clone();
        let sized = display_name.len() <= MAX_TEXT && description.len() <= MAX_TEXT;
        if !is_name(&name) || !is_name(&provider) || !sized {
            return Err(ModelError::BadName);
        }
        match &self.identity {
            None => Ok(vec![ModelEvent::ModelRegistered { name, display_name, provider, description }]),
            Some(known) if known == wanted => Ok(Vec::new()),
            Some(known) if known.name == name && known.provider == provider => {
                Ok(vec![ModelEvent::ModelDescribed { display_name, description }])
            }
            Some(known) => {
                Err(ModelError::OtherIdentity { name: known.name.clone(), provider: known.provider.clone() })
            }
        }
    }

    fn publish(&self, capability: &Capability) -> Result<Vec<ModelEvent>, ModelError> {
        let last = self.capabilities.get(&capability.kind);
        if last.is_some_and(|last| last.is(capability)) {
            return Ok(Vec::new());
        }
        let issues = [capability.lint(), capability.lint_costs()].concat();
        if !issues.is_empty() {
            return Err(ModelError::Unfit(issues));
        }
        let version = last.map_or(0, |last| last.version) + 1;
        Ok(vec![ModelEvent::CapabilityPublished { version, capability: Arc::new(capability.clone()) }])
    }

    fn retire(&self, kind: CapabilityKind) -> Result<Vec<ModelEvent>, ModelError> {
        let published = self.capabilities.get(&kind).ok_or(ModelError::NoCapability(kind))?;
        let event = ModelEvent::CapabilityRetired { kind, version: published.version };
        Ok(if published.retired { Vec::new() } else { vec![event] })
    }

    fn change_routes(&self, kind: CapabilityKind, routes: &[Route]) -> Result<Vec<ModelEvent>, ModelError> {
        let published = self.capabilities.get(&kind).filter(|published| !published.retired);
        let published = published.ok_or(ModelError::NoCapability(kind))?;
        if published.routes == routes {
            return Ok(Vec::new());
        }
        let issues = Capability { routes: routes.to_vec(), ..(*published.capability).clone() };
        let issues = [issues.lint(), issues.lint_costs()].concat();
        if !issues.is_empty() {
            return Err(ModelError::Unfit(issues));
        }
        Ok(vec![ModelEvent::RouteChanged { kind, routes: routes.to_vec() }])
    }
}

impl Published {
    /// Whether this is what a capability says, with its routes as they were published or as they are.
    fn is(&self, capability: &Capability) -> bool {
        let known = &*self.capability;
        let routed = capability.routes == known.routes || capability.routes == self.routes;
        !self.retired && routed && *known == Capability { routes: known.routes.clone(), ..capability.clone() }
    }
}

impl Identity {
    /// The id of the model: it follows from the name, so that no name is taken twice.
    #[must_use]
    pub fn model_id(&self) -> ModelId {
        model_id(&self.name)
    }
}

/// The id of the model of a name.
#[must_use]
pub fn model_id(name: &str) -> ModelId {
    ModelId::from_uuid(named_uuid("model", name))
}

fn is_name(name: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte);
    (1..=MAX_NAME).contains(&name.len()) && name.bytes().all(letter)
}
