//! The key pool: which provider key makes the next attempt.
//!
//! Routes by priority and weight, then the keys of the route's provider by smooth weighted round robin, within each
//! key's limits. A key that was refused cools down. It never changes a key's state for good: that is an event.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use domain::{
    capability::Route,
    id::{ProviderId, ProviderKeyId},
    job::AttemptStart,
    provider::ProviderSettings,
    provider_key::{KeyLimits, KeyRegistration},
};
use limits::{Decision, Lease, Limits, Window};
use projections::live::{Callable, Catalog, Live};
use providers::Endpoint;
use store::vault::Vault;

/// How long a place among a key's concurrent calls outlives a holder that died.
pub const CONCURRENCY_LEASE: Duration = Duration::from_secs(60);
/// How many decrypted keys are kept in memory.
const SECRETS_AT_MOST: usize = 10_000;

/// Why there is no key now.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoKey {
    /// No provider serves the capability, or no key of theirs is enabled.
    #[error("no provider key can serve this capability")]
    None,
    /// There are keys, and all are busy or cooling down.
    #[error("all provider keys are busy")]
    Busy {
        /// When one may be free.
        retry_after: Duration,
    },
    /// The limits or the vault can't be asked.
    #[error("provider keys can't be chosen now: {0}")]
    Unavailable(String),
}

/// A key that was reserved for one attempt. Give it back with [`KeyPool::give_back`].
#[derive(Clone, Debug)]
pub(crate) struct Chosen {
    pub(crate) settings: ProviderSettings,
    pub(crate) route: Route,
    pub(crate) key_id: ProviderKeyId,
    pub(crate) endpoint: Endpoint,
    lease: Option<Lease>,
}

impl Chosen {
    pub(crate) fn start(&self, attempt_id: domain::id::AttemptId) -> AttemptStart {
        AttemptStart {
            attempt_id,
            provider: self.settings.name.clone(),
            upstream_model: self.route.upstream_model.clone(),
            provider_key_id: self.key_id.clone(),
        }
    }
}

/// What the pool remembers between choices.
#[derive(Default)]
pub struct KeyPool {
    memory: Mutex<Memory>,
}

#[derive(Default)]
struct Memory {
    /// The credit of each key in the smooth weighted round robin.
    turns: HashMap<ProviderKeyId, i64>,
    cooling: HashMap<ProviderKeyId, Instant>,
    secrets: HashMap<ProviderKeyId, (String, secrecy::SecretString)>,
}

struct Candidate {
    key_id: ProviderKeyId,
    registration: KeyRegistration,
}

impl KeyPool {
    /// Reserves a key for an attempt, passing over those in `but_not`.
    pub(crate) async fn choose(
        &self,
        (live, vault, limits): (&Live, &Vault, &Limits),
        callable: &Callable,
        holder: &str,
        but_not: &[ProviderKeyId],
    ) -> Result<Chosen, NoKey> {
        let catalog = live.catalog();
        let mut busy: Option<Duration> = None;
        for route in routes_in_order(catalog.routes(&callable.model, callable.kind)) {
            let Some(provider) = catalog.provider(&route.provider) else { continue };
            let Some(settings) = provider.settings().filter(|_| provider.provider.paused().is_none()) else { continue };
            for candidate in self.in_turn(candidates(&catalog, &provider.provider_id, but_not), &mut busy) {
                match reserve(limits, &candidate, holder).await? {
                    Reserved::Yes(lease) => {
                        let key = self.secret(vault, &candidate).await?;
                        let endpoint = Endpoint { base_url: settings.base_url.clone(), key };
                        let (settings, key_id) = (settings.clone(), candidate.key_id);
                        return Ok(Chosen { settings, route, key_id, endpoint, lease });
                    }
                    Reserved::No(retry_after) => shorten(&mut busy, retry_after),
                }
            }
        }
        Err(busy.map_or(NoKey::None, |retry_after| NoKey::Busy { retry_after }))
    }

    /// The endpoint of a key that was chosen before, such as by an attempt that another process began.
    pub(crate) async fn endpoint(
        &self,
        live: &Live,
        vault: &Vault,
        start: &AttemptStart,
    ) -> Result<(ProviderSettings, Endpoint), NoKey> {
        let catalog = live.catalog();
        let provider = catalog.provider(&start.provider).ok_or(NoKey::None)?;
        let settings = provider.settings().ok_or(NoKey::None)?.clone();
        let known = catalog.provider_key(&start.provider_key_id);
        let registration = known.and_then(|known| known.registration().cloned()).ok_or(NoKey::None)?;
        let candidate = Candidate { key_id: start.provider_key_id.clone(), registration };
        let key = self.secret(vault, &candidate).await?;
        let endpoint = Endpoint { base_url: settings.base_url.clone(), key };
        Ok((settings, endpoint))
    }

    /// Ends a reservation.
    pub(crate) async fn give_back(&self, limits: &Limits, chosen: &Chosen) {
        if let Some(lease) = &chosen.lease
            && let Err(error) = limits.release(lease).await
        {
            tracing::warn!(%error, key = %chosen.key_id, "a lease was not released; it lapses by itself");
        }
    }

    /// Keeps a reservation alive during a long call.
    pub(crate) async fn renew(&self, limits: &Limits, chosen: &Chosen) {
        if let Some(lease) = &chosen.lease
            && let Err(error) = limits.renew(lease, CONCURRENCY_LEASE).await
        {
            tracing::warn!(%error, key = %chosen.key_id, "a lease was not renewed");
        }
    }

    /// Passes a key over for a while.
    pub(crate) fn cool_down(&self, key_id: &ProviderKeyId, pause: Duration) {
        tracing::info!(key = %key_id, pause_ms = pause.as_millis(), "a provider key cools down");
        self.memory().cooling.insert(key_id.clone(), Instant::now() + pause);
    }

    fn memory(&self) -> std::sync::MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The candidates in the order of the smooth weighted round robin, without those that cool down.
    fn in_turn(&self, candidates: Vec<Candidate>, busy: &mut Option<Duration>) -> Vec<Candidate> {
        let now = Instant::now();
        let mut memory = self.memory();
        memory.cooling.retain(|_, until| *until > now);
        let (cooling, ready): (Vec<_>, Vec<_>) = candidates
            .into_iter()
            .filter(|candidate| candidate.registration.weight > 0)
            .partition(|candidate| memory.cooling.contains_key(&candidate.key_id));
        for candidate in cooling {
            shorten(busy, memory.cooling[&candidate.key_id].saturating_duration_since(now));
        }
        let total: i64 = ready.iter().map(|candidate| i64::from(candidate.registration.weight)).sum();
        let mut ranked: Vec<(i64, Candidate)> = ready
            .into_iter()
            .map(|candidate| {
                let turn = memory.turns.entry(candidate.key_id.clone()).or_default();
                *turn += i64::from(candidate.registration.weight);
                (*turn, candidate)
            })
            .collect();
        ranked.sort_by(|(a, x), (b, y)| b.cmp(a).then_with(|| x.key_id.cmp(&y.key_id)));
        if let Some((_, first)) = ranked.first() {
            *memory.turns.entry(first.key_id.clone()).or_default() -= total;
        }
        ranked.into_iter().map(|(_, candidate)| candidate).collect()
    }

    async fn secret(&self, vault: &Vault, candidate: &Candidate) -> Result<secrecy::SecretString, NoKey> {
        let Candidate { key_id, registration } = candidate;
        if let Some((fingerprint, secret)) = self.memory().secrets.get(key_id)
            && *fingerprint == registration.fingerprint
        {
            return Ok(secret.clone());
        }
        let found = vault.provider_secret(key_id).await.map_err(|error| NoKey::Unavailable(error.to_string()))?;
        let secret = found.ok_or(NoKey::None)?;
        let mut memory = self.memory();
        if memory.secrets.len() >= SECRETS_AT_MOST {
            memory.secrets.clear();
        }
        memory.secrets.insert(key_id.clone(), (registration.fingerprint.clone(), secret.clone()));
        Ok(secret)
    }
}

/// The enabled keys of a provider, but those that were tried.
fn candidates(catalog: &Catalog, provider_id: &ProviderId, but_not: &[ProviderKeyId]) -> Vec<Candidate> {
    let enabled = catalog.provider_keys(provider_id).filter(|entry| entry.key.disabled().is_none());
    let untried = enabled.filter(|entry| !but_not.contains(&entry.provider_key_id));
    let known = untried.filter_map(|entry| {
        Some(Candidate { key_id: entry.provider_key_id.clone(), registration: entry.registration()?.clone() })
    });
    known.collect()
}

enum Reserved {
    Yes(Option<Lease>),
    No(Duration),
}

async fn reserve(limits: &Limits, candidate: &Candidate, holder: &str) -> Result<Reserved, NoKey> {
    let unavailable = |error: limits::LimitError| NoKey::Unavailable(error.to_string());
    let name = format!("provider_key:{}", candidate.key_id);
    let KeyLimits { concurrency, .. } = candidate.registration.limits;
    let lease = match concurrency {
        None => None,
        Some(max) => {
            let lease = limits.lease(&name, max, holder, CONCURRENCY_LEASE).await.map_err(unavailable)?;
            match lease {
                Some(lease) => Some(lease),
                None => return Ok(Reserved::No(Duration::from_secs(1))),
            }
        }
    };
    let windows = windows(candidate.registration.limits);
    if windows.is_empty() {
        return Ok(Reserved::Yes(lease));
    }
    match limits.check(&name, &windows).await.map_err(unavailable)? {
        Decision::Allowed(_) => Ok(Reserved::Yes(lease)),
        Decision::Limited { retry_after, .. } => {
            if let Some(lease) = lease {
                limits.release(&lease).await.map_err(unavailable)?;
            }
            Ok(Reserved::No(retry_after))
        }
    }
}

fn windows(limits: KeyLimits) -> Vec<Window> {
    let window = |limit: u32, period| Window { limit: u64::from(limit), period, cost: 1 };
    let second = limits.requests_per_second.map(|limit| window(limit, Duration::from_secs(1)));
    let minute = limits.requests_per_minute.map(|limit| window(limit, Duration::from_mins(1)));
    second.into_iter().chain(minute).collect()
}

/// By priority; within one, the heavier first.
fn routes_in_order(routes: &[Route]) -> Vec<Route> {
    let mut routes: Vec<Route> = routes.iter().filter(|route| route.weight > 0).cloned().collect();
    routes.sort_by(|a, b| a.priority.cmp(&b.priority).then(b.weight.cmp(&a.weight)));
    routes
}

fn shorten(busy: &mut Option<Duration>, wait: Duration) {
    *busy = Some(busy.map_or(wait, |known| known.min(wait)));
}
