//! What pages are put together from: states, prices, receipts, timelines, tables, snippets.

pub mod chart;
pub mod entries;
pub mod markdown;
pub mod pager;
pub mod price;
pub mod receipt;
pub mod request;
pub mod snippet;
pub mod state;
pub mod timeline;
pub mod tray;
