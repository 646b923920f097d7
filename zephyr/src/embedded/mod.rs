//! The parts that `up` brings along where nothing else was set: PostgreSQL, object storage, secrets, a folder for them.
//!
//! The same code talks to them as to the parts of a large installation. They are for one machine and bind to loopback only.

pub mod data_dir;
pub mod objects;
pub mod ports;
pub mod postgres;
pub mod secrets;
