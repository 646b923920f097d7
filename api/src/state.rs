//! What every handler may use: the parts of this process, by their concrete types.

use std::{ops::Deref, sync::Arc};

use bus::Bus;
use dispatch::Dispatcher;
use limits::Limits;
use projections::{ReadModels, live::Live};
use store::{Store, assets::Assets, follow::Follower, identity::Identity, objects::Objects};

use crate::{
    caller::{Secrets, SessionCache},
    freshness::Written,
    generation::frames::Frames,
    metering::tokens::TokenReservations,
    pulses::Pulses,
    request::journal::Journal,
    settings::ApiSettings,
};

/// Gives the text of `/metrics`.
pub type MetricsText = Box<dyn Fn() -> String + Send + Sync>;

/// The parts that the API is put together from.
pub struct Parts {
    /// The event log.
    pub store: Store,
    /// The read models in memory, kept fresh by the follower.
    pub live: Arc<Live>,
    /// The read models in tables.
    pub reads: ReadModels,
    /// The log's reader in this process.
    pub follower: Follower,
    /// Messages between processes.
    pub bus: Bus,
    /// Rate limits.
    pub limits: Limits,
    /// The bytes of assets.
    pub objects: Objects,
    /// People and sessions.
    pub identity: Identity,
    /// What the API was told at its start.
    pub settings: ApiSettings,
    /// Runs what a caller waits for.
    pub dispatcher: Dispatcher,
    /// The text of `/metrics`.
    pub metrics: MetricsText,
}

/// What every handler may use. Cloning is cheap.
#[derive(Clone)]
pub struct AppState(Arc<Inner>);

/// The parts, and what the API itself keeps in memory.
pub struct Inner {
    /// What was handed over.
    pub parts: Parts,
    /// The rows of assets.
    pub assets: Assets,
    /// What signs tokens, forms and links.
    pub secrets: Secrets,
    /// Which sessions were lately seen alive.
    pub sessions: SessionCache,
    /// Up to where each tenant wrote through this process.
    pub written: Written,
    /// Tokens that were reserved through this process.
    pub tokens: TokenReservations,
    /// The last requests that this process answered.
    pub journal: Journal,
    /// How each capability did lately.
    pub pulses: Pulses,
    /// Progress and text of jobs, as this process hears them.
    pub frames: Frames,
}

impl AppState {
    /// Puts the API together.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(Inner {
            assets: Assets::new(parts.store.pool().clone()),
            secrets: Secrets::derive(&parts.settings.jwt_secret),
            sessions: SessionCache::default(),
            written: Written::default(),
            journal: Journal::default(),
            tokens: TokenReservations::follow(&parts.follower, parts.limits.clone()),
            frames: Frames::listen(&parts.bus),
            pulses: Pulses::watch(parts.store.clone(), parts.reads.clone()),
            parts,
        }))
    }
}

impl Deref for AppState {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl Deref for Inner {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.parts
    }
}
