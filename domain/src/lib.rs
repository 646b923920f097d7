//! The rules: aggregates, commands, events, prices, schemas, double entry, stable error codes.
//!
//! Pure. Never any IO, clock or randomness: ids, times and prices come in the command.

pub mod account;
pub mod capability;
pub mod credits;
pub mod decide;
pub mod id;
pub mod job;
pub mod model;
pub mod once;
pub mod postings;
pub mod pricing;
pub mod provider;
pub mod provider_key;
pub mod schema;
pub mod stream;
pub mod tenant;
pub mod unit;

pub use credits::Credits;
