//! The rules: aggregates, commands, events, prices, schemas, double entry, stable error codes.
//!
//! Pure. Never any IO, clock or randomness: ids, times and prices come in the command.

pub mod credits;
pub mod id;

pub use credits::Credits;
