//! The folds behind the tables: from the rows that a step of the log touches, to the rows after it.
//!
//! `step` gathers and writes; `account` and `job` are pure.

mod account;
pub(crate) mod job;
mod step;

pub(crate) use step::advance;
