//! One folder per upstream (`ark`, `openai`, …): translate, call, translate back; and the two HTTP clients of the gateway.
//!
//! Callers see neutral types only: what to ask (`Call`), what came back, and errors that say their own fate. It never retries,
//! never chooses a key, never prices, and never writes a secret into an error or a log.
//!
//! | file | what it holds |
//! |---|---|
//! | `adapter` | the registry: every provider by name |
//! | `provider` | what a provider can be asked |
//! | `wire` | one call over HTTP: headers, body, what a lost connection means |
//! | `refusal` | what error codes mean, for each provider's own table |
//! | `completions` | chat in the shape that OpenAI gave it, whole and streamed |
//! | `usage` | what was used, read with suspicion |

mod adapter;
mod answer;
mod ark;
mod call;
mod completions;
mod error;
pub mod http;
mod openai;
mod provider;
mod refusal;
mod runway;
mod sse;
mod task;
mod usage;
mod wire;

pub use adapter::Adapter;
pub use answer::{ChatAnswer, ChatEvent, ChatStream, EmbeddingsAnswer, ImageItem, ImageSource, ImagesAnswer, Picture};
pub use call::{Call, Endpoint};
pub use error::{KeyAction, UpstreamError, Verdict, code};
pub use http::{Download, EgressAllow, Guarded, HttpClients, HttpError, Timeouts, Trusted};
pub use provider::Provider;
pub use task::{CancelOutcome, FileKind, RemoteFile, TaskState, TaskStatus};
pub use usage::MAX_USAGE;
