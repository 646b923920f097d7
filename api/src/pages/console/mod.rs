//! The console's pages. What they change goes through the same functions as `/admin/api`.
//!
//! | file | route |
//! |---|---|
//! | `overview` | `GET /admin` |
//! | `books` | `/admin/ledger…`, `/admin/audit` |
//! | `customers` | `/admin/tenants…`, `/admin/users…`, `/admin/recharges` |
//! | `jobs`, `job` | `/admin/jobs…` |
//! | `limits` | `/admin/limits…` |
//! | `models` | `/admin/models…`, `/admin/new-model`, `/admin/import` |
//! | `provider_keys`, `key_form`, `key_history` | `/admin/provider-keys…` |
//! | `providers` | `/admin/providers…` |
//! | `requests` | `/admin/requests…` |
//! | `system`, `settings` | `GET /admin/system`, `/admin/settings…` |
//! | `view` | `POST /admin/tenants/{id}/view`, `POST /admin/view/leave` |
//! | `seat` | who sits at the console, and whether they may act |

pub mod books;
pub mod customers;
pub mod job;
pub mod jobs;
mod key_form;
mod key_history;
pub mod limits;
pub mod models;
pub mod overview;
pub mod provider_keys;
pub mod providers;
pub mod requests;
mod seat;
pub mod settings;
pub mod system;
pub mod view;

pub use seat::Seat;
