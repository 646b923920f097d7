//! The jobs of all tenants: what is open and for how long, and one job's trace. Never a parameter, a text or a file.

mod list;
mod trace;

pub use list::{Counts, Filter, JobsPage, Queue, View};
pub use trace::{Choice, Duty, TracePage};
