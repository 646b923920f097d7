//! `GET /admin/api/health`: every part of the installation as this process sees it, and what waits in it.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{caller::AdminCaller, error::ApiResult, state::AppState};

/// How the installation is.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// `ok`, or what is wrong.
    database: String,
    /// `ok`, or what is wrong.
    bus: String,
    /// `ok`, or what is wrong.
    limits: String,
    /// `ok`, or what is wrong.
    objects: String,
    /// The log.
    log: LogHealth,
    /// What waits.
    waiting: Waiting,
    /// Our keys at the providers.
    providers: Vec<ProviderHealth>,
    /// Which release of this executable.
    version: &'static str,
}

/// How far the log's readers are.
#[derive(Debug, Serialize, ToSchema)]
pub struct LogHealth {
    /// The last position of the log.
    head: Option<i64>,
    /// How many events this process has not heard of.
    follower_lag: Option<i64>,
    /// How many events the read models have not taken.
    projector_lag: Option<i64>,
}

/// What waits to be done.
#[derive(Debug, Serialize, ToSchema)]
pub struct Waiting {
    /// Messages that were not handed to the bus.
    outbox: Option<i64>,
    /// Jobs that could not be understood and were put aside.
    dead_letters: Option<u64>,
    /// Duties of jobs.
    timers: Option<i64>,
    /// Those of them that are due.
    timers_overdue: Option<i64>,
}

/// A provider and how many of our keys work.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProviderHealth {
    /// Its name in the catalog.
    name: String,
    /// Why it is passed over, if it is.
    paused: Option<String>,
    /// How many keys there are.
    keys: usize,
    /// How many of them are enabled.
    enabled_keys: usize,
}

/// Shows how the installation is.
#[utoipa::path(get, path = "/admin/api/health", tag = "admin", security(("token" = [])),
    responses((status = 200, body = Health)))]
pub async fn show(State(state): State<AppState>, _: AdminCaller) -> ApiResult<axum::Json<Health>> {
    let (pool, now) = (state.store.pool(), state.store.now());
    let (head, limits, objects) = tokio::join!(store::log::head(pool), state.limits.ready(), state.objects.ready());
    let (outbox, timers, projected, dead_letters) = tokio::join!(
        store::outbox::waiting(pool),
        store::timers::count(pool, now),
        state.reads.position(),
        state.bus.dead_letters(),
    );
    let database = head.as_ref().err().map_or("ok".to_owned(), |_| "out of reach".to_owned());
    let head = head.ok();
    let behind = |position: i64| head.map(|head| (head - position).max(0));
    let timers = timers.ok();
    Ok(axum::Json(Health {
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
        providers: providers(&state),
        version: env!("CARGO_PKG_VERSION"),
    }))
}

fn word<E: std::fmt::Display>(ready: Result<(), E>) -> String {
    ready.err().map_or("ok".to_owned(), |error| error.to_string())
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
