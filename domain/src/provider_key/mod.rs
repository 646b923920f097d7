//! A key of ours at a provider: its weight, its limits, whether it is used and how well it does. The key itself lies in
//! the vault.
//!
//! | file | what it holds |
//! |---|---|
//! | `command` | what may be asked of a key |
//! | `event` | what happened to it |
//! | `health` | whether it is used for a model now: cooling down, disabled, to be probed |
//! | `decide` | the rules. What an admin disabled no rule enables |

mod command;
mod decide;
mod event;
mod health;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
pub use command::{Backoff, ProviderKeyCommand};
pub use event::ProviderKeyEvent;
pub use health::{Cooling, Disabled, ModelHealth, Standing};
use serde::{Deserialize, Serialize};

use crate::{decide::aggregate, id::ProviderId};

/// The most models of which a key remembers how it does; the oldest cooling is forgotten first.
pub const MODELS_AT_MOST: usize = 200;

/// What a provider key may be asked to bear. Absent means no limit of ours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyLimits {
    /// Calls a second.
    pub requests_per_second: Option<u32>,
    /// Calls a minute.
    pub requests_per_minute: Option<u32>,
    /// Calls at the same time.
    pub concurrency: Option<u32>,
}

/// What is known of a provider key at its registration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyRegistration {
    /// Whose key it is.
    pub provider_id: ProviderId,
    /// What admins call it.
    pub label: String,
    /// Its share among the eligible keys; zero gets nothing.
    pub weight: u32,
    /// What it may be asked to bear.
    pub limits: KeyLimits,
    /// The first characters of its sha256: all of it that is ever shown.
    pub fingerprint: String,
    /// What admins call the account at the provider that pays for it: keys of one account fall and rise together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

/// Why a provider key refuses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProviderKeyError {
    /// There is no such key.
    #[error("the provider key does not exist")]
    Absent,
    /// The id is taken by another key.
    #[error("another provider key has this id")]
    IdTaken,
    /// The key was revoked.
    #[error("the provider key was revoked")]
    Revoked,
}

/// The state of a provider key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderKey {
    registration: Option<KeyRegistration>,
    disabled: Option<Disabled>,
    models: BTreeMap<String, ModelHealth>,
    revoked: bool,
}

aggregate!(ProviderKey, "provider_key", ProviderKeyCommand, ProviderKeyEvent, ProviderKeyError);

impl ProviderKey {
    /// What is known of it (with its present weight and limits), if it exists.
    #[must_use]
    pub const fn registration(&self) -> Option<&KeyRegistration> {
        self.registration.as_ref()
    }

    /// Why it is not used for anything, if so.
    #[must_use]
    pub fn disabled(&self) -> Option<&str> {
        if self.revoked { Some("revoked") } else { self.disabled.as_ref().map(|disabled| disabled.reason.as_str()) }
    }

    /// How it was disabled as a whole, if it was.
    #[must_use]
    pub const fn disabling(&self) -> Option<&Disabled> {
        self.disabled.as_ref()
    }

    /// Whether it is never used again.
    #[must_use]
    pub const fn is_revoked(&self) -> bool {
        self.revoked
    }

    /// How it does with single models, where there is something to tell.
    #[must_use]
    pub const fn models(&self) -> &BTreeMap<String, ModelHealth> {
        &self.models
    }

    /// Whether it is used for a model of the provider now.
    #[must_use]
    pub fn standing(&self, upstream_model: &str, now: DateTime<Utc>) -> Standing<'_> {
        if self.revoked {
            return Standing::Revoked;
        }
        let model = self.models.get(upstream_model);
        if let Some(disabled) = &self.disabled {
            return Standing::Disabled { disabled, only_this_model: false };
        }
        if let Some(disabled) = model.and_then(|model| model.disabled.as_ref()) {
            return Standing::Disabled { disabled, only_this_model: true };
        }
        match model.and_then(|model| model.cooling.as_ref()) {
            Some(cooling) if cooling.until > now => Standing::CoolingDown(cooling),
            _ => Standing::Ready,
        }
    }

    fn evolve(&mut self, event: ProviderKeyEvent) {
        match event {
            ProviderKeyEvent::KeyRegistered(registration) => self.registration = Some(registration),
            ProviderKeyEvent::KeyWeightChanged { weight } => self.change(|known| known.weight = weight),
            ProviderKeyEvent::KeyLimitsChanged { limits } => self.change(|known| known.limits = limits),
            ProviderKeyEvent::KeyAccountChanged { account } => self.change(|known| known.account = account),
            ProviderKeyEvent::KeyCooledDown { model, reason, until, pause_ms } => {
                self.model(model).cooling = Some(Cooling { until, pause_ms, reason });
            }
            ProviderKeyEvent::KeyDisabled { reason, automatic, probe_at } => {
                self.disabled = Some(Disabled { reason, automatic, probe_at, probes_failed: 0 });
            }
            ProviderKeyEvent::KeyEnabled {} => {
                self.disabled = None;
                self.models.values_mut().for_each(|model| model.cooling = None);
                self.models.retain(|_, model| model.disabled.is_some());
            }
            ProviderKeyEvent::KeyModelDisabled { model, reason, automatic, probe_at } => {
                let disabled = Disabled { reason, automatic, probe_at, probes_failed: 0 };
                *self.model(model) = ModelHealth { disabled: Some(disabled), cooling: None };
            }
            ProviderKeyEvent::KeyModelEnabled { model } => drop(self.models.remove(&model)),
            ProviderKeyEvent::KeyProbed { model, reason, failures, probe_at } => {
                let disabled = match model {
                    None => self.disabled.as_mut(),
                    Some(model) => self.models.get_mut(&model).and_then(|model| model.disabled.as_mut()),
                };
                if let Some(disabled) = disabled {
                    (disabled.reason, disabled.probes_failed) = (reason, failures);
                    disabled.probe_at = Some(probe_at);
                }
            }
            ProviderKeyEvent::KeyRevoked {} => self.revoked = true,
        }
    }

    fn change(&mut self, change: impl FnOnce(&mut KeyRegistration)) {
        if let Some(registration) = &mut self.registration {
            change(registration);
        }
    }

    fn model(&mut self, model: String) -> &mut ModelHealth {
        if self.models.len() >= MODELS_AT_MOST && !self.models.contains_key(&model) {
            let oldest = self.models.iter().filter(|(_, model)| model.disabled.is_none());
            let oldest = oldest.min_by_key(|(_, model)| model.cooling.as_ref().map(|cooling| cooling.until));
            if let Some(oldest) = oldest.map(|(name, _)| name.clone()) {
                self.models.remove(&oldest);
            }
        }
        self.models.entry(model).or_default()
    }
}
