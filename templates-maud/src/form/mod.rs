//! The form of a capability: its fields by schema and hints alone, rendered and read back in one place.
//!
//! | file | what |
//! |---|---|
//! | `fields` | which fields there are, in which order, each with its widget |
//! | `read` | what a browser sent, as parameters |
//! | `render` | the fields as HTML |
//!
//! Never a model's name, and never a decision on what is valid: that is the schema's.

mod fields;
mod read;
mod render;

pub use fields::{Field, fields};
pub use read::{Sent, read, shown};
pub use render::{FormErrors, render};

/// What the names of the form's inputs begin with.
pub const PREFIX: &str = "p.";
/// What the names of the inputs of files begin with.
pub const FILE_PREFIX: &str = "f.";
