//! The timers: claims what is due and hands each duty to dispatch. A claim is a lease, so a worker that dies with one
//! leaves it to the others.

use std::time::Duration;

use dispatch::{Dispatcher, HandleError, Next, duty};
use futures::{StreamExt, stream};
use store::timers::{self, DueTimer};
use tokio_util::sync::CancellationToken;

/// The most duties that are claimed at a time.
const CLAIM_AT_MOST: i64 = 256;
/// How many duties other than polls are handled at a time.
const CONCURRENT: usize = 16;
/// How long a claim lasts. An output of the largest size is copied in less.
const CLAIM: Duration = Duration::from_mins(5);
/// The longest sleep: somebody else may set an earlier duty.
const TICK: Duration = Duration::from_millis(250);
/// The pause after the database was out of reach.
const PAUSE: Duration = Duration::from_secs(1);

pub(crate) async fn run(dispatcher: Dispatcher, name: String, shutdown: CancellationToken) {
    while !shutdown.is_cancelled() {
        let pause = match handle_due(&dispatcher, &name).await {
            Ok(0) => TICK,
            Ok(_) => continue,
            Err(error) => {
                tracing::warn!(%error, "timers can't be read");
                PAUSE
            }
        };
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

async fn handle_due(dispatcher: &Dispatcher, name: &str) -> Result<usize, store::DatabaseError> {
    let store = &dispatcher.parts().store;
    let now = store.now();
    let due = timers::claim(store.pool(), name, CLAIM_AT_MOST, now, now + CLAIM).await?;
    let count = due.len();
    let (polls, others): (Vec<_>, Vec<_>) = due.into_iter().partition(|timer| timer.kind == duty::POLL);
    let polling = async {
        let nexts = if polls.is_empty() { vec![] } else { dispatcher.poll(&polls).await };
        for (timer, next) in polls.iter().zip(nexts) {
            close(dispatcher, name, timer, next).await;
        }
    };
    let handling = others.into_iter().map(|timer| handle_and_close(dispatcher.clone(), name.to_owned(), timer));
    let handling = stream::iter(handling).buffer_unordered(CONCURRENT).collect::<()>();
    tokio::join!(polling, handling);
    Ok(count)
}

async fn handle_and_close(dispatcher: Dispatcher, name: String, timer: DueTimer) {
    let next = handle(&dispatcher, &timer).await.unwrap_or_else(|error| {
        tracing::warn!(%error, job_id = timer.reference, kind = timer.kind, "a duty is put off");
        Next::Again
    });
    close(&dispatcher, &name, &timer, next).await;
}

async fn handle(dispatcher: &Dispatcher, timer: &DueTimer) -> Result<Next, HandleError> {
    match timer.kind.as_str() {
        duty::DISPATCH => dispatcher.dispatch_due(timer).await,
        duty::LEASE => dispatcher.lease_lapsed(timer).await,
        duty::RECONCILE => dispatcher.reconcile(timer).await,
        other => {
            tracing::error!(kind = other, "a duty of an unknown kind is dropped");
            Ok(Next::Drop)
        }
    }
}

async fn close(dispatcher: &Dispatcher, name: &str, timer: &DueTimer, next: Next) {
    let parts = dispatcher.parts();
    let pool = parts.store.pool();
    let closed = match next {
        Next::Replaced => return,
        Next::Drop => timers::drop_duty(pool, timer, name).await,
        Next::Again => {
            let pause = match timer.kind.as_str() {
                duty::POLL => parts.ages.poll_every,
                duty::DISPATCH => parts.ages.redispatch,
                _ => parts.ages.reconcile_every,
            };
            timers::put_off(pool, timer, name, parts.store.now() + pause).await
        }
    };
    if let Err(error) = closed {
        tracing::warn!(%error, job_id = timer.reference, "a claim on a duty lapses by itself");
    }
}
