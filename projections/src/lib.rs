//! Read models: folds of the log into memory and into tables, the questions asked of them, and the published JSON of jobs.
//!
//! Never a decision: everything here can be thrown away and built again from the log.

mod fold;
pub mod live;
pub mod published;
pub mod rows;

pub use fold::job::Milestones;
