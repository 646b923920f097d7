//! What can be called, and what it costs.
//!
//! | file | route |
//! |---|---|
//! | `models` | `GET /v1/models[/{id}]` |
//! | `show` | `GET /v1/catalog[/{model}]` |
//! | `estimates` | `POST /v1/estimates` |
//! | `quote` | what an estimate is worth for some minutes |
//! | `deprecation` | what is to go says so, and is refused after its date |

pub mod deprecation;
pub mod estimates;
pub mod models;
pub mod quote;
pub mod show;
