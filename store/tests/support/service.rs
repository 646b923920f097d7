//! A real S3 service on loopback, in this process and over a directory of its own. It can be told to fail its next requests.

use std::{
    io,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

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
use store::objects::{Objects, ObjectsConfig};
use tokio::{net::TcpListener, task::JoinHandle};
use uuid::Uuid;

/// Who the clients are.
pub const ACCESS_KEY: &str = "access";
/// What proves it.
pub const SECRET_KEY: &str = "a secret key";

/// An S3 service on loopback with a directory of its own; it can be told to fail its next requests.
pub struct Service {
    /// Its URL.
    pub endpoint: String,
    /// Where its objects are.
    pub directory: PathBuf,
    /// How many of the next requests it fails.
    pub failures: Arc<AtomicUsize>,
    /// Its task: a service that is aborted is gone.
    pub serving: JoinHandle<io::Result<()>>,
}

impl Service {
    /// Starts one, without a bucket.
    pub async fn start() -> Self {
        let directory = std::env::temp_dir().join(format!("store-objects-{}", Uuid::new_v4().simple()));
        std::fs::create_dir(&directory).expect("the directory is new");
        let mut builder = S3ServiceBuilder::new(s3s_fs::FileSystem::new(&directory).expect("it can be used"));
        builder.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
        let failures = Arc::new(AtomicUsize::new(0));
        let router = Router::new().fallback(answer).with_state((builder.build(), failures.clone()));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port is free");
        let endpoint = format!("http://{}", listener.local_addr().expect("it is bound"));
        let serving = tokio::spawn(async move { axum::serve(listener, router).await });
        Self { endpoint, directory, failures, serving }
    }

    /// A client with this secret.
    pub fn objects(&self, secret_key: &str) -> Objects {
        let config = ObjectsConfig {
            endpoint: self.endpoint.clone(),
            bucket: "zephyr".into(),
            region: "us-east-1".into(),
            access_key: ACCESS_KEY.into(),
            secret_key: secret_key.into(),
        };
        Objects::new(&config).expect("the configuration is right")
    }

    /// One with a bucket, and a client that may use it.
    pub async fn with_bucket() -> (Self, Objects) {
        let service = Self::start().await;
        let objects = service.objects(SECRET_KEY);
        objects.ensure_bucket().await.expect("it is made");
        (service, objects)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.serving.abort();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

async fn answer(State((service, failures)): State<(S3Service, Arc<AtomicUsize>)>, request: Request) -> Response {
    if failures.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok() {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let response = service.call(request.map(s3s::Body::http_body_unsync)).await.expect("the service answers");
    response.map(axum::body::Body::new).into_response()
}
