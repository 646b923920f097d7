//! A model as a catalog file describes it, and the commands that seed it. Seeding again changes only what differs.

use serde::{Deserialize, Serialize};

use super::{Identity, ModelCommand};
use crate::capability::Capability;

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
    /// What it can do.
    pub capabilities: Vec<Capability>,
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
}
