//! What happened to a model. The JSON of these events is frozen by golden files.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Deprecation;
use crate::{
    capability::{Capability, CapabilityKind, Route},
    decide::domain_event,
};

/// What happened to a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum ModelEvent {
    /// It was taken into the catalog, enabled.
    ModelRegistered {
        /// What requests call it.
        name: String,
        /// What people call it.
        display_name: String,
        /// The provider it is known from.
        provider: String,
        /// What it is good for.
        description: String,
    },
    /// Its texts changed.
    ModelDescribed {
        /// What people call it.
        display_name: String,
        /// What it is good for.
        description: String,
    },
    /// A new version of a capability can be called.
    CapabilityPublished {
        /// Counts up from one.
        version: u32,
        /// All of it, so that a past job can always be explained.
        #[serde(with = "shared")]
        capability: Arc<Capability>,
    },
    /// A capability can't be called any more.
    CapabilityRetired {
        /// Which one.
        kind: CapabilityKind,
        /// Its last version.
        version: u32,
    },
    /// Others serve a capability from now on.
    RouteChanged {
        /// Which one.
        kind: CapabilityKind,
        /// All its routes.
        routes: Vec<Route>,
    },
    /// A capability is to go: whoever uses it should move on.
    CapabilityDeprecated {
        /// Which one.
        kind: CapabilityKind,
        /// Since when, until when, and what takes its place.
        deprecation: Deprecation,
    },
    /// A capability is to stay after all.
    DeprecationWithdrawn {
        /// Which one.
        kind: CapabilityKind,
    },
    /// It may be called.
    ModelEnabled {},
    /// It may not be called.
    ModelDisabled {},
}

domain_event!(
    ModelEvent,
    "1",
    [
        ModelRegistered,
        ModelDescribed,
        CapabilityPublished,
        CapabilityRetired,
        RouteChanged,
        CapabilityDeprecated,
        DeprecationWithdrawn,
        ModelEnabled,
        ModelDisabled
    ]
);

/// A shared capability is written as if it stood there itself.
pub(super) mod shared {
    use std::sync::Arc;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::Capability;

    pub(in crate::model) fn serialize<S: Serializer>(
        capability: &Arc<Capability>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        (**capability).serialize(serializer)
    }

    pub(in crate::model) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Arc<Capability>, D::Error> {
        Capability::deserialize(deserializer).map(Arc::new)
    }
}
