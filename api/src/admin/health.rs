//! `GET /admin/api/health`: every part of the installation as this process sees it, and what waits in it.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{caller::AdminCaller, state::AppState};

/// What a part says that works.
pub const WORKS: &str = "ok";

/// How the installation is.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// `ok`, or what is wrong.
    pub database: String,
    /// `ok`, or what is wrong.
    pub bus: String,
    /// `ok`, or what is wrong.
    pub limits: String,
    /// `ok`, or what is wrong.
    pub objects: String,
    /// The log.
    pub log: LogHealth,
    /// What waits.
    pub waiting: Waiting,
    /// Our keys at the providers.
    pub providers: Vec<ProviderHealth>,
    /// Which release of this executable.
    pub version: &'static str,
}

/// How far the log's readers are.
#[derive(Debug, Serialize, ToSchema)]
pub struct LogHealth {
    /// The last position of the log.
    pub head: Option<i64>,
    /// How many events this process has not heard of.
    pub follower_lag: Option<i64>,
    /// How many events the read models have not taken.
    pub projector_lag: Option<i64>,
}

/// What waits to be done.
#[derive(Debug, Serialize, ToSchema)]
pub struct Waiting {
    /// Messages that were not handed to the bus.
    pub outbox: Option<i64>,
    /// Jobs that could not be understood and were put aside.
    pub dead_letters: Option<u64>,
    /// Duties of jobs.
    pub timers: Option<i64>,
    /// Those of them that are due.
    pub timers_overdue: Option<i64>,
}

/// A provider and how many of our keys work.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProviderHealth {
    /// Its name in the catalog.
    pub name: String,
    /// Why it is passed over, if it is.
    pub paused: Option<String>,
    /// How many keys there are.
    pub keys: usize,
    /// How many of them are enabled.
    pub enabled_keys: usize,
}

/// Shows how the installation is.
#[utoipa::path(get, path = "/admin/api/health", tag = "admin", security(("token" = [])),
    responses((status = 200, body = Health)))]
pub async fn show(State(state): State<AppState>, _: AdminCaller) -> axum::Json<Health> {
    axum::Json(health(&state).await)
}

/// How the installation is, as far as can be said now.
pub async fn health(state: &AppState) -> Health {
    let (pool, now) = (state.store.pool(), state.store.now());
    let (head, limits, objects) = tokio::join!(store::log::head(pool), state.limits.ready(), state.objects.ready());
    let (outbox, timers, projected, dead_letters) = tokio::join!(
        store::outbox::waiting(pool),
        store::timers::count(pool, now),
        state.reads.position(),
        state.bus.dead_letters(),
    );
    let database = head.as_ref().err().map_or(WORKS.to_owned(), |_| "out of reach".to_owned());
    let head = head.ok();
    let behind = |position: i64| head.map(|head| (head - position).max(0));
    let timers = timers.ok();
    Health {
        database,
        bus: word(state.bus.ready()),
        limits: word(limits),
        objects: word(objects),
        log: LogHealth {
            head,
            follower_lag: behind(state.follower.position()),
            projector_lag: projected.ok().and_then(behind),
        },
        waiting: Waiting {
            outbox: outbox.ok(),
            dead_letters: dead_letters.ok(),
            timers: timers.map(|(all, _)| all),
            timers_overdue: timers.map(|(_, overdue)| overdue),
        },
        providers: providers(state),
        version: env!("CARGO_PKG_VERSION"),
    }
}

fn word<E: std::fmt::Display>(ready: Result<(), E>) -> String {
    ready.err().map_or(WORKS.to_owned(), |error| error.to_string())
}

fn providers(state: &AppState) -> Vec<ProviderHealth> {
    let catalog = state.live.catalog();
    let health = |entry: &std::sync::Arc<projections::live::ProviderEntry>| {
        let settings = entry.settings()?;
        let keys: Vec<_> = catalog.provider_keys(&entry.provider_id).collect();
        Some(ProviderHealth {
            name: settings.name.clone(),
            paused: entry.provider.paused().map(str::to_owned),
            keys: keys.len(),
            enabled_keys: keys.iter().filter(|entry| entry.key.disabled().is_none()).count(),
        })
    };
    catalog.providers().filter_map(health).collect()
}
