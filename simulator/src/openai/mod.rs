//! OpenAI as its SDK and documentation show it: chat, embeddings, images, models, and the retired videos.
//! Null fields count as absent; what has files comes as a form.
//!
//! | file | what it holds |
//! |---|---|
//! | `models` | which models there are, and what each is for |
//! | `forms` | a form as the JSON that would say the same |
//! | `chat`, `replies` | chat completions, whole and streamed |
//! | `embeddings`, `images`, `image_params` | vectors; images from texts and from images |
//! | `videos`, `video_tasks` | the videos, and how they age |
//! | `refusal`, `headers` | OpenAI's errors, and the headers of every answer |

mod chat;
mod embeddings;
mod forms;
mod headers;
mod image_params;
mod images;
mod models;
mod refusal;
mod replies;
mod video_tasks;
mod videos;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::response::Response;
use axum::routing::{get, post};

use crate::Sim;
use crate::calls::{Answer, Refusal};
use crate::incoming::{self, Dialect, Incoming, Op, Work};

pub use video_tasks::OpenAi;

/// The largest body: sixteen images and some room.
const MAX_BODY: usize = 128 << 20;

/// How OpenAI speaks.
const OPENAI: Dialect =
    Dialect { provider: "openai", shape: refusal::shape, bad_key: refusal::bad_key, bad_body: refusal::bad_body };

/// All of OpenAI's paths; callers are the gateway and OpenAI's own SDK.
pub fn routes() -> Router<Arc<Sim>> {
    Router::new()
        .route("/openai/v1/chat/completions", post(chat::complete))
        .route("/openai/v1/embeddings", post(embeddings::embed))
        .route("/openai/v1/images/generations", post(images::generate))
        .route("/openai/v1/images/edits", post(images::edit))
        .route("/openai/v1/models", get(models::list))
        .route("/openai/v1/models/{id}", get(models::show))
        .route("/openai/v1/videos", get(videos::list).post(videos::create))
        .route("/openai/v1/videos/{id}", get(videos::show).delete(videos::delete))
        .route("/openai/v1/videos/{id}/content", get(videos::content))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(axum::middleware::from_fn(headers::add))
}

/// One call through its phases; `work` refuses or makes the answer.
async fn run(
    State(sim): State<Arc<Sim>>,
    incoming: Incoming,
    (op, task_id): (&str, Option<&str>),
    work: impl FnOnce(Work<'_>) -> Result<Answer, Refusal>,
) -> Response {
    let read = forms::read(&incoming).await;
    let op = Op { name: op, task_id };
    incoming::run_on(&OPENAI, &sim, &incoming, read, op, |asked| work(asked).map_err(refusal::in_our_words)).await
}
