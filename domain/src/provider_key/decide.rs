//! The rules of a provider key. What has been done already is `Ok(vec![])`; what contradicts it is refused.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Backoff, Disabled, ProviderKey, ProviderKeyCommand, ProviderKeyError, ProviderKeyEvent};
use crate::decide::Decide;

type Decision = Result<Vec<ProviderKeyEvent>, ProviderKeyError>;

impl Decide for ProviderKey {
    fn decide(&self, command: &ProviderKeyCommand) -> Decision {
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
            ProviderKeyCommand::ChangeAccount { account } => {
                once(account != known.account, ProviderKeyEvent::KeyAccountChanged { account })
            }
            ProviderKeyCommand::CoolDown { model, reason, now, pauses } => self.cool_down(model, reason, now, pauses),
            ProviderKeyCommand::DisableKey { reason, automatic, probe_at } => {
                let needed = outranks(automatic, self.disabled.as_ref());
                once(needed, ProviderKeyEvent::KeyDisabled { reason, automatic, probe_at })
            }
            ProviderKeyCommand::EnableKey => once(self.disabled.is_some(), ProviderKeyEvent::KeyEnabled {}),
            ProviderKeyCommand::DisableModel { model, reason, automatic, probe_at } => {
                let needed = outranks(automatic, self.model_disabled(&model));
                once(needed, ProviderKeyEvent::KeyModelDisabled { model, reason, automatic, probe_at })
            }
            ProviderKeyCommand::EnableModel { model } => {
                once(self.models.contains_key(&model), ProviderKeyEvent::KeyModelEnabled { model })
            }
            ProviderKeyCommand::ProbeSucceeded { model } => Ok(self.probe_succeeded(model)),
            ProviderKeyCommand::ProbeFailed { model, reason, now, pauses } => {
                Ok(self.probe_failed(model, reason, now, pauses))
            }
        }
    }
}

impl ProviderKey {
    fn model_disabled(&self, model: &str) -> Option<&Disabled> {
        self.models.get(model)?.disabled.as_ref()
    }

    /// A pause that has not ended is not begun again: many calls may meet the same refusal at once.
    fn cool_down(&self, model: String, reason: String, now: DateTime<Utc>, pauses: Backoff) -> Decision {
        if self.disabled.is_some() || self.model_disabled(&model).is_some() {
            return Ok(vec![]);
        }
        let last = self.models.get(&model).and_then(|model| model.cooling.as_ref());
        let pause_ms = match last {
            Some(last) if last.until > now => return Ok(vec![]),
            Some(last) if last.until + milliseconds(last.pause_ms) > now => {
                let doubled = last.pause_ms.saturating_mul(2);
                doubled.max(pauses.first_ms).min(pauses.most_ms.max(pauses.first_ms))
            }
            _ => pauses.first_ms,
        };
        let until = now + milliseconds(pause_ms);
        Ok(vec![ProviderKeyEvent::KeyCooledDown { model, reason, until, pause_ms }])
    }

    fn probe_succeeded(&self, model: String) -> Vec<ProviderKeyEvent> {
        if self.disabled.as_ref().is_some_and(|disabled| !disabled.automatic) {
            return vec![];
        }
        let key = self.disabled.as_ref().map(|_| ProviderKeyEvent::KeyEnabled {});
        let recovered = self.model_disabled(&model).filter(|disabled| disabled.automatic);
        let model = recovered.map(|_| ProviderKeyEvent::KeyModelEnabled { model });
        key.into_iter().chain(model).collect()
    }

    /// Of the key as a whole if that is disabled, else of the key for the model. A failure before a probe is due is an
    /// old one.
    fn probe_failed(
        &self,
        model: String,
        reason: String,
        now: DateTime<Utc>,
        pauses: Backoff,
    ) -> Vec<ProviderKeyEvent> {
        let (disabled, model) = match &self.disabled {
            Some(disabled) => (Some(disabled), None),
            None => (self.model_disabled(&model), Some(model)),
        };
        let Some(disabled) = disabled else { return vec![] };
        if disabled.probe_due().is_none_or(|due| due > now) {
            return vec![];
        }
        let failures = disabled.probes_failed.saturating_add(1);
        let pause_ms = 1_u64.checked_shl(failures).and_then(|times| pauses.first_ms.checked_mul(times));
        let probe_at = now + milliseconds(pause_ms.unwrap_or(u64::MAX).min(pauses.most_ms));
        vec![ProviderKeyEvent::KeyProbed { model, reason, failures, probe_at }]
    }
}

/// An admin's word stands above a rule's.
fn outranks(automatic: bool, before: Option<&Disabled>) -> bool {
    before.is_none_or(|before| before.automatic && !automatic)
}

fn once(needed: bool, event: ProviderKeyEvent) -> Decision {
    Ok(if needed { vec![event] } else { vec![] })
}

/// At most a year, so that a moment can always be told.
fn milliseconds(pause_ms: u64) -> TimeDelta {
    const YEAR_MS: u64 = 365 * 24 * 3_600 * 1_000;
    TimeDelta::milliseconds(i64::try_from(pause_ms.min(YEAR_MS)).unwrap_or(i64::MAX))
}
