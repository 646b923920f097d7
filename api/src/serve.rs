//! Listening: connections without Nagle's delay that notice when their peer is gone, and an end that waits for running
//! answers, but not for ever.

use std::{future::Future, net::SocketAddr, time::Duration};

use axum::serve::ListenerExt as _;
use socket2::{SockRef, TcpKeepalive};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::oneshot,
};

use crate::{router::router, state::AppState};

/// After so long a silence a connection asks whether its peer is still there.
const SILENT_FOR: Duration = Duration::from_secs(60);
/// How often it asks, before the peer counts as gone.
const ASKED: u32 = 4;
/// The pause between two such questions.
const ASK_EVERY: Duration = Duration::from_secs(15);
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
    let listener = listener.tap_io(tune);
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

/// Small writes leave at once: a streamed token never waits for the one before it to be acknowledged. A peer that vanished
/// without a word is noticed: nothing is kept for it for ever.
fn tune(stream: &mut TcpStream) {
    let asking = TcpKeepalive::new().with_time(SILENT_FOR).with_interval(ASK_EVERY).with_retries(ASKED);
    let tuned = stream.set_nodelay(true).and_then(|()| SockRef::from(&*stream).set_tcp_keepalive(&asking));
    if let Err(error) = tuned {
        tracing::debug!(%error, "a connection stays as it came");
    }
}

#[cfg(test)]
mod tests {
    use axum::serve::Listener;

    use super::*;

    #[tokio::test]
    async fn an_accepted_connection_has_no_delay_and_notices_a_peer_that_is_gone() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let mut listener = listener.tap_io(tune);
        let (client, (accepted, _)) = tokio::join!(TcpStream::connect(address), Listener::accept(&mut listener));
        client.expect("it connects");
        let accepted = SockRef::from(&accepted);
        assert!(accepted.tcp_nodelay().expect("a socket has options"));
        assert!(accepted.keepalive().expect("a socket has options"));
        let asks = (accepted.tcp_keepalive_time(), accepted.tcp_keepalive_interval(), accepted.tcp_keepalive_retries());
        assert_eq!(asks.0.expect("a time"), SILENT_FOR);
        assert_eq!((asks.1.expect("a pause"), asks.2.expect("a number")), (ASK_EVERY, ASKED));
    }
}
