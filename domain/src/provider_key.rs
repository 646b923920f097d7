//! A key of ours at a provider: its weight, its limits and whether it is used. The key itself lies in the vault.

use serde::{Deserialize, Serialize};

use crate::{
    decide::{Decide, aggregate, domain_event},
    id::ProviderId,
};

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
}

/// A command to a provider key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProviderKeyCommand {
    /// Takes the key into the pool.
    RegisterKey(KeyRegistration),
    /// Changes its share.
    ChangeWeight {
        /// The new share.
        weight: u32,
    },
    /// Changes what it may bear.
    ChangeLimits {
        /// The new limits.
        limits: KeyLimits,
    },
    /// Stops using it until it is enabled again.
    DisableKey {
        /// The rule, or the admin's words.
        reason: String,
        /// Whether a rule did it.
        automatic: bool,
    },
    /// Uses it again.
    EnableKey,
    /// Never uses it again.
    RevokeKey,
}

/// An event of a provider key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields are documented on the commands")]
pub enum ProviderKeyEvent {
    KeyRegistered(KeyRegistration),
    KeyWeightChanged { weight: u32 },
    KeyLimitsChanged { limits: KeyLimits },
    KeyDisabled { reason: String, automatic: bool },
    KeyEnabled {},
    KeyRevoked {},
}

domain_event!(
    ProviderKeyEvent,
    "1",
    [KeyRegistered, KeyWeightChanged, KeyLimitsChanged, KeyDisabled, KeyEnabled, KeyRevoked]
);

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
    disabled: Option<String>,
    revoked: bool,
}

aggregate!(ProviderKey, "provider_key", ProviderKeyCommand, ProviderKeyEvent, ProviderKeyError);

impl ProviderKey {
    /// What is known of it (with its present weight and limits), if it exists.
    #[must_use]
    pub const fn registration(&self) -> Option<&KeyRegistration> {
        self.registration.as_ref()
    }

    /// Why it is not used, if so.
    #[must_use]
    pub fn disabled(&self) -> Option<&str> {
        if self.revoked { Some("revoked") } else { self.disabled.as_deref() }
    }

    fn evolve(&mut self, event: ProviderKeyEvent) {
        match event {
            ProviderKeyEvent::KeyRegistered(registration) => self.registration = Some(registration),
            ProviderKeyEvent::KeyWeightChanged { weight } => {
                if let Some(registration) = &mut self.registration {
                    registration.weight = weight;
                }
            }
            ProviderKeyEvent::KeyLimitsChanged { limits } => {
                if let Some(registration) = &mut self.registration {
                    registration.limits = limits;
                }
            }
            ProviderKeyEvent::KeyDisabled { reason, .. } => self.disabled = Some(reason),
            ProviderKeyEvent::KeyEnabled {} => self.disabled = None,
            ProviderKeyEvent::KeyRevoked {} => self.revoked = true,
        }
    }
}

impl Decide for ProviderKey {
    fn decide(&self, command: &ProviderKeyCommand) -> Result<Vec<ProviderKeyEvent>, ProviderKeyError> {
        let once = |needed: bool, event: ProviderKeyEvent| Ok(if needed { vec![event] } else { vec![] });
        let Some(known) = &self.registration else {
            return match command {
                ProviderKeyCommand::RegisterKey(new) => Ok(vec![ProviderKeyEvent::KeyRegistered(new.clone())]),
                _ => Err(ProviderKeyError::Absent),
            };
        };
        match command.clone() {
            ProviderKeyCommand::RegisterKey(again) if again.fingerprint == known.fingerprint => Ok(vec![]),
            ProviderKeyCommand::RegisterKey(_) => Err(ProviderKeyError::IdTaken),
            ProviderKeyCommand::RevokeKey => once(!self.revoked, ProviderKeyEvent::KeyRevoked {}),
            _ if self.revoked => Err(ProviderKeyError::Revoked),
            ProviderKeyCommand::ChangeWeight { weight } => {
                once(weight != known.weight, ProviderKeyEvent::KeyWeightChanged { weight })
            }
            ProviderKeyCommand::ChangeLimits { limits } => {
                once(limits != known.limits, ProviderKeyEvent::KeyLimitsChanged { limits })
            }
            ProviderKeyCommand::DisableKey { reason, automatic } => {
                once(self.disabled.is_none(), ProviderKeyEvent::KeyDisabled { reason, automatic })
            }
            ProviderKeyCommand::EnableKey => once(self.disabled.is_some(), ProviderKeyEvent::KeyEnabled {}),
        }
    }
}

#[cfg(test)]
mod tests {
    use cqrs_es::test::TestFramework;
    use uuid::Uuid;

    use super::*;

    fn registration(fingerprint: &str) -> KeyRegistration {
        KeyRegistration {
            provider_id: ProviderId::from_uuid(Uuid::nil()),
            label: "team".into(),
            weight: 1,
            limits: KeyLimits::default(),
            fingerprint: fingerprint.into(),
        }
    }

    fn register(fingerprint: &str) -> ProviderKeyCommand {
        ProviderKeyCommand::RegisterKey(registration(fingerprint))
    }

    fn registered() -> ProviderKeyEvent {
        ProviderKeyEvent::KeyRegistered(registration("abcd"))
    }

    fn disable() -> ProviderKeyCommand {
        ProviderKeyCommand::DisableKey { reason: "401 from upstream".into(), automatic: true }
    }

    fn disabled() -> ProviderKeyEvent {
        ProviderKeyEvent::KeyDisabled { reason: "401 from upstream".into(), automatic: true }
    }

    fn limits() -> KeyLimits {
        KeyLimits { concurrency: Some(2), ..KeyLimits::default() }
    }

    /// The command leads to this event, and sent again to none.
    fn once(given: &[ProviderKeyEvent], when: ProviderKeyCommand, then: &ProviderKeyEvent) {
        let framework = || TestFramework::<ProviderKey>::with(()).given(given.to_vec());
        framework().when(when.clone()).then_expect_events(vec![then.clone()]);
        framework().and(vec![then.clone()]).when(when).then_expect_events(vec![]);
    }

    fn refused(given: &[ProviderKeyEvent], when: ProviderKeyCommand, then: ProviderKeyError) {
        TestFramework::<ProviderKey>::with(()).given(given.to_vec()).when(when).then_expect_error(then);
    }

    fn every_change() -> [ProviderKeyCommand; 4] {
        [
            ProviderKeyCommand::ChangeWeight { weight: 3 },
            ProviderKeyCommand::ChangeLimits { limits: limits() },
            disable(),
            ProviderKeyCommand::EnableKey,
        ]
    }

    #[test]
    fn a_key_is_registered_once_and_its_id_stands_for_no_other() {
        once(&[], register("abcd"), &registered());
        refused(&[registered()], register("ef01"), ProviderKeyError::IdTaken);
    }

    #[test]
    fn weight_and_limits_change_once() {
        let changed = ProviderKeyEvent::KeyWeightChanged { weight: 0 };
        once(&[registered()], ProviderKeyCommand::ChangeWeight { weight: 0 }, &changed);
        let changed = ProviderKeyEvent::KeyLimitsChanged { limits: limits() };
        once(&[registered()], ProviderKeyCommand::ChangeLimits { limits: limits() }, &changed);
    }

    #[test]
    fn a_key_is_disabled_and_enabled_once() {
        once(&[registered()], disable(), &disabled());
        once(&[registered(), disabled()], ProviderKeyCommand::EnableKey, &ProviderKeyEvent::KeyEnabled {});
    }

    #[test]
    fn a_revoked_key_is_never_used_again() {
        let revoked = ProviderKeyEvent::KeyRevoked {};
        once(&[registered()], ProviderKeyCommand::RevokeKey, &revoked);
        for command in every_change() {
            refused(&[registered(), revoked.clone()], command, ProviderKeyError::Revoked);
        }
        let mut key = ProviderKey::default();
        [registered(), revoked].into_iter().for_each(|event| key.evolve(event));
        assert_eq!(key.disabled(), Some("revoked"));
    }

    #[test]
    fn nothing_happens_to_a_key_that_was_not_registered() {
        for command in every_change().into_iter().chain([ProviderKeyCommand::RevokeKey]) {
            refused(&[], command, ProviderKeyError::Absent);
        }
    }
}
