//! The sweep: what nobody can see any more goes for good: the bytes of files that were deleted or have expired, answers that
//! were kept for repeated requests, sessions that can't be renewed. Any number of workers may sweep, at the same time too.
//!
//! It never takes from the log, and never a prompt or an output that its owner can still see.

use std::{fmt::Display, time::Duration};

use dispatch::Dispatcher;
use store::{identity::Identity, purge::purge};
use tokio_util::sync::CancellationToken;

/// The most batches of each kind in one sweep; what is left waits for the next.
const BATCHES_AT_MOST: u32 = 50;

/// When a worker sweeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sweeping {
    /// The pause between two sweeps.
    pub every: Duration,
    /// How long bytes outlast the deletion or the expiry of their file: whoever reads them, or makes them, has to be done.
    pub files_kept_for: Duration,
}

pub(crate) async fn run(dispatcher: Dispatcher, identity: Identity, sweeping: Sweeping, shutdown: CancellationToken) {
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            // It may be cut off anywhere.
            () = sweep(&dispatcher, &identity, sweeping.files_kept_for) => {}
        }
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(sweeping.every) => {}
        }
    }
}

async fn sweep(dispatcher: &Dispatcher, identity: &Identity, files_kept_for: Duration) {
    let parts = dispatcher.parts();
    let now = parts.store.now();
    batches("files", || purge(&parts.assets, &parts.objects, now - files_kept_for, now)).await;
    batches("answers", || parts.contents.purge_replies(now)).await;
    batches("sessions", || identity.purge_sessions(now)).await;
}

/// One batch after the other until nothing is left to be done now.
async fn batches<E: Display, F>(what: &'static str, batch: impl Fn() -> F)
where
    F: Future<Output = Result<u64, E>>,
{
    for _ in 0..BATCHES_AT_MOST {
        match batch().await {
            Ok(0) => return,
            Ok(gone) => metrics::counter!("zephyr_swept_total", "what" => what).increment(gone),
            Err(error) => return tracing::warn!(%error, what, "the sweep goes on later"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test]
    async fn a_sweep_ends_with_the_work_with_an_error_and_with_its_bound() {
        let asked = Cell::new(0);
        let made = async |answer: fn(u32) -> Result<u64, &'static str>| {
            asked.set(0);
            let batch = || {
                asked.set(asked.get() + 1);
                std::future::ready(answer(asked.get()))
            };
            batches("files", batch).await;
            asked.get()
        };
        assert_eq!(made(|number| Ok(3 - u64::from(number))).await, 3, "until nothing is left");
        assert_eq!(made(|_| Err("the database is away")).await, 1);
        assert_eq!(made(|_| Ok(1)).await, BATCHES_AT_MOST, "the rest waits for the next sweep");
    }
}
