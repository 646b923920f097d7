//! What those who run the platform may do by script.
//!
//! | file | route |
//! |---|---|
//! | `recharges` | `POST /admin/api/recharges` |
//! | `tenants` | `GET /admin/api/tenants` |

pub mod recharges;
pub mod tenants;
