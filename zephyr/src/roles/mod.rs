//! The roles that a process may have, one file each. Each ends by itself or when it is asked to stop, within a bound.

pub mod admin;
pub mod api;
pub mod audit;
pub mod doctor;
pub mod migrate;
pub mod rebuild;
pub mod simulate;
pub mod tour;
pub mod up;
pub mod worker;
