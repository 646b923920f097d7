//! The timers: claims what is due and hands each duty to dispatch. A claim is a lease that is renewed while its duty is
//! handled, so a worker that dies with one leaves it to the others within a lease, however long duties take.

use std::{convert::Infallible, time::Duration};

use dispatch::{Dispatcher, HandleError, Next, duty};
use futures::{StreamExt, stream};
use store::timers::{self, DueTimer};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// The most duties that are claimed at a time.
const CLAIM_AT_MOST: i64 = 256;
/// How many duties other than polls are handled at a time.
const CONCURRENT: usize = 16;
/// How many batches of duties are handled at a time: one that copies a large output never holds up the others.
const BATCHES_AT_MOST: usize = 8;
/// The longest sleep: somebody else may set an earlier duty.
const TICK: Duration = Duration::from_millis(250);
/// The pause after the database was out of reach.
const PAUSE: Duration = Duration::from_secs(1);

pub(crate) async fn run(dispatcher: Dispatcher, name: String, shutdown: CancellationToken) {
    let mut batches = JoinSet::new();
    while !shutdown.is_cancelled() {
        let pause = match claim_due(&dispatcher, &name).await {
            Ok(due) if due.is_empty() => TICK,
            Ok(due) => {
                batches.spawn(handle_batch(dispatcher.clone(), name.clone(), due));
                Duration::ZERO
            }
            Err(error) => {
                tracing::warn!(%error, "timers can't be read");
                PAUSE
            }
        };
        tokio::select! {
            () = shutdown.cancelled() => break,
            () = tokio::time::sleep(pause), if batches.len() < BATCHES_AT_MOST => {}
            Some(_) = batches.join_next(), if batches.len() >= BATCHES_AT_MOST => {}
        }
        while batches.try_join_next().is_some() {}
    }
    while batches.join_next().await.is_some() {}
}

async fn claim_due(dispatcher: &Dispatcher, name: &str) -> Result<Vec<DueTimer>, store::DatabaseError> {
    let parts = dispatcher.parts();
    let now = parts.store.now();
    timers::claim(parts.store.pool(), name, CLAIM_AT_MOST, now, now + parts.ages.lease).await
}

/// Handles duties that were claimed together, so that all tasks of a provider key are asked for in one call.
async fn handle_batch(dispatcher: Dispatcher, name: String, due: Vec<DueTimer>) {
    let (dispatcher, name) = (&dispatcher, name.as_str());
    let claimed: Vec<String> = due.iter().map(|timer| timer.reference.clone()).collect();
    let (polls, others): (Vec<_>, Vec<_>) = due.into_iter().partition(|timer| timer.kind == duty::POLL);
    let polling = async {
        let nexts = if polls.is_empty() { vec![] } else { dispatcher.poll(&polls).await };
        for (timer, next) in polls.iter().zip(nexts) {
            close(dispatcher, name, timer, next).await;
        }
    };
    let handling = others.into_iter().map(|timer| handle_and_close(dispatcher.clone(), name.to_owned(), timer));
    let handling = stream::iter(handling).buffer_unordered(CONCURRENT).collect::<()>();
    tokio::select! {
        ((), ()) = async { tokio::join!(polling, handling) } => {}
        never = renew_claims(dispatcher, name, &claimed) => match never {},
    }
}

/// Keeps claims alive for as long as it is polled.
async fn renew_claims(dispatcher: &Dispatcher, name: &str, claimed: &[String]) -> Infallible {
    let parts = dispatcher.parts();
    loop {
        tokio::time::sleep(parts.ages.lease / 3).await;
        let until = parts.store.now() + parts.ages.lease;
        if let Err(error) = timers::renew_claims(parts.store.pool(), name, claimed, until).await {
            tracing::warn!(%error, "claims on duties were not renewed");
        }
    }
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
