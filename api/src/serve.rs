//! Listening: connections without Nagle's delay, and an end that waits for running answers, but not for ever.

use std::{future::Future, net::SocketAddr, time::Duration};

use axum::serve::ListenerExt as _;
use tokio::{net::TcpListener, sync::oneshot};

use crate::{router::router, state::AppState};

/// How long running answers may go on once the end was asked for.
pub const DRAIN_WITHIN: Duration = Duration::from_secs(25);

/// Serves until `shutdown`, then waits for running answers, at most [`DRAIN_WITHIN`].
///
/// # Errors
/// When the listener breaks.
pub async fn serve(
    listener: TcpListener,
    state: AppState,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps Nagle's delay");
        }
    });
    let (asked, ending) = oneshot::channel::<()>();
    let service = router(state).into_make_service_with_connect_info::<SocketAddr>();
    let serving = axum::serve(listener, service).with_graceful_shutdown(async move {
        shutdown.await;
        drop(asked);
    });
    let cut_off = async {
        // It ends by being dropped; that is the signal.
        drop(ending.await);
        tokio::time::sleep(DRAIN_WITHIN).await;
    };
    tokio::select! {
        served = serving => served,
        () = cut_off => {
            tracing::warn!(drain_within_s = DRAIN_WITHIN.as_secs(), "answers that still ran were cut off");
            Ok(())
        }
    }
}
