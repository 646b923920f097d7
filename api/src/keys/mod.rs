//! API keys of a tenant.
//!
//! | file | route |
//! |---|---|
//! | `list` | `GET /v1/keys` |
//! | `create` | `POST /v1/keys` |
//! | `change` | `PATCH /v1/keys/{id}` |
//! | `revoke` | `DELETE /v1/keys/{id}` |
//! | `rotate` | the form of the portal |

pub mod change;
pub mod create;
pub mod list;
pub mod revoke;
pub mod rotate;

use chrono::{DateTime, Utc};
use domain::{Credits, tenant::ApiKey};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    caller::SCOPES,
    error::{ApiError, ApiResult},
    page::made_at,
};

/// The longest name of a key.
const NAME_MAX_CHARS: usize = 100;
/// The most models that one key names.
const MODELS_MAX: usize = 100;
/// The longest name of a model.
const MODEL_MAX_CHARS: usize = 100;

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
    /// The most it may spend in all, in credits.
    #[schema(value_type = Option<String>)]
    pub budget: Option<Credits>,
    /// The most it may spend in a day of UTC, in credits.
    #[schema(value_type = Option<String>)]
    pub budget_per_day: Option<Credits>,
    /// The most it may spend in a month of UTC, in credits.
    #[schema(value_type = Option<String>)]
    pub budget_per_month: Option<Credits>,
    /// Requests a minute.
    pub requests_per_minute: Option<u32>,
    /// Tokens of text a minute.
    pub tokens_per_minute: Option<u64>,
    /// Jobs under way at once.
    pub concurrent_jobs: Option<u32>,
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
            budget_per_day: key.budget_per_day,
            budget_per_month: key.budget_per_month,
            requests_per_minute: key.requests_per_minute,
            tokens_per_minute: key.tokens_per_minute,
            concurrent_jobs: key.concurrent_jobs,
            expires_at: key.expires_at,
            created_at: made_at(key.api_key_id.uuid()),
        }
    }
}

/// Refuses what no key may be.
fn check(key: &ApiKey, now: DateTime<Utc>) -> ApiResult<()> {
    if key.name.is_empty() || key.name.chars().count() > NAME_MAX_CHARS {
        return Err(ApiError::parameter("name", format!("a name has 1 to {NAME_MAX_CHARS} characters")));
    }
    if let Some(unknown) = key.scopes.iter().position(|scope| !SCOPES.contains(&scope.as_str())) {
        let known = format!("a scope is one of {}", SCOPES.join(", "));
        return Err(ApiError::parameter(&format!("scopes.{unknown}"), known));
    }
    if key.models.len() > MODELS_MAX || key.models.iter().any(|model| model.len() > MODEL_MAX_CHARS) {
        return Err(ApiError::parameter("models", format!("a key names at most {MODELS_MAX} models")));
    }
    let budgets =
        [("budget", key.budget), ("budget_per_day", key.budget_per_day), ("budget_per_month", key.budget_per_month)];
    for (name, budget) in budgets {
        if budget.is_some_and(|budget| !budget.is_amount()) {
            return Err(ApiError::parameter(name, "a budget is not negative and at most a billion credits"));
        }
    }
    let limits = [
        ("requests_per_minute", key.requests_per_minute.map(u64::from)),
        ("tokens_per_minute", key.tokens_per_minute),
        ("concurrent_jobs", key.concurrent_jobs.map(u64::from)),
    ];
    if let Some((name, _)) = limits.into_iter().find(|(_, limit)| *limit == Some(0)) {
        return Err(ApiError::parameter(name, format!("{name} is one at least; a key that may do nothing is revoked")));
    }
    if key.expires_at.is_some_and(|at| at <= now) {
        return Err(ApiError::parameter("expires_at", "expires_at lies in the past"));
    }
    Ok(())
}
