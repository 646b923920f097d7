//! The console's pages. What they change goes through the same functions as `/admin/api`.
//!
//! | file | route |
//! |---|---|
//! | `books` | `/admin/ledger…`, `/admin/audit` |
//! | `customers` | `/admin/tenants…`, `/admin/users…`, `/admin/recharges` |
//! | `models` | `/admin/models…`, `/admin/new-model`, `/admin/import` |
//! | `overview` | `GET /admin` |
//! | `view` | `POST /admin/tenants/{id}/view`, `POST /admin/view/leave` |
//! | `seat` | who sits at the console, and whether they may act |

pub mod books;
pub mod customers;
pub mod models;
pub mod overview;
mod seat;
pub mod view;

pub use seat::Seat;
