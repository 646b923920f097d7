//! What a process keeps in memory, folded from the log: the catalog with its provider keys, and the tenants with their API keys.
//!
//! Readers take an `Arc` and never wait for a fold. Balances are not here: the store knows them.

mod catalog;
mod failures;
mod tally;
mod tenants;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use chrono::{DateTime, Utc};
use domain::{
    id::ProviderKeyId,
    stream::{DecodeError, Event},
};
use failures::Failures;
use sqlx::{PgPool, Row};
use store::Recorded;
use tokio::sync::Notify;

pub use catalog::{Callable, Catalog, ModelEntry, ProviderEntry, ProviderKeyEntry, Uncallable};
pub use tally::Tally;
pub use tenants::{KeyHolder, TenantEntry, Tenants};

/// How many events one step of the loading reads.
const EVENTS_A_STEP: i64 = 1_000;
/// The types of aggregates that are kept in memory.
const KEPT: [&str; 4] = ["model", "provider", "provider_key", "tenant"];

/// Why the memory can't be filled.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    /// The database is out of reach.
    #[error("the log can't be read: {0}")]
    Database(#[from] sqlx::Error),
    /// The log holds what this code does not know.
    #[error(transparent)]
    Decode(#[from] DecodeError),
}

/// The memory of one process. Share it in an `Arc`.
#[derive(Debug, Default)]
pub struct Live {
    catalog: RwLock<Arc<Catalog>>,
    tenants: RwLock<Arc<Tenants>>,
    failures: Mutex<Failures>,
    more_failures: Notify,
}

impl Live {
    /// Fills the memory from the log. What comes after the returned position is for [`Live::apply`].
    ///
    /// # Errors
    /// When the log can't be read or understood.
    pub async fn load(pool: &PgPool) -> Result<(Self, i64), LiveError> {
        let head = store::log::head(pool).await?;
        let (mut catalog, mut tenants) = (Catalog::default(), Tenants::default());
        for aggregate_type in KEPT {
            let mut last = (String::new(), 0);
            loop {
                let step = select_kept(pool, aggregate_type, &last, head).await?;
                let Some((id, sequence, ..)) = step.last() else { break };
                last = (id.clone(), *sequence);
                for (id, _, payload, recorded_at) in &step {
                    let event = Event::decode(aggregate_type, payload)?;
                    catalog.apply(id, &event, *recorded_at);
                    tenants.apply(id, &event);
                }
            }
        }
        let live = Self {
            catalog: RwLock::new(Arc::new(catalog)),
            tenants: RwLock::new(Arc::new(tenants)),
            ..Self::default()
        };
        Ok((live, head))
    }

    /// Folds the next events of the log, in order. Those of other aggregates are passed over.
    pub fn apply(&self, events: &[Recorded]) {
        if events.iter().any(|event| KEPT[..3].contains(&&*event.aggregate_type)) {
            let mut next = (*self.catalog()).clone();
            events.iter().for_each(|event| next.apply(&event.aggregate_id, &event.event, event.recorded_at));
            *self.catalog.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(next);
        }
        if events.iter().any(|event| &*event.aggregate_type == KEPT[3]) {
            let mut next = (*self.tenants()).clone();
            events.iter().for_each(|event| next.apply(&event.aggregate_id, &event.event));
            *self.tenants.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(next);
        }
        let mut failures = self.failures();
        let more = events.iter().map(|event| failures.apply(&event.aggregate_id, &event.event, event.recorded_at));
        if more.fold(false, |any, one| any | one) {
            self.more_failures.notify_one();
        }
    }

    /// The provider keys that have failed since they last did well, and how often.
    #[must_use]
    pub fn failures_in_a_row(&self) -> Vec<(ProviderKeyId, u32)> {
        self.failures().in_a_row()
    }

    /// How often a provider key has failed since it last did well.
    #[must_use]
    pub fn failures_of(&self, key_id: &ProviderKeyId) -> u32 {
        self.failures().of(key_id)
    }

    /// How the last calls with a provider key went, as far as this process has heard.
    #[must_use]
    pub fn tally_of(&self, key_id: &ProviderKeyId) -> Tally {
        self.failures().tally_of(key_id)
    }

    /// Waits until a provider key has failed once more. For one who waits at a time.
    pub async fn more_failures(&self) {
        self.more_failures.notified().await;
    }

    fn failures(&self) -> MutexGuard<'_, Failures> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The catalog as of now.
    #[must_use]
    pub fn catalog(&self) -> Arc<Catalog> {
        self.catalog.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The tenants as of now.
    #[must_use]
    pub fn tenants(&self) -> Arc<Tenants> {
        self.tenants.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The next events of one type of aggregate, stream by stream: `(aggregate id, sequence, payload, recorded at)`.
async fn select_kept(
    pool: &PgPool,
    aggregate_type: &str,
    (last_id, last_sequence): &(String, i64),
    head: i64,
) -> Result<Vec<(String, i64, String, DateTime<Utc>)>, sqlx::Error> {
    let sql = "select aggregate_id, sequence, payload::text, recorded_at from events
                where aggregate_type = $1 and (aggregate_id, sequence) > ($2, $3) and position <= $4
                order by aggregate_id, sequence limit $5";
    let query = sqlx::query(sql).bind(aggregate_type).bind(last_id).bind(last_sequence).bind(head);
    let rows = query.bind(EVENTS_A_STEP).fetch_all(pool).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?))).collect()
}
