//! HTTP: the REST API, the OpenAI-compatible routes, the pages, and who may call them.
//!
//! Never a rule about credits or jobs, never SQL, never a call upstream: it parses, authenticates, asks the crates below
//! and answers. `router` has the whole route table.

pub mod account;
mod admin;
pub mod assets;
pub mod auth;
pub mod caller;
pub mod catalog;
pub mod error;
pub mod freshness;
pub mod generation;
mod health;
mod keys;
pub mod metering;
mod openapi;
pub mod page;
mod pages;
pub mod pulses;
pub mod request;
pub mod router;
mod serve;
pub mod settings;
pub mod state;

pub use router::router;
pub use serve::{DRAIN_WITHIN, serve};
pub use settings::ApiSettings;
pub use state::{AppState, Parts};
