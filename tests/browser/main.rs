//! The pages in a real browser, as people use them. Upstream is the simulator; nothing here looks into the database.

mod access;
mod console;
mod journey;
mod keyboard;
mod media;
mod memory;
mod person;
mod plain;
mod policy;
mod tour;
mod upsets;
