//! Following the log: once a process, woken by NOTIFY, deciding by position, fanned out to whoever is interested.
//!
//! A lost notification or connection loses nothing: the position says where to go on.

use std::{sync::Arc, time::Duration};

use sqlx::{PgPool, postgres::PgListener};
use tokio::sync::{broadcast, watch};

use crate::{load::LoadError, log, work::Recorded};

/// How many batches a slow subscriber may lag behind before it has to read the log itself.
pub const SUBSCRIBER_BATCHES: usize = 1_024;
/// The channel of NOTIFY.
pub const CHANNEL: &str = "zephyr_log";
/// After this long without a notification the log is looked at all the same.
const LOOK_ANYWAY: Duration = Duration::from_secs(2);
/// The pause after a failure.
const PAUSE: Duration = Duration::from_millis(250);

/// Some consecutive events of the log.
pub type Events = Arc<[Recorded]>;

/// The one reader of the log in this process.
#[derive(Clone)]
pub struct Follower {
    events: broadcast::Sender<Events>,
    position: watch::Receiver<i64>,
}

impl Follower {
    /// Starts to follow after a position. `apply` is called for every batch in order, before any subscriber sees it;
    /// it keeps the in-memory read models of the process.
    pub fn start(pool: PgPool, after: i64, mut apply: impl FnMut(&[Recorded]) + Send + 'static) -> Self {
        let (events, _) = broadcast::channel(SUBSCRIBER_BATCHES);
        let (seen, position) = watch::channel(after);
        let follower = Self { events: events.clone(), position };
        tokio::spawn(async move {
            loop {
                let followed = follow(&pool, &mut apply, &events, &seen).await;
                // Nobody listens any more, or the process is about to end.
                if seen.is_closed() || pool.is_closed() {
                    return;
                }
                if let Err(error) = followed {
                    tracing::warn!(%error, "following the log was interrupted");
                }
                tokio::time::sleep(PAUSE).await;
            }
        });
        follower
    }

    /// All events from now on. A receiver that lags hears so, and reads the log from its last position.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Events> {
        self.events.subscribe()
    }

    /// The last position that was applied.
    #[must_use]
    pub fn position(&self) -> i64 {
        *self.position.borrow()
    }

    /// Waits until a position was applied. Returns false when `patience` ran out first.
    pub async fn reached(&self, position: i64, patience: Duration) -> bool {
        let mut seen = self.position.clone();
        let waiting = seen.wait_for(|applied| *applied >= position);
        matches!(tokio::time::timeout(patience, waiting).await, Ok(Ok(_)))
    }
}

async fn follow(
    pool: &PgPool,
    apply: &mut (impl FnMut(&[Recorded]) + Send),
    events: &broadcast::Sender<Events>,
    seen: &watch::Sender<i64>,
) -> Result<(), LoadError> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(CHANNEL).await?;
    loop {
        catch_up(pool, apply, events, seen).await?;
        if seen.is_closed() {
            return Ok(());
        }
        // `try_recv`, since `recv` hides that the connection was lost, and what was notified meanwhile with it.
        if let Ok(woken) = tokio::time::timeout(LOOK_ANYWAY, listener.try_recv()).await {
            woken?;
        }
    }
}

async fn catch_up(
    pool: &PgPool,
    apply: &mut (impl FnMut(&[Recorded]) + Send),
    events: &broadcast::Sender<Events>,
    seen: &watch::Sender<i64>,
) -> Result<(), LoadError> {
    loop {
        let position = *seen.borrow();
        let batch = log::read_after(pool, position, log::READ_AT_MOST).await?;
        let Some(last) = batch.last() else { return Ok(()) };
        let position = last.position;
        apply(&batch);
        // Nobody subscribed is no error.
        drop(events.send(batch.into()));
        seen.send_replace(position);
    }
}
