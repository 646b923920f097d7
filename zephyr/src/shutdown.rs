//! When to stop: SIGTERM or SIGINT asks every role to end what it has begun, within a bound.

use std::time::Duration;

use anyhow::Context as _;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// A token that is cancelled by SIGTERM or SIGINT.
///
/// # Errors
/// When the signals can't be listened to.
pub fn on_signals() -> anyhow::Result<CancellationToken> {
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM can't be listened to")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT can't be listened to")?;
    let stop = CancellationToken::new();
    let stopped = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => tracing::info!("asked to stop by SIGTERM"),
            _ = interrupt.recv() => tracing::info!("asked to stop by SIGINT"),
        }
        stopped.cancel();
    });
    Ok(stop)
}

/// Waits for the end of something after `stop`, but not longer than `within`.
///
/// # Errors
/// What it ended with; or that it had to be cut off.
pub async fn bounded<T>(
    what: &str,
    stop: &CancellationToken,
    within: Duration,
    running: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<Option<T>> {
    tokio::pin!(running);
    tokio::select! {
        ended = &mut running => return ended.map(Some),
        () = stop.cancelled() => {}
    }
    match tokio::time::timeout(within, running).await {
        Ok(ended) => ended.map(Some),
        Err(_) => {
            tracing::warn!(what, within_ms = within.as_millis(), "cut off: it did not end in time");
            Ok(None)
        }
    }
}
