//! Read models: folds of the log into memory and into tables, the questions asked of them, and the published JSON of jobs.
//!
//! Never a decision: everything here can be thrown away and built again from the log.

pub mod books;
mod compare;
pub mod export;
mod fold;
mod generation;
mod listing;
pub mod live;
pub mod monitor;
pub mod past_jobs;
pub mod projector;
pub mod published;
pub mod pulse;
pub mod queries;
pub mod rebuild;
pub mod rows;
pub mod spending;
mod table;

pub use fold::job::Milestones;
pub use generation::{ReadModels, VERSION};
pub use table::ReadError;
