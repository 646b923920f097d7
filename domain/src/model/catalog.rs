//! A model as a catalog file describes it, and the commands that bring a model there. Doing it again changes only what differs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Deprecation, Identity, Model, ModelCommand, ModelError, ModelEvent};
use crate::{
    capability::{Capability, CapabilityKind, LintIssue},
    decide::Decide as _,
};

/// One entry of a catalog file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CatalogEntry {
    /// What requests call it.
    pub name: String,
    /// What people call it.
    pub display_name: String,
    /// The provider it is known from.
    pub provider: String,
    /// What it is good for.
    pub description: String,
    /// Whether it may be called; as it is, when nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// What it can do.
    pub capabilities: Vec<Capability>,
    /// Which of that is to go. What is not named here stays as it is.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub deprecations: BTreeMap<CapabilityKind, Deprecation>,
}

impl CatalogEntry {
    /// What the model is called.
    #[must_use]
    pub fn identity(&self) -> Identity {
        Identity {
            name: self.name.clone(),
            display_name: self.display_name.clone(),
            provider: self.provider.clone(),
            description: self.description.clone(),
        }
    }

    /// The commands that register the model and publish what it can do, in order. They are safe to repeat.
    pub fn commands(&self) -> impl Iterator<Item = ModelCommand> {
        let publish = |capability: &Capability| ModelCommand::PublishCapability(Box::new(capability.clone()));
        std::iter::once(ModelCommand::RegisterModel(self.identity())).chain(self.capabilities.iter().map(publish))
    }

    /// The commands that bring a model to exactly what is named here.
    fn import_commands(&self) -> impl Iterator<Item = ModelCommand> {
        let route = |capability: &Capability| ModelCommand::ChangeRoutes {
            kind: capability.kind,
            routes: capability.routes.clone(),
        };
        let deprecate = |(kind, deprecation): (&CapabilityKind, &Deprecation)| ModelCommand::DeprecateCapability {
            kind: *kind,
            deprecation: deprecation.clone(),
        };
        let enable = |on: bool| if on { ModelCommand::EnableModel } else { ModelCommand::DisableModel };
        let routes = self.capabilities.iter().map(route);
        self.commands().chain(routes).chain(self.deprecations.iter().map(deprecate)).chain(self.enabled.map(enable))
    }
}

impl Model {
    /// The model as an entry of a catalog file, with its routes of now and without what was retired.
    #[must_use]
    pub fn entry(&self) -> Option<CatalogEntry> {
        let Identity { name, display_name, provider, description } = self.identity()?.clone();
        let living = || self.capabilities.values().filter(|published| !published.retired);
        let routed = living().map(|published| Capability {
            routes: published.routes.clone(),
            ..Capability::clone(&published.capability)
        });
        let deprecated =
            living().filter_map(|published| Some((published.capability.kind, published.deprecation.clone()?)));
        let (capabilities, deprecations) = (routed.collect(), deprecated.collect());
        let enabled = Some(self.enabled);
        Some(CatalogEntry { name, display_name, provider, description, enabled, capabilities, deprecations })
    }

    /// Every event that leads to what the entry says, or the first refusal.
    pub(super) fn import(&self, entry: &CatalogEntry) -> Result<Vec<ModelEvent>, ModelError> {
        let twice = |(index, capability): (usize, &Capability)| {
            let earlier = entry.capabilities.iter().take(index);
            earlier.into_iter().any(|known| known.kind == capability.kind)
        };
        if entry.capabilities.iter().enumerate().any(twice) {
            let message = "a capability stands there twice".to_owned();
            return Err(ModelError::Unfit(vec![LintIssue { path: "capabilities".to_owned(), message }]));
        }
        let (mut model, mut events) = (self.clone(), Vec::new());
        for command in entry.import_commands() {
            let decided = model.decide(&command)?;
            decided.iter().cloned().for_each(|event| model.evolve(event));
            events.extend(decided);
        }
        Ok(events)
    }
}
