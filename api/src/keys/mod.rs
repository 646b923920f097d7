//! API keys of a tenant.
//!
//! | file | route |
//! |---|---|
//! | `list` | `GET /v1/keys` |
//! | `create` | `POST /v1/keys` |
//! | `revoke` | `DELETE /v1/keys/{id}` |

pub mod create;
pub mod list;
pub mod revoke;

use chrono::{DateTime, Utc};
use domain::{Credits, tenant::ApiKey};
use serde::Serialize;
use utoipa::ToSchema;

use crate::page::made_at;

/// An API key, as answers show it: never the key itself.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct KeyView {
    /// `key_…`
    pub id: String,
    /// `api_key`
    pub object: &'static str,
    /// What its owner calls it.
    pub name: String,
    /// Its first characters.
    pub prefix: String,
    /// What it may do; empty means all that a client may.
    pub scopes: Vec<String>,
    /// The models it may use; empty means all.
    pub models: Vec<String>,
    /// The most it may spend, in credits.
    #[schema(value_type = Option<String>)]
    pub budget: Option<Credits>,
    /// Requests a minute.
    pub requests_per_minute: Option<u32>,
    /// From when on it is refused.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was issued.
    pub created_at: DateTime<Utc>,
}

impl From<&ApiKey> for KeyView {
    fn from(key: &ApiKey) -> Self {
        Self {
            id: key.api_key_id.to_string(),
            object: "api_key",
            name: key.name.clone(),
            prefix: key.prefix.clone(),
            scopes: key.scopes.clone(),
            models: key.models.clone(),
            budget: key.budget,
            requests_per_minute: key.requests_per_minute,
            expires_at: key.expires_at,
            created_at: made_at(key.api_key_id.uuid()),
        }
    }
}
