//! Capabilities that are to go: announced with a date and, mostly, with what takes their place.
//!
//! Until its date a deprecated capability is called as ever; what happens afterwards is decided where the clock is.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Model, ModelError, ModelEvent, is_name};
use crate::capability::CapabilityKind;

/// Since when a capability is deprecated, until when it can be called, and what takes its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deprecation {
    /// When it was announced.
    pub deprecated_at: DateTime<Utc>,
    /// From this moment on calls are refused.
    pub sunset_at: DateTime<Utc>,
    /// The name of the model to use instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replacement: Option<String>,
}

impl Deprecation {
    /// Whether calls are refused at a moment.
    #[must_use]
    pub fn is_over(&self, now: DateTime<Utc>) -> bool {
        self.sunset_at <= now
    }
}

impl Model {
    /// Announced again with the same date and replacement, it is what it was; the first announcement keeps its time.
    pub(super) fn deprecate(&self, kind: CapabilityKind, wanted: &Deprecation) -> Result<Vec<ModelEvent>, ModelError> {
        let published = self.capabilities.get(&kind).filter(|published| !published.retired);
        let published = published.ok_or(ModelError::NoCapability(kind))?;
        let known = published.deprecation.as_ref();
        let deprecated_at = known.map_or(wanted.deprecated_at, |known| known.deprecated_at);
        let deprecation = Deprecation { deprecated_at, ..wanted.clone() };
        if known == Some(&deprecation) {
            return Ok(Vec::new());
        }
        let own = self.identity().map(|identity| identity.name.as_str());
        let elsewhere = |name: &String| is_name(name) && Some(name.as_str()) != own;
        if deprecation.sunset_at <= deprecated_at || !deprecation.replacement.as_ref().is_none_or(elsewhere) {
            return Err(ModelError::BadDeprecation);
        }
        Ok(vec![ModelEvent::CapabilityDeprecated { kind, deprecation }])
    }

    pub(super) fn withdraw_deprecation(&self, kind: CapabilityKind) -> Result<Vec<ModelEvent>, ModelError> {
        let published = self.capabilities.get(&kind).ok_or(ModelError::NoCapability(kind))?;
        let event = ModelEvent::DeprecationWithdrawn { kind };
        Ok(if published.deprecation.is_some() { vec![event] } else { Vec::new() })
    }

    pub(super) fn deprecate_as(&mut self, kind: CapabilityKind, deprecation: Option<Deprecation>) {
        if let Some(published) = self.capabilities.get_mut(&kind) {
            published.deprecation = deprecation;
        }
    }
}
