//! What can be called, and what it costs.
//!
//! | file | route |
//! |---|---|
//! | `models` | `GET /v1/models[/{id}]` |
//! | `show` | `GET /v1/catalog[/{model}]` |
//! | `estimates` | `POST /v1/estimates` |

pub mod estimates;
pub mod models;
pub mod show;
