//! What those who run the platform may do by script. Auditors may read what finance needs, and change nothing.
//!
//! | file | route |
//! |---|---|
//! | `catalog/` | `/admin/api/models…`, `/admin/api/catalog/…`: models, capabilities, routes and prices |
//! | `health` | `GET /admin/api/health` |
//! | `jobs` | `/admin/api/jobs…` |
//! | `providers` | `/admin/api/providers…` |
//! | `provider_keys/` | `GET`, `POST /admin/api/provider-keys`; `GET`, `PATCH`, `DELETE /admin/api/provider-keys/{id}` |
//! | `recharges` | `GET`, `POST /admin/api/recharges` |
//! | `routing` | `GET /admin/api/jobs/{id}/flight`, `POST /admin/api/route` |
//! | `tenants` | `/admin/api/tenants…`, and their limits |
//! | `users` | `/admin/api/users…` |
//! | `vault` | `GET /admin/api/vault`, `POST /admin/api/vault/rotate` |

pub mod catalog;
pub mod health;
pub mod jobs;
pub mod provider_keys;
pub mod providers;
pub mod recharges;
pub mod routing;
pub mod tenants;
pub mod users;
pub mod vault;
