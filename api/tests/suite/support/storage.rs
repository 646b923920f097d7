//! An S3 service on loopback with a directory of its own.

use std::path::PathBuf;

use axum::{
    Router,
    extract::{Request, State},
    response::{IntoResponse as _, Response},
};
use s3s::{
    auth::SimpleAuth,
    service::{S3Service, S3ServiceBuilder},
};
use store::objects::{Objects, ObjectsConfig};
use tokio::{net::TcpListener, task::JoinHandle};
use uuid::Uuid;

const ACCESS_KEY: &str = "access";
const SECRET_KEY: &str = "a secret key";

/// The service, until it is dropped.
pub struct Storage {
    directory: PathBuf,
    serving: JoinHandle<()>,
}

impl Storage {
    /// Starts it, with the bucket made.
    pub async fn start() -> (Self, Objects) {
        let directory = std::env::temp_dir().join(format!("api-objects-{}", Uuid::new_v4().simple()));
        std::fs::create_dir(&directory).expect("the directory is new");
        let mut builder = S3ServiceBuilder::new(s3s_fs::FileSystem::new(&directory).expect("it can be used"));
        builder.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
        let router = Router::new().fallback(answer).with_state(builder.build());
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port is free");
        let endpoint = format!("http://{}", listener.local_addr().expect("it is bound"));
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.expect("it serves") });
        let config = ObjectsConfig {
            endpoint,
            bucket: "zephyr".into(),
            region: "us-east-1".into(),
            access_key: ACCESS_KEY.into(),
            secret_key: SECRET_KEY.into(),
        };
        let objects = Objects::new(&config).expect("the configuration is right");
        objects.ensure_bucket().await.expect("it is made");
        (Self { directory, serving }, objects)
    }
}

impl Drop for Storage {
    fn drop(&mut self) {
        self.serving.abort();
        drop(std::fs::remove_dir_all(&self.directory));
    }
}

async fn answer(State(service): State<S3Service>, request: Request) -> Response {
    let response = service.call(request.map(s3s::Body::http_body_unsync)).await.expect("the service answers");
    response.map(axum::body::Body::new).into_response()
}
