//! What happened to a provider key, out of the log: what rules did, and what admins did.

use domain::{
    id::ProviderKeyId,
    provider_key::{KeyLimits, ProviderKeyEvent},
    stream::Event,
};
use projections::queries::actor_of;
use store::{Recorded, log};
use templates_maud::console::provider_keys::Happened;

use crate::{
    error::{ApiError, ApiResult},
    state::AppState,
};

/// How many events of a key are shown.
const SHOWN: i64 = 100;

/// What happened to a key, the newest first.
pub async fn history(state: &AppState, id: &ProviderKeyId) -> ApiResult<Vec<Happened>> {
    let events = log::read_latest(state.store.pool(), "provider_key", id.as_str(), SHOWN).await;
    let events = events.map_err(|error| ApiError::unavailable("the log", &error))?;
    Ok(events.iter().filter_map(happened).collect())
}

fn happened(recorded: &Recorded) -> Option<Happened> {
    let Event::ProviderKey(event) = &recorded.event else { return None };
    let (model, what) = described(event);
    // People act by their id; rules under the name of the part that they belong to.
    let actor = Some(actor_of(recorded)).filter(|actor| actor.starts_with("usr_"));
    Some(Happened { at: recorded.recorded_at, event: name(event), model, what, actor })
}

const fn name(event: &ProviderKeyEvent) -> &'static str {
    match event {
        ProviderKeyEvent::KeyRegistered(_) => "KeyRegistered",
        ProviderKeyEvent::KeyWeightChanged { .. } => "KeyWeightChanged",
        ProviderKeyEvent::KeyLimitsChanged { .. } => "KeyLimitsChanged",
        ProviderKeyEvent::KeyAccountChanged { .. } => "KeyAccountChanged",
        ProviderKeyEvent::KeyCooledDown { .. } => "KeyCooledDown",
        ProviderKeyEvent::KeyDisabled { .. } => "KeyDisabled",
        ProviderKeyEvent::KeyEnabled {} => "KeyEnabled",
        ProviderKeyEvent::KeyModelDisabled { .. } => "KeyModelDisabled",
        ProviderKeyEvent::KeyModelEnabled { .. } => "KeyModelEnabled",
        ProviderKeyEvent::KeyProbed { .. } => "KeyProbed",
        ProviderKeyEvent::KeyRevoked {} => "KeyRevoked",
    }
}

fn described(event: &ProviderKeyEvent) -> (Option<String>, String) {
    match event {
        ProviderKeyEvent::KeyRegistered(known) => (None, format!("{} {}", known.fingerprint, limits(known.limits))),
        ProviderKeyEvent::KeyWeightChanged { weight } => (None, weight.to_string()),
        ProviderKeyEvent::KeyLimitsChanged { limits: changed } => (None, limits(*changed)),
        ProviderKeyEvent::KeyAccountChanged { account } => (None, account.clone().unwrap_or_default()),
        ProviderKeyEvent::KeyCooledDown { model, reason, pause_ms, .. } => {
            (Some(model.clone()), format!("{reason} · {}.{} s", pause_ms / 1_000, pause_ms % 1_000 / 100))
        }
        ProviderKeyEvent::KeyDisabled { reason, .. } => (None, reason.clone()),
        ProviderKeyEvent::KeyModelDisabled { model, reason, .. } => (Some(model.clone()), reason.clone()),
        ProviderKeyEvent::KeyModelEnabled { model } => (Some(model.clone()), String::new()),
        ProviderKeyEvent::KeyProbed { model, reason, failures, .. } => {
            (model.clone(), format!("{reason} · #{failures}"))
        }
        ProviderKeyEvent::KeyEnabled {} | ProviderKeyEvent::KeyRevoked {} => (None, String::new()),
    }
}

fn limits(limits: KeyLimits) -> String {
    let KeyLimits { requests_per_second, requests_per_minute, concurrency } = limits;
    let units = [(requests_per_second, "/s"), (requests_per_minute, "/min"), (concurrency, " ∥")];
    let set = units.into_iter().filter_map(|(limit, unit)| Some(format!("{}{unit}", limit?)));
    set.collect::<Vec<_>>().join(", ")
}
