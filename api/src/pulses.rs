//! How each capability did in the last day, asked of the read models once a minute, so that no page waits for it.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock, Weak},
    time::Duration,
};

use chrono::TimeDelta;
use domain::capability::CapabilityKind;
use projections::ReadModels;
use store::Store;
use templates_maud::portal::about::Pulse;
use tokio::time::MissedTickBehavior;

/// How often it is asked.
const EVERY: Duration = Duration::from_secs(60);
/// Of how long it tells.
const OF: TimeDelta = TimeDelta::hours(24);

type Known = RwLock<HashMap<(String, String), Pulse>>;

/// How each capability did, as this process last heard.
#[derive(Clone, Debug)]
pub struct Pulses(Arc<Known>);

impl Pulses {
    /// Begins to ask, until nobody holds it any longer.
    #[must_use]
    pub fn watch(store: Store, reads: ReadModels) -> Self {
        let known = Arc::new(Known::default());
        let watching = Arc::downgrade(&known);
        tokio::spawn(ask(store, reads, watching));
        Self(known)
    }

    /// How a capability of a model did; of one that nobody used, nothing.
    #[must_use]
    pub fn of(&self, model: &str, kind: CapabilityKind) -> Pulse {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.get(&(model.to_owned(), kind.name().to_owned())).copied().unwrap_or_default()
    }
}

async fn ask(store: Store, reads: ReadModels, known: Weak<Known>) {
    let mut tick = tokio::time::interval(EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        let rows = reads.pulses(store.now() - OF).await;
        let Some(known) = known.upgrade() else { return };
        match rows {
            Ok(rows) => {
                let pulses = rows.into_iter().map(|row| {
                    let pulse = Pulse { ended: row.ended, succeeded: row.succeeded, median_ms: row.median_ms };
                    ((row.model, row.capability), pulse)
                });
                *known.write().unwrap_or_else(PoisonError::into_inner) = pulses.collect();
            }
            Err(error) => tracing::warn!(%error, "how capabilities did can't be read"),
        }
    }
}
