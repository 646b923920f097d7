//! Runway as its SDK and documentation show it: videos and images by tasks that age, and the organization.
//! Null fields count as absent, names are camelCase, and `X-Runway-Version` must be there.
//!
//! | file | what it holds |
//! |---|---|
//! | `models` | what each model takes, and what it costs |
//! | `reading` | reading a body strictly, with an issue for everything that is wrong |
//! | `create` | the three calls that make a task |
//! | `tasks`, `queries` | how tasks age, reading and deleting them, the organization |

mod create;
mod models;
mod queries;
mod reading;
mod refusal;
mod tasks;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::response::Response;
use axum::routing::{get, post};

use crate::Sim;
use crate::calls::{Answer, Refusal};
use crate::incoming::{self, Dialect, Incoming, Op, Work};

pub use tasks::Runway;

/// The largest body: several pictures in data URIs.
const MAX_BODY: usize = 32 << 20;
/// The only version of the API.
const VERSION: &str = "2024-11-06";

/// How Runway speaks.
const RUNWAY: Dialect =
    Dialect { provider: "runway", shape: refusal::shape, bad_key: refusal::bad_key, bad_body: refusal::bad_body };

/// All of Runway's paths; callers are the gateway and Runway's own SDK.
pub fn routes() -> Router<Arc<Sim>> {
    Router::new()
        .route("/runway/v1/image_to_video", post(create::image_to_video))
        .route("/runway/v1/text_to_video", post(create::text_to_video))
        .route("/runway/v1/text_to_image", post(create::text_to_image))
        .route("/runway/v1/tasks/{id}", get(queries::task).delete(queries::delete))
        .route("/runway/v1/organization", get(queries::organization))
        .layer(DefaultBodyLimit::max(MAX_BODY))
}

/// One call through its phases; `work` refuses or makes the answer.
async fn run(
    State(sim): State<Arc<Sim>>,
    incoming: Incoming,
    op: &str,
    task_id: Option<&str>,
    work: impl FnOnce(Work<'_>) -> Result<Answer, Refusal>,
) -> Response {
    incoming::run(&RUNWAY, &sim, &incoming, Op { name: op, task_id }, |asked| {
        match asked.incoming.header("x-runway-version") {
            Some(VERSION) => work(asked),
            _ => Err(refusal::bad_version()),
        }
    })
    .await
}
