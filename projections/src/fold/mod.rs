//! The folds behind the tables: pure functions from rows and an event to rows.

pub mod job;
