//! What every request goes through: its id, its body, its address, its limits.
//!
//! | file | what |
//! |---|---|
//! | `observe` | the outermost layer: id, span, metrics, and the bodies of errors |
//! | `journal` | the last requests of this process, for those who run the platform |
//! | `json` | JSON bodies with errors of our own |
//! | `query` | query strings and paths with errors of our own |
//! | `client` | the address of the client |
//! | `throttle` | rate limits and their headers |

pub mod client;
pub mod journal;
pub mod json;
pub mod observe;
pub mod query;
pub mod throttle;

pub use client::ClientAddress;
pub use json::Json;
pub use observe::RequestContext;
pub use query::{Path, Query};

use std::time::Duration;

/// The largest JSON body.
pub const JSON_BODY_MAX_BYTES: usize = 20 * 1024 * 1024;
/// The largest multipart body of an asset.
pub const ASSET_BODY_MAX_BYTES: usize = 64 * 1024 * 1024;
/// How long a body may take to arrive.
pub const BODY_WITHIN: Duration = Duration::from_secs(60);
