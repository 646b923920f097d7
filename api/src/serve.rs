//! Listening: connections without Nagle's delay, and an end that waits for running answers, but not for ever.

use std::{future::Future, net::SocketAddr, time::Duration};

use axum::serve::ListenerExt as _;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::oneshot,
};

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
    let listener = listener.tap_io(without_delay);
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

/// Small writes leave at once: a streamed token never waits for the one before it to be acknowledged.
fn without_delay(stream: &mut TcpStream) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection keeps Nagle's delay");
    }
}

#[cfg(test)]
mod tests {
    use axum::serve::Listener;

    use super::*;

    #[tokio::test]
    async fn an_accepted_connection_has_no_delay() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let mut listener = listener.tap_io(without_delay);
        let (client, (accepted, _)) = tokio::join!(TcpStream::connect(address), Listener::accept(&mut listener));
        client.expect("it connects");
        assert!(accepted.nodelay().expect("a socket has options"));
    }
}
