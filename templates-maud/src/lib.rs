//! Pages and their parts: pure functions of what they show, in English and Chinese.
//!
//! Never a query, a cookie or a decision; never a style or a script within the markup: the pages' policy forbids both.

pub mod console;
pub mod entry;
pub mod failure;
mod figures;
pub mod files;
pub mod form;
mod icons;
pub mod offline;
pub mod page;
pub mod parts;
pub mod paths;
pub mod portal;
pub mod styleguide;
pub mod words;

pub use figures::elapsed;
pub use page::{Look, Page, Theme, Viewing, Visitor};
pub use words::Words;
