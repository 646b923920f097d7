//! Generation: requests that become jobs, and what follows them.
//!
//! | file | what it does |
//! |---|---|
//! | `prepare` | validates, fills in defaults, prices: a request becomes a job that may be submitted |
//! | `submit` | submits what a worker is to carry out, once |
//! | `idempotency` | the same request again is answered as before |
//! | `refusal` | what dispatch could not do, in the words of the API |
//! | `chat`, `embeddings`, `images`, `edits` | OpenAI-compatible routes, answered while the caller waits |
//! | `videos/` | OpenAI's videos over the jobs that make them |
//! | `size` | which of a model's resolutions and ratios a size in pixels is |
//! | `body` | a body with files: a form, or JSON that names them |
//! | `jobs/` | the native routes: submit, list, show, cancel, events |
//! | `frames` | unnumbered progress and text, fanned out within this process |
//! | `watch` | the numbered events of a job, from any number on |
//! | `ws` | the WebSocket |
//! | `callback` | an upstream says that something changed: a timer is hastened, nothing is believed |

mod body;
pub mod callback;
pub mod chat;
pub mod edits;
pub mod embeddings;
pub mod frames;
pub mod idempotency;
pub mod images;
pub mod jobs;
pub mod prepare;
mod refusal;
pub mod running;
mod size;
pub mod submit;
pub mod videos;
pub mod watch;
pub mod ws;

use axum::{
    http::{HeaderName, HeaderValue},
    response::Response,
};
use domain::{Credits, id::JobId};

/// What an answer was charged, in credits.
pub const COST: HeaderName = HeaderName::from_static("x-zephyr-cost");
/// The job behind an answer.
pub const JOB_ID: HeaderName = HeaderName::from_static("x-zephyr-job-id");

/// Names the job behind an answer, and what it was charged once that is known.
fn label(response: &mut Response, job_id: &JobId, cost: Option<Credits>) {
    let headers = response.headers_mut();
    headers.insert(JOB_ID, HeaderValue::from_str(job_id.as_str()).expect("an id is ASCII"));
    if let Some(cost) = cost {
        headers.insert(COST, HeaderValue::from_str(&cost.to_string()).expect("an amount is ASCII"));
    }
}
