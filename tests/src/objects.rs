//! S3 over a folder, in this process, so that killing the gateway never kills what stands for a bucket elsewhere.

use std::path::Path;

use anyhow::anyhow;
use axum::{
    Router,
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use s3s::{
    auth::SimpleAuth,
    service::{S3Service, S3ServiceBuilder},
};
use tokio::{net::TcpListener, task::AbortHandle};

/// The key that it takes.
pub const ACCESS_KEY: &str = "tests";
/// What proves it.
pub const SECRET_KEY: &str = "tests-object-storage";
/// The bucket that is there.
pub const BUCKET: &str = "zephyr";

/// Serves until it is dropped.
#[derive(Debug)]
pub struct ObjectStore {
    endpoint: String,
    serving: AbortHandle,
}

impl ObjectStore {
    /// Serves a folder, with one empty bucket in it.
    ///
    /// # Errors
    /// When the folder can't be used, or no port can be had.
    pub async fn serve(folder: &Path) -> anyhow::Result<Self> {
        tokio::fs::create_dir_all(folder.join(BUCKET)).await?;
        let files = s3s_fs::FileSystem::new(folder).map_err(|error| anyhow!("{error:?}"))?;
        let mut builder = S3ServiceBuilder::new(files);
        builder.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
        let router = Router::new().fallback(answer).with_state(builder.build());
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let serving = tokio::spawn(async move { axum::serve(listener, router).await }).abort_handle();
        Ok(Self { endpoint, serving })
    }

    /// The settings of a gateway that keeps its objects here.
    #[must_use]
    pub fn variables(&self) -> Vec<(String, String)> {
        let settings = [
            ("S3_ENDPOINT", self.endpoint.as_str()),
            ("S3_BUCKET", BUCKET),
            ("S3_ACCESS_KEY", ACCESS_KEY),
            ("S3_SECRET_KEY", SECRET_KEY),
        ];
        settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
    }
}

impl Drop for ObjectStore {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn answer(State(service): State<S3Service>, request: Request) -> Response {
    match service.call(request.map(s3s::Body::http_body_unsync)).await {
        Ok(response) => response.map(axum::body::Body::new).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
