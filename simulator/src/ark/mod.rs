//! Volcengine Ark as its SDK and documentation show it: chat, images, video tasks, embeddings, models.
//! Null fields count as absent.

mod catalog;
mod chat;
mod embeddings;
mod image_sizes;
mod images;
mod models;
mod refusal;
mod replies;
mod tasks;
mod video_ageing;
mod video_content;
mod video_create;
mod video_models;
mod video_params;
mod video_queries;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::response::Response;
use axum::routing::{get, post};

use crate::Sim;
use crate::calls::{Answer, Refusal};
use crate::incoming::{self, Dialect, Incoming, Op, Work};

pub use tasks::Ark;
pub use video_ageing::resume;

/// The largest body, as the provider's limit for video inputs.
const MAX_BODY: usize = 64 << 20;

/// All of Ark's paths; callers are the gateway and Ark's own SDK.
pub fn routes() -> Router<Arc<Sim>> {
    let tasks = get(video_queries::list).post(video_create::create);
    let task = get(video_queries::get).delete(video_queries::delete);
    Router::new()
        .route("/ark/api/v3/chat/completions", post(chat::complete))
        .route("/ark/api/v3/images/generations", post(images::generate))
        .route("/ark/api/v3/contents/generations/tasks", tasks)
        .route("/ark/api/v3/contents/generations/tasks/{id}", task)
        .route("/ark/api/v3/embeddings", post(embeddings::texts))
        .route("/ark/api/v3/embeddings/multimodal", post(embeddings::multimodal))
        .route("/ark/api/v3/models", get(models::list))
        .layer(DefaultBodyLimit::max(MAX_BODY))
}

/// How Ark speaks.
const ARK: Dialect = Dialect {
    provider: "ark",
    shape: refusal::shape,
    bad_key: refusal::bad_key,
    bad_body: |why| refusal::invalid("body", why),
};

/// One call through its phases; `work` refuses or makes the answer.
async fn run(
    State(sim): State<Arc<Sim>>,
    incoming: Incoming,
    op: &str,
    task_id: Option<&str>,
    work: impl FnOnce(Work<'_>) -> Result<Answer, Refusal>,
) -> Response {
    incoming::run(&ARK, &sim, &incoming, Op { name: op, task_id }, work).await
}
