//! A provider key as admins see it. Of its secret only the fingerprint is known here.

use chrono::{DateTime, Utc};
use domain::{
    id::ProviderKeyId,
    provider_key::{Disabled, KeyLimits, ModelHealth, ProviderKey},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{LIMIT_MAX, select::KeyStanding};
use crate::{
    error::{ApiError, ApiResult},
    page::made_at,
    state::AppState,
};

/// What a key may be asked to bear. Absent or null means no limit of ours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Calls a second.
    pub requests_per_second: Option<u32>,
    /// Calls a minute.
    pub requests_per_minute: Option<u32>,
    /// Calls at the same time.
    pub concurrency: Option<u32>,
}

/// A provider key.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProviderKeyView {
    /// `provider_key`
    pub object: &'static str,
    /// `pky_…`
    pub id: String,
    /// The provider's name.
    pub provider: Option<String>,
    /// What admins call the key.
    pub label: String,
    /// What admins call the account that pays for it.
    pub account: Option<String>,
    /// The first characters of the secret's sha256.
    pub fingerprint: String,
    /// Its share among the eligible keys.
    pub weight: u32,
    /// What it may be asked to bear.
    pub limits: Limits,
    /// Where it stands, over all its models.
    pub standing: KeyStanding,
    /// How it does.
    pub health: Health,
    /// When it was registered.
    pub created_at: DateTime<Utc>,
}

/// How a key does.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// `ready`, `disabled` or `revoked`.
    pub state: &'static str,
    /// Why it is disabled: the rule, or an admin's words.
    pub reason: Option<String>,
    /// Whether a rule disabled it: then it is probed.
    pub automatic: Option<bool>,
    /// When it is probed next.
    pub probe_at: Option<DateTime<Utc>>,
    /// When something last changed about it.
    pub since: DateTime<Utc>,
    /// How often it has failed since it last did well, as far as this process has seen.
    pub consecutive_failures: u32,
    /// Of the last calls that this process heard of, at most 128, how many were answered.
    pub answered: u32,
    /// How many of the last calls that is of.
    pub calls: u32,
    /// Our code of the last failure that this process heard of.
    pub last_failure: Option<String>,
    /// When that was.
    pub last_failure_at: Option<DateTime<Utc>>,
    /// The models for which it is passed over or disabled.
    pub models: Vec<OfModel>,
    /// What is taken of its limits now; null when that can't be asked.
    pub usage: Option<UsageNow>,
}

/// How a key does with one model of the provider.
#[derive(Debug, Serialize, ToSchema)]
pub struct OfModel {
    /// The provider's model.
    pub model: String,
    /// `cooling_down` or `disabled`.
    pub state: &'static str,
    /// Why.
    pub reason: String,
    /// Until when it is passed over.
    pub cooling_until: Option<DateTime<Utc>>,
    /// Whether a rule disabled it.
    pub automatic: Option<bool>,
    /// When it is probed next.
    pub probe_at: Option<DateTime<Utc>>,
}

/// What is taken of a key's limits now.
#[derive(Debug, Serialize, ToSchema)]
pub struct UsageNow {
    /// Calls in the last second, if that is limited.
    pub requests_this_second: Option<u64>,
    /// Calls in the last minute, if that is limited.
    pub requests_this_minute: Option<u64>,
    /// Calls under way, if that is limited.
    pub concurrent: u32,
}

impl ProviderKeyView {
    /// A key as it stands.
    ///
    /// # Errors
    /// `not_found` for a key that was never registered.
    pub async fn of(state: &AppState, id: &ProviderKeyId, key: &ProviderKey) -> ApiResult<Self> {
        let known = key.registration().ok_or_else(|| ApiError::not_found("provider key"))?;
        let catalog = state.live.catalog();
        let provider = catalog.provider_by_id(&known.provider_id).and_then(|provider| provider.settings());
        let since = catalog.provider_key(id).map_or_else(|| made_at(id.uuid()), |entry| entry.changed_at);
        let usage = state.parts.dispatcher.usage_of_key(id, known.limits).await;
        let usage = usage.inspect_err(|error| tracing::warn!(%error, "the usage of a provider key is not known"));
        let (now, tally) = (state.store.now(), state.live.tally_of(id));
        let models = key.models().iter().filter_map(|(model, health)| of_model(model, health, now));
        let disabled = key.disabling();
        let state_of_key = match (key.is_revoked(), disabled) {
            (true, _) => "revoked",
            (false, Some(_)) => "disabled",
            (false, None) => "ready",
        };
        Ok(Self {
            object: "provider_key",
            id: id.to_string(),
            provider: provider.map(|settings| settings.name.clone()),
            label: known.label.clone(),
            account: known.account.clone(),
            fingerprint: known.fingerprint.clone(),
            weight: known.weight,
            limits: known.limits.into(),
            standing: KeyStanding::of(key, now),
            health: Health {
                state: state_of_key,
                reason: disabled.map(|disabled| disabled.reason.clone()),
                automatic: disabled.map(|disabled| disabled.automatic),
                probe_at: disabled.and_then(Disabled::probe_due),
                since,
                consecutive_failures: state.live.failures_of(id),
                answered: tally.answers(),
                calls: tally.calls(),
                last_failure: tally.last_failure().map(|(code, _)| code.to_owned()),
                last_failure_at: tally.last_failure().map(|(_, at)| at),
                models: models.collect(),
                usage: usage.ok().map(|usage| UsageNow {
                    requests_this_second: usage.requests_this_second,
                    requests_this_minute: usage.requests_this_minute,
                    concurrent: usage.concurrent,
                }),
            },
            created_at: made_at(id.uuid()),
        })
    }
}

/// Nothing, when the pause has ended.
fn of_model(model: &str, health: &ModelHealth, now: DateTime<Utc>) -> Option<OfModel> {
    let model = model.to_owned();
    if let Some(disabled) = &health.disabled {
        return Some(OfModel {
            model,
            state: "disabled",
            reason: disabled.reason.clone(),
            cooling_until: None,
            automatic: Some(disabled.automatic),
            probe_at: disabled.probe_due(),
        });
    }
    let cooling = health.cooling.as_ref().filter(|cooling| cooling.until > now)?;
    let (reason, cooling_until) = (cooling.reason.clone(), Some(cooling.until));
    Some(OfModel { model, state: "cooling_down", reason, cooling_until, automatic: None, probe_at: None })
}

impl Limits {
    /// The limits, if they can be kept.
    ///
    /// # Errors
    /// `invalid_parameter`.
    pub fn checked(self) -> ApiResult<KeyLimits> {
        let Self { requests_per_second, requests_per_minute, concurrency } = self;
        let all = [
            ("limits.requests_per_second", requests_per_second),
            ("limits.requests_per_minute", requests_per_minute),
            ("limits.concurrency", concurrency),
        ];
        for (param, limit) in all {
            if limit.is_some_and(|limit| !(1..=LIMIT_MAX).contains(&limit)) {
                return Err(ApiError::parameter(param, format!("{param} is from 1 to {LIMIT_MAX}, or null")));
            }
        }
        Ok(KeyLimits { requests_per_second, requests_per_minute, concurrency })
    }
}

impl From<KeyLimits> for Limits {
    fn from(limits: KeyLimits) -> Self {
        let KeyLimits { requests_per_second, requests_per_minute, concurrency } = limits;
        Self { requests_per_second, requests_per_minute, concurrency }
    }
}
