//! One attempt, from start to end: choose a key, keep within limits, call, keep the outputs, settle.
//!
//! | file | what it does |
//! |---|---|
//! | `pool` | chooses the provider key: weighted round robin, within limits that hold over all processes; a fair queue when all are busy |
//! | `health` | what the end of a call says about its key: a pause, a disabling, that it is well again |
//! | `flight` | keeps why each attempt went where it went |
//! | `start` | a job that a caller waits for: reserve a key, then hold and submit in one unit |
//! | `queued` | a job from the queue: its attempt, recorded before the call |
//! | `perform` | calls that upstream answers at once: text, vectors, images |
//! | `awaited` | a task that a caller waits for |
//! | `chat` | answers, whole or streamed, to a caller who may go away |
//! | `inputs` | input media, fetched or read, as data URIs |
//! | `lint` | whether a capability's routes lead somewhere, before it is published |
//! | `outputs` | copies what upstream made into object storage, before the job says succeeded |
//! | `follow` | tasks that upstream accepted: their states, their end |
//! | `reconcile` | attempts of unknown outcome: asked for upstream, ended by policy, never repeated blindly |
//! | `settle` | the units that end an attempt |
//!
//! It never decides a price, never parses a request of ours, and never sends a paid call twice.

mod ages;
mod awaited;
mod chat;
mod flight;
mod follow;
mod health;
mod heartbeat;
mod inputs;
mod lint;
mod outputs;
mod perform;
mod pool;
mod put_off;
mod queued;
mod reconcile;
mod run;
mod settle;
mod start;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

pub use ages::Ages;
pub use chat::{ChatFrame, ChatFrames, Unanswered};
use domain::{
    capability::CapabilityKind,
    id::{AttemptId, ProviderKeyId, TenantId},
    provider_key::KeyLimits,
};
use flight::Recorder;
pub use follow::Next;
pub use health::{COOL_DOWN_AT_MOST, PROBE_PAUSE_AT_MOST, watch as watch_health};
pub use inputs::{INPUT_MAX_BYTES, INPUTS_AT_MOST};
pub use perform::{Answer, Finished};
use pool::KeyPool;
pub use pool::{Considered, NoKey, Usage, Verdict};
use projections::live::Live;
use put_off::PutOffs;
pub use queued::{HandleError, Handled};
pub use run::Run;
pub use start::{Prepared, StartError, Started};
use store::{Store, assets::Assets, contents::Contents, follow::Follower, objects::Objects, vault::Vault};

/// The duties of a job, as its timer names them.
pub mod duty {
    /// It waits for an attempt: send it to the queue (again).
    pub const DISPATCH: &str = "dispatch";
    /// An attempt is under way in some process: when this lapses, its outcome is unknown.
    pub const LEASE: &str = "lease";
    /// Upstream works on it: ask for its state.
    pub const POLL: &str = "poll";
    /// Its outcome is unknown: ask upstream, or end it by the policy.
    pub const RECONCILE: &str = "reconcile";
}

/// Who acts, in the metadata of the events that are decided here.
pub(crate) const ACTOR: &str = "dispatch";

/// Gives the URL that upstream may call about an attempt.
pub type CallbackUrl = Arc<dyn Fn(&AttemptId) -> String + Send + Sync>;

/// All that an attempt needs. Made once a process.
pub struct Parts {
    /// The log and its pool.
    pub store: Store,
    /// The log's reader in this process, which wakes whoever waits.
    pub follower: Follower,
    /// Catalog, providers and keys in memory.
    pub live: Arc<Live>,
    /// The bytes of assets.
    pub objects: Objects,
    /// The rows of assets.
    pub assets: Assets,
    /// Inputs and texts of jobs.
    pub contents: Contents,
    /// The provider keys.
    pub vault: Vault,
    /// Windows and leases.
    pub limits: limits::Limits,
    /// Progress and text for whoever watches.
    pub bus: bus::Bus,
    /// The two HTTP clients.
    pub http: providers::HttpClients,
    /// How long things may take.
    pub ages: Ages,
    /// The URL that upstream may call when the state of an attempt's task changes, if we can be reached.
    pub callback_url: Option<CallbackUrl>,
}

/// Why a provider key does not pass a check.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// It, its provider or its secret is not to be had.
    #[error(transparent)]
    NoKey(#[from] NoKey),
    /// The provider refuses it, or can't be reached.
    #[error("{0}")]
    Refused(#[from] providers::UpstreamError),
}

/// Runs attempts. Cloning it is cheap.
#[derive(Clone)]
pub struct Dispatcher {
    parts: Arc<Parts>,
    pool: KeyPool,
    recorder: Recorder,
    put_offs: Arc<PutOffs>,
}

impl Dispatcher {
    /// A dispatcher over the parts of this process.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let store = parts.store.clone();
        let clock: store::committer::Clock = Arc::new(move || store.now());
        let settings = pool::Settings {
            lease: parts.ages.key_lease,
            patience: parts.ages.key_wait,
            // A job that waits must not be sent again meanwhile.
            patience_queued: parts.ages.key_wait_queued.min(parts.ages.redispatch / 2),
        };
        let pool = KeyPool::new(parts.live.clone(), parts.vault.clone(), parts.limits.clone(), (clock, settings));
        let recorder = Recorder::start(parts.store.pool().clone());
        Self { parts: Arc::new(parts), pool, recorder, put_offs: Arc::default() }
    }

    /// Where a request would go now, and why: nothing is reserved.
    ///
    /// # Errors
    /// The limits can't be asked.
    pub async fn would_go(&self, model: &str, kind: CapabilityKind) -> Result<Vec<Considered>, NoKey> {
        let (tenant_id, holder) = (TenantId::from_uuid(uuid::Uuid::nil()), String::new());
        let model = model.to_owned();
        let request = pool::Request { model, kind, tenant_id, holder, tried: vec![], tried_will_do: false };
        self.pool.would_choose(&request).await
    }

    /// What is taken of a key's limits now.
    ///
    /// # Errors
    /// The limits can't be asked.
    pub async fn usage_of_key(&self, key_id: &ProviderKeyId, limits: KeyLimits) -> Result<Usage, NoKey> {
        self.pool.usage(key_id, limits).await
    }

    /// Asks a key's provider something that costs nothing; says how long the answer took.
    ///
    /// # Errors
    /// The provider refuses the key or can't be reached, or there is no such key.
    pub async fn check_key(&self, key_id: &ProviderKeyId) -> Result<Duration, CheckError> {
        let (settings, endpoint) = self.pool.endpoint_of(key_id).await?;
        let adapter = self.adapter(&settings.adapter).ok_or(NoKey::None)?;
        let started = Instant::now();
        adapter.check(&endpoint).await?;
        Ok(started.elapsed())
    }

    /// How many wait for a provider key in this process.
    #[must_use]
    pub fn waiting_for_keys(&self) -> usize {
        self.pool.waiting()
    }

    pub(crate) fn adapter(&self, name: &str) -> Option<providers::Adapter> {
        providers::Adapter::named(name, &self.parts.http.trusted)
    }

    /// The parts, for those who share them.
    #[must_use]
    pub fn parts(&self) -> &Parts {
        &self.parts
    }
}
