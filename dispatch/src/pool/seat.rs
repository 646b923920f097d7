//! Places among the concurrent calls of keys, held by this process. One task renews all of them while there are any; a
//! place goes back when whatever holds it is dropped, and lapses when this process dies.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use limits::{Lease, Limits};

/// The leases that this process holds.
pub(super) struct Keeper {
    limits: Limits,
    lasts: Duration,
    held: Mutex<Held>,
    /// Called after a place went back.
    freed: Box<dyn Fn() + Send + Sync>,
}

#[derive(Default)]
struct Held {
    leases: HashMap<u64, Lease>,
    last: u64,
    renewing: bool,
}

/// Places that go back when this is dropped.
pub(crate) struct Seat {
    keeper: Arc<Keeper>,
    places: Vec<u64>,
}

impl Keeper {
    /// Holds nothing yet. A lease lasts so long without renewal.
    pub(super) fn new(limits: Limits, lasts: Duration, freed: Box<dyn Fn() + Send + Sync>) -> Arc<Self> {
        Arc::new(Self { limits, lasts, held: Mutex::default(), freed })
    }

    /// Keeps leases that were taken until the seat is dropped.
    pub(super) fn seat(self: &Arc<Self>, leases: impl IntoIterator<Item = Lease>) -> Seat {
        let mut held = self.held();
        let places = leases.into_iter().map(|lease| {
            held.last += 1;
            let place = held.last;
            held.leases.insert(place, lease);
            place
        });
        let places: Vec<u64> = places.collect();
        if !held.renewing && !held.leases.is_empty() {
            held.renewing = true;
            tokio::spawn(self.clone().renew());
        }
        drop(held);
        Seat { keeper: self.clone(), places }
    }

    async fn renew(self: Arc<Self>) {
        loop {
            tokio::time::sleep(self.lasts / 3).await;
            let leases: Vec<Lease> = {
                let mut held = self.held();
                held.renewing = !held.leases.is_empty();
                if !held.renewing {
                    return;
                }
                held.leases.values().cloned().collect()
            };
            // One connection carries them all, so that they go out together.
            futures::future::join_all(leases.iter().map(|lease| self.renew_one(lease))).await;
        }
    }

    async fn renew_one(&self, lease: &Lease) {
        match self.limits.renew(lease, self.lasts).await {
            Ok(true) => {}
            Ok(false) => tracing::warn!(key = lease.key, "a place lapsed while it was held, or was just given back"),
            Err(error) => tracing::warn!(%error, key = lease.key, "a place was not renewed"),
        }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    /// Holds the places of another as well.
    pub(super) fn join(&mut self, mut other: Self) {
        self.places.append(&mut other.places);
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let leases: Vec<Lease> = {
            let mut held = self.keeper.held();
            self.places.iter().filter_map(|place| held.leases.remove(place)).collect()
        };
        // Without a runtime the process ends, and the lease lapses by itself.
        let (Ok(runtime), false) = (tokio::runtime::Handle::try_current(), leases.is_empty()) else { return };
        let keeper = self.keeper.clone();
        runtime.spawn(async move {
            for lease in &leases {
                if let Err(error) = keeper.limits.release(lease).await {
                    tracing::warn!(%error, key = lease.key, "a place was not given back; it lapses by itself");
                }
            }
            (keeper.freed)();
        });
    }
}
