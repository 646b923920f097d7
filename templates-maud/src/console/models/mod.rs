//! The catalog in the console: the list of models, a model, the editor of a capability with its preview, and what surrounds it.
//!
//! | file | page |
//! |---|---|
//! | `list` | the models, with filters |
//! | `model` | one model: its texts, its state, its capabilities; and a new one |
//! | `editor` | a draft of a capability beside its preview |
//! | `preview` | what is wrong with a draft, the form it makes, the price of sample inputs |
//! | `draft`, `place` | the draft as it is typed, and where in its texts something stands |
//! | `history` | versions, and what is different between two |
//! | `rehearsal` | past jobs under a draft |
//! | `import` | a catalog file |

pub mod draft;
pub mod editor;
pub mod history;
pub mod import;
pub mod list;
pub mod model;
mod place;
pub mod preview;
pub mod rehearsal;
