//! The pages of those who run the platform and of those who check its books, one file a page.
//!
//! Whoever may not act is shown no button that acts; the routes behind refuse them as well.

pub mod books;
pub mod customers;
pub mod jobs;
pub mod limits;
pub mod meter;
pub mod models;
pub mod overview;
pub mod provider_keys;
pub mod providers;
pub mod requests;
pub mod shell;
pub mod system;
