//! The event store, tried at every guard: each test is named for the hole that its guard closes.
//!
//! All of them run against a real PostgreSQL and go through `Store`, as its callers do.

mod append;
mod bounds;
mod forgery;
mod ledger;
mod outage;
mod proxy;
mod reading;
#[path = "../support/mod.rs"]
mod support;
mod writers;
