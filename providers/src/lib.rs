//! One folder per upstream (`ark`; others beside it): translate, call, translate back; and the two HTTP clients of the gateway.
//!
//! Callers see neutral types only: what to ask (`Call`), what came back, and errors that say their own fate. It never retries,
//! never chooses a key, never prices, and never writes a secret into an error or a log.

mod adapter;
mod answer;
mod ark;
mod call;
mod error;
pub mod http;
mod sse;
mod task;
mod usage;

pub use adapter::Adapter;
pub use answer::{ChatAnswer, ChatEvent, ChatStream, EmbeddingsAnswer, ImageItem, ImageSource, ImagesAnswer, Picture};
pub use call::{Call, Endpoint};
pub use error::{KeyAction, UpstreamError, Verdict, code};
pub use http::{Download, EgressAllow, Guarded, HttpClients, HttpError, Timeouts, Trusted};
pub use task::{CancelOutcome, FileKind, RemoteFile, TaskState, TaskStatus};
pub use usage::MAX_USAGE;
