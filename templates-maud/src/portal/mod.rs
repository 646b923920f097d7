//! The pages of people who use the gateway, one file a page.

pub mod about;
pub mod assets;
pub mod billing;
pub mod chat;
pub mod job;
pub mod jobs;
pub mod keys;
pub mod ledger;
pub mod market;
pub mod model;
pub mod overview;
pub mod quickstart;
pub mod settings;
