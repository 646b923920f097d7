//! What happens after the response: the relay, the consumers of the job queue, the timers, the projector, the sweep.
//!
//! | file | what it does |
//! |---|---|
//! | `relay` | outbox → bus, deleted once confirmed |
//! | `consumer` | job queue → one attempt each, a bounded number at a time |
//! | `sweep` | what nobody can see any more: the bytes of deleted files, old answers, ended sessions |
//! | `timers` | due duties → polls, reconciliations, redispatch, lapsed leases |
//!
//! Any number of workers may run. It never answers a client, and never holds a delivery while upstream works for minutes.

mod consumer;
mod relay;
mod sweep;
mod timers;

use std::time::Duration;

use bus::Bus;
use dispatch::Dispatcher;
use store::identity::Identity;
pub use sweep::Sweeping;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// How long what is under way may take to end at a shutdown.
pub const SHUTDOWN_WITHIN: Duration = Duration::from_secs(20);

/// How much a worker does at a time.
#[derive(Clone, Debug)]
pub struct WorkerSettings {
    /// The name under which it claims timers: unique among workers.
    pub name: String,
    /// How many deliveries it handles at a time.
    pub concurrency: u16,
    /// When it sweeps.
    pub sweeping: Sweeping,
}

/// Runs until the token is cancelled, then ends what is under way.
pub async fn run(dispatcher: Dispatcher, identity: Identity, settings: WorkerSettings, shutdown: CancellationToken) {
    let bus: Bus = dispatcher.parts().bus.clone();
    let (pool, follower) = (dispatcher.parts().store.pool().clone(), dispatcher.parts().follower.clone());
    if !bus.is_durable() {
        resend_what_was_in_memory(&dispatcher).await;
    }
    let mut roles = JoinSet::new();
    // A message whose relay died goes out again when its job would.
    let relay_lease = dispatcher.parts().ages.redispatch;
    roles.spawn(relay::run(pool.clone(), bus.clone(), follower.clone(), relay_lease, shutdown.clone()));
    roles.spawn(consumer::run(dispatcher.clone(), bus, settings.concurrency, shutdown.clone()));
    roles.spawn(dispatch::watch_health(dispatcher.clone(), shutdown.clone()));
    roles.spawn(sweep::run(dispatcher.clone(), identity, settings.sweeping, shutdown.clone()));
    roles.spawn(timers::run(dispatcher, settings.name, shutdown.clone()));
    roles.spawn(projections::projector::run(pool, follower, shutdown.clone().cancelled_owned()));
    shutdown.cancelled().await;
    let ending = async { while roles.join_next().await.is_some() {} };
    if tokio::time::timeout(SHUTDOWN_WITHIN, ending).await.is_err() {
        tracing::warn!("some work did not end in time; its leases lapse by themselves");
    }
}

/// The queue within one process died with it: every job that waits is sent again at once.
async fn resend_what_was_in_memory(dispatcher: &Dispatcher) {
    let store = &dispatcher.parts().store;
    match store::timers::hasten_all(store.pool(), dispatch::duty::DISPATCH, store.now()).await {
        Ok(0) => {}
        Ok(jobs) => tracing::info!(jobs, "jobs that were queued in memory are sent again"),
        Err(error) => tracing::warn!(%error, "jobs that were queued in memory wait for their timers"),
    }
}
