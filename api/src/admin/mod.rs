//! What those who run the platform may do by script.
//!
//! | file | route |
//! |---|---|
//! | `catalog/` | `/admin/api/models…`, `/admin/api/catalog/…`: models, capabilities, routes and prices |
//! | `providers` | `/admin/api/providers…` |
//! | `recharges` | `POST /admin/api/recharges` |
//! | `tenants` | `GET /admin/api/tenants` |
//! | `vault` | `GET /admin/api/vault`, `POST /admin/api/vault/rotate` |

pub mod catalog;
pub mod providers;
pub mod recharges;
pub mod tenants;
pub mod vault;
