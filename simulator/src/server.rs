//! Accepts connections and serves the routes; drops a connection without an answer where a fault wants that.
//! It speaks HTTP/1.1 only and serves at most 4,096 connections at once.

use std::io;
use std::sync::Arc;

use axum::Router;
use axum::response::Response;
use futures::TryFutureExt;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tower::ServiceExt;

use crate::calls::DropConnection;
use crate::{Config, Simulator};

const MAX_CONNECTIONS: usize = 4_096;
/// Before the next accept when one failed (no file descriptors left).
const ACCEPT_PAUSE: std::time::Duration = std::time::Duration::from_millis(100);

/// Serves a simulator until `shutdown` ends, then drops what is open, like a machine that is switched off.
pub async fn serve(listener: TcpListener, config: Config, shutdown: impl Future<Output = ()>) -> io::Result<()> {
    let router = Simulator::new(config)?.router();
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut connections = JoinSet::new();
    tokio::pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            Some(_) = connections.join_next() => {}
            place = accept(&listener, &places) => match place {
                Ok((stream, place)) => {
                    let router = router.clone();
                    connections.spawn(async move {
                        connection(stream, router).await;
                        drop(place);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "the simulator can't accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
    connections.shutdown().await;
    Ok(())
}

type Place = tokio::sync::OwnedSemaphorePermit;

async fn accept(listener: &TcpListener, places: &Arc<Semaphore>) -> io::Result<(TcpStream, Place)> {
    let place = places.clone().acquire_owned().await.map_err(io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    stream.set_nodelay(true)?;
    Ok((stream, place))
}

async fn connection(stream: TcpStream, router: Router) {
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let answer = router.clone().oneshot(request.map(axum::body::Body::new));
        answer.map_err(|never| match never {}).and_then(|response| async { keep_or_drop(response) })
    });
    let served = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
    if let Err(error) = served {
        tracing::debug!(%error, "a connection to the simulator ended early");
    }
}

fn keep_or_drop(response: Response) -> io::Result<Response> {
    match response.extensions().get::<DropConnection>() {
        Some(_) => Err(io::Error::other("the answer is lost by a fault")),
        None => Ok(response),
    }
}
