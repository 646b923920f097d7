//! The system from outside: what the tests of whole flows share, and the fault harness.
//!
//! | module | what it is |
//! |---|---|
//! | `services` | where the PostgreSQL, RabbitMQ and Redis of `tests/with-services` are |
//! | `program` | an executable of ours that is started, killed and started again |
//! | `ports`, `scratch` | what a test has for itself: ports, a database, a folder |
//! | `objects` | S3 over a folder, in this process |
//! | `gateway` | `zephyr` in one process or in several, with its simulator |
//! | `world` | `zephyr up` for a test, and the people who use it; `answer`, `statement`: what they get and what it cost |
//! | `wire` | a connection that can be cut and mended |
//! | `browser` | Chromium at the gateway's pages |
//! | `looking` | waiting for what no event tells |
//! | `api_client`, `upstream` | the two ends that a test talks to: the gateway's API, the simulator's control |
//! | `faults` | kill −9 at random moments, and what must hold afterwards |
//!
//! Nothing here is in the product, and nothing of the product runs in this process.

pub mod answer;
pub mod api_client;
pub mod browser;
pub mod faults;
pub mod gateway;
pub mod looking;
pub mod objects;
pub mod ports;
pub mod program;
pub mod scratch;
pub mod services;
pub mod statement;
pub mod upstream;
pub mod wire;
pub mod world;

/// The text of a file of the checkout.
///
/// # Errors
/// When it is not there.
pub fn source_text(path: &str) -> std::io::Result<String> {
    std::fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path))
}
