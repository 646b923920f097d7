//! The executable from outside, and its configuration and embedded parts: one test binary.

mod admin;
mod config;
mod postgres;
mod process;
mod up;
