//! The key pool: which provider key makes the next attempt, and who waits for one.
//!
//! | file | what it does |
//! |---|---|
//! | `candidates` | the survey: every route and key that could serve, from memory |
//! | `turns` | smooth weighted round robin |
//! | `choose` | reserves the first that has room: its limits hold over all processes |
//! | `seat` | what was reserved, renewed while it is held, given back when it is dropped |
//! | `waiting` | the fair queue of those who find every key busy |
//! | `considered` | why each candidate was chosen or passed over |
//! | `secrets` | decrypted keys |
//!
//! It never changes a key's state: that is an event, see `health`.

mod candidates;
mod choose;
mod considered;
mod seat;
mod secrets;
#[cfg(test)]
mod tests;
mod turns;
mod waiting;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

pub(crate) use candidates::Request;
use chrono::{DateTime, Utc};
pub use considered::{Considered, Verdict};
use domain::{
    capability::Route,
    id::{AttemptId, ProviderId, ProviderKeyId},
    job::AttemptStart,
    provider::ProviderSettings,
    provider_key::KeyLimits,
};
use limits::{Limits, Window};
use projections::live::Live;
use providers::Endpoint;
use seat::{Keeper, Seat};
use secrets::Secrets;
use store::{committer::Clock, vault::Vault};
use turns::Turns;
use uuid::Uuid;
use waiting::{Patience, WAITERS_OF_A_TENANT, WAITING_JOBS_OF_A_TENANT, Waiting};

/// How much longer than theirs our windows are, so that what is delayed on its way never makes upstream see more calls in
/// one of its windows than it allows. A call that goes later than half of it after its admission is counted anew.
pub const WINDOW_GUARD: Duration = Duration::from_millis(200);

/// Why there is no key now.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoKey {
    /// No provider serves the capability, or no key of theirs may ever be used as things are.
    #[error("no provider key can serve this capability")]
    None,
    /// There are keys, and none of them is well now.
    #[error("no provider key is well now")]
    Unwell {
        /// When the first one is looked at again.
        retry_after: Duration,
    },
    /// There are keys, and all are busy.
    #[error("all provider keys are busy")]
    Busy {
        /// When one may be free.
        retry_after: Duration,
    },
    /// The limits or the vault can't be asked.
    #[error("provider keys can't be chosen now: {0}")]
    Unavailable(String),
}

/// How the pool behaves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    /// How long a place among a key's concurrent calls outlives a holder that died.
    pub(crate) lease: Duration,
    /// How long somebody who waits for an answer waits for a key.
    pub(crate) patience: Duration,
    /// How long a queued job waits for a key before it is put off.
    pub(crate) patience_queued: Duration,
}

/// A key that was reserved for one attempt. Dropping it gives it back.
pub(crate) struct Chosen {
    pub(crate) settings: ProviderSettings,
    pub(crate) provider_id: ProviderId,
    pub(crate) route: Route,
    pub(crate) key_id: ProviderKeyId,
    pub(crate) endpoint: Endpoint,
    /// Whether this is to show that a disabled key is well again.
    pub(crate) probe: bool,
    /// Everything that was looked at.
    pub(crate) considered: Vec<Considered>,
    /// How long it took to get it.
    pub(crate) waited: Duration,
    admitted: Instant,
    windows: Vec<Window>,
    seat: Seat,
}

impl Chosen {
    pub(crate) fn start(&self, attempt_id: AttemptId) -> AttemptStart {
        AttemptStart {
            attempt_id,
            provider: self.settings.name.clone(),
            upstream_model: self.route.upstream_model.clone(),
            provider_key_id: self.key_id.clone(),
        }
    }
}

/// The key pool of a process. Cloning it is cheap.
#[derive(Clone)]
pub(crate) struct KeyPool(Arc<Inner>);

struct Inner {
    live: Arc<Live>,
    limits: Limits,
    clock: Clock,
    settings: Settings,
    secrets: Secrets,
    keeper: Arc<Keeper>,
    turns: Mutex<AllTurns>,
    waiting: Arc<Waiting>,
    /// Who this process is to others who wait.
    process: String,
}

#[derive(Default)]
struct AllTurns {
    keys: Turns<ProviderKeyId>,
    /// By model, kind, and where the route leads.
    routes: Turns<String>,
}

impl KeyPool {
    pub(crate) fn new(live: Arc<Live>, vault: Vault, limits: Limits, (clock, settings): (Clock, Settings)) -> Self {
        let waiting = Arc::new(Waiting::default());
        let wakes = waiting.clone();
        let keeper = Keeper::new(limits.clone(), settings.lease, Box::new(move || wakes.wake()));
        let process = Uuid::now_v7().simple().to_string();
        let (secrets, turns) = (Secrets::new(vault), Mutex::default());
        Self(Arc::new(Inner { live, limits, clock, settings, secrets, keeper, turns, waiting, process }))
    }

    /// Reserves a key for somebody who waits for an answer, waiting a little if all are busy.
    pub(crate) async fn acquire(&self, request: Request) -> Result<Chosen, NoKey> {
        let longest = self.0.settings.patience;
        self.get(request, Patience { longest, of_a_tenant: WAITERS_OF_A_TENANT }).await
    }

    /// Reserves a key for a queued job, waiting longer.
    pub(crate) async fn acquire_queued(&self, request: Request) -> Result<Chosen, NoKey> {
        let longest = self.0.settings.patience_queued;
        self.get(request, Patience { longest, of_a_tenant: WAITING_JOBS_OF_A_TENANT }).await
    }

    /// Says that a call goes out now. If its admission is a while ago, windows count it from now on.
    pub(crate) async fn about_to_call(&self, chosen: &Chosen) {
        if chosen.windows.is_empty() || chosen.admitted.elapsed() < WINDOW_GUARD / 2 {
            return;
        }
        if let Err(error) = self.0.limits.record(&name(&chosen.key_id), &chosen.windows).await {
            tracing::warn!(%error, key = %chosen.key_id, "a late call is counted from its admission on");
        }
    }

    /// The endpoint of a key that was chosen before, such as by an attempt that another process began.
    pub(crate) async fn endpoint(&self, start: &AttemptStart) -> Result<(ProviderSettings, Endpoint), NoKey> {
        let catalog = self.0.live.catalog();
        let provider = catalog.provider(&start.provider).ok_or(NoKey::None)?;
        let settings = provider.settings().ok_or(NoKey::None)?.clone();
        let known = catalog.provider_key(&start.provider_key_id);
        let registration = known.and_then(|known| known.registration().cloned()).ok_or(NoKey::None)?;
        let key = self.0.secrets.of(&start.provider_key_id, &registration.fingerprint).await?.ok_or(NoKey::None)?;
        let endpoint = Endpoint { base_url: settings.base_url.clone(), key };
        Ok((settings, endpoint))
    }

    /// The endpoint of a key, whatever its state.
    pub(crate) async fn endpoint_of(&self, key_id: &ProviderKeyId) -> Result<(ProviderSettings, Endpoint), NoKey> {
        let catalog = self.0.live.catalog();
        let known = catalog.provider_key(key_id).and_then(|known| known.registration().cloned()).ok_or(NoKey::None)?;
        let provider = catalog.provider_by_id(&known.provider_id).ok_or(NoKey::None)?;
        let settings = provider.settings().ok_or(NoKey::None)?.clone();
        let key = self.0.secrets.of(key_id, &known.fingerprint).await?.ok_or(NoKey::None)?;
        let endpoint = Endpoint { base_url: settings.base_url.clone(), key };
        Ok((settings, endpoint))
    }

    /// What a key has left now: calls this second, this minute, at the same time. Nothing is taken.
    pub(crate) async fn usage(&self, key_id: &ProviderKeyId, limits: KeyLimits) -> Result<Usage, NoKey> {
        let key = name(key_id);
        let looks: Vec<Window> = windows(limits).into_iter().map(|window| Window { cost: 0, ..window }).collect();
        let decision = self.0.limits.check(&key, &looks).await.map_err(unavailable)?;
        let rooms = match decision {
            limits::Decision::Allowed(rooms) => rooms,
            limits::Decision::Limited { .. } => vec![],
        };
        let mut used = looks.iter().zip(rooms).map(|(window, room)| window.limit.saturating_sub(room.remaining));
        Ok(Usage {
            requests_this_second: limits.requests_per_second.and_then(|_| used.next()),
            requests_this_minute: limits.requests_per_minute.and_then(|_| used.next()),
            concurrent: self.0.limits.places_taken(&key).await.map_err(unavailable)?,
        })
    }

    /// How many wait for a key in this process.
    pub(crate) fn waiting(&self) -> usize {
        self.0.waiting.count()
    }

    fn now(&self) -> DateTime<Utc> {
        (self.0.clock)()
    }

    fn turns(&self) -> MutexGuard<'_, AllTurns> {
        self.0.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is taken of a key's limits now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Calls in the last second, if that is limited.
    pub requests_this_second: Option<u64>,
    /// Calls in the last minute, if that is limited.
    pub requests_this_minute: Option<u64>,
    /// Calls under way that took a place; none take one unless that is limited.
    pub concurrent: u32,
}

/// What a key's limits are kept under.
fn name(key_id: &ProviderKeyId) -> String {
    format!("provider_key:{key_id}")
}

fn windows(limits: KeyLimits) -> Vec<Window> {
    let window = |limit: u32, period| Window { limit: u64::from(limit), period: period + WINDOW_GUARD, cost: 1 };
    let second = limits.requests_per_second.map(|limit| window(limit, Duration::from_secs(1)));
    let minute = limits.requests_per_minute.map(|limit| window(limit, Duration::from_mins(1)));
    second.into_iter().chain(minute).collect()
}

fn unavailable(error: limits::LimitError) -> NoKey {
    NoKey::Unavailable(error.to_string())
}
