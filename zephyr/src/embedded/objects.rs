//! The embedded object storage: S3 over a directory, on loopback, for one machine.
//!
//! It checks signatures like any other S3, so that the gateway can't tell the difference. Never for production.

use std::{io, path::Path};

use axum::{
    Router,
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
    serve::ListenerExt as _,
};
use s3s::{
    auth::SimpleAuth,
    service::{S3Service, S3ServiceBuilder},
};
use s3s_fs::FileSystem;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Serves the directory `root` as S3 until `shutdown`; each bucket is a directory within it.
///
/// # Errors
/// When the directory can't be made or used, or the listener fails.
pub async fn serve(
    root: &Path,
    access_key: &str,
    secret_key: &str,
    listener: TcpListener,
    shutdown: CancellationToken,
) -> io::Result<()> {
    tokio::fs::create_dir_all(root).await?;
    let files = FileSystem::new(root).map_err(|error| io::Error::other(format!("{error:?}")))?;
    let mut builder = S3ServiceBuilder::new(files);
    builder.set_auth(SimpleAuth::from_single(access_key, secret_key));
    let router = Router::new().fallback(answer).with_state(builder.build());
    let listener = listener.tap_io(|socket| {
        if let Err(error) = socket.set_nodelay(true) {
            tracing::debug!(%error, "embedded object storage: the socket keeps its delay");
        }
    });
    axum::serve(listener, router).with_graceful_shutdown(shutdown.cancelled_owned()).await
}

async fn answer(State(service): State<S3Service>, request: Request) -> Response {
    match service.call(request.map(s3s::Body::http_body_unsync)).await {
        Ok(response) => response.map(axum::body::Body::new).into_response(),
        Err(error) => {
            tracing::error!(?error, "embedded object storage: a request failed");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
