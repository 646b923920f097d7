//! How often a caller may ask, and how many tokens it may use: sliding windows of a minute, of the API key and of the
//! tenant, that all processes share.
//!
//! | file | what |
//! |---|---|
//! | `rate` | the limits that a caller is under, taken from their windows and given back |
//! | `requests` | the layer that every request to `/v1` passes: takes one, and tells what is left |
//! | `tokens` | tokens reserved by the estimate, corrected by the usage when the job ends |
//!
//! Budgets and jobs at once are not here: the account decides them, with the hold.

mod rate;
pub mod requests;
pub mod tokens;

pub use rate::{PERIOD, Rate, RateUse, of_requests, of_tokens};
