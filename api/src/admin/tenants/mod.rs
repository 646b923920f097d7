//! Tenants, as those who run the platform see them.
//!
//! | file | route |
//! |---|---|
//! | `list` | `GET /admin/api/tenants` |
//! | `create` | `POST /admin/api/tenants` |
//! | `show` | `GET /admin/api/tenants/{id}` |
//! | `suspend` | `POST /admin/api/tenants/{id}/suspend`, `…/resume` |
//! | `limits` | `GET`, `PUT /admin/api/tenants/{id}/limits`, and `GET …/limits/keys` |

pub mod create;
pub mod limits;
pub mod list;
pub mod show;
pub mod suspend;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use domain::{id::TenantId, tenant::TenantCommand, unit::Unit};
use projections::live::TenantEntry;
use serde::Serialize;
use store::{Side, Work};
use utoipa::ToSchema;

use crate::{
    caller::AdminCaller,
    error::{ApiError, ApiResult},
    freshness::PATIENCE,
    page::made_at,
    state::AppState,
};

/// The longest name, and the longest reason.
const TEXT_MAX_CHARS: usize = 200;

/// A tenant in a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct TenantRow {
    /// `ten_…`
    id: String,
    /// What its people call it.
    name: String,
    /// How many people it has.
    members: usize,
    /// How many live API keys it has.
    api_keys: usize,
    /// Why its requests are refused, if they are.
    suspended: Option<String>,
    /// When it began.
    created_at: DateTime<Utc>,
}

impl TenantRow {
    fn of(id: &TenantId, entry: &TenantEntry) -> Self {
        Self {
            id: id.to_string(),
            name: entry.name.clone(),
            members: entry.members.len(),
            api_keys: entry.api_keys.len(),
            suspended: entry.suspended.clone(),
            created_at: made_at(id.uuid()),
        }
    }
}

/// A tenant that this process knows.
///
/// # Errors
/// `not_found`.
pub fn known(state: &AppState, id: &str) -> ApiResult<(TenantId, Arc<TenantEntry>)> {
    let missing = || ApiError::not_found("tenant");
    let id: TenantId = id.parse().map_err(|_| missing())?;
    let entry = state.live.tenants().tenant(&id).cloned().ok_or_else(missing)?;
    Ok((id, entry))
}

/// Sends a tenant a command, and waits until this process knows what came of it.
///
/// # Errors
/// What the tenant refuses, and the store's.
pub async fn command(state: &AppState, admin: &AdminCaller, id: &TenantId, command: TenantCommand) -> ApiResult<()> {
    let work = Work { unit: Unit::of(id, command), context: admin.context(), side: Side::default() };
    let committed = state.store.execute(work).await?;
    state.follower.reached(committed.position, PATIENCE).await;
    Ok(())
}

/// A text that says something.
///
/// # Errors
/// `invalid_parameter`.
pub fn said(param: &str, text: &str) -> ApiResult<String> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > TEXT_MAX_CHARS {
        return Err(ApiError::parameter(param, format!("{param} has 1 to {TEXT_MAX_CHARS} characters")));
    }
    Ok(text.to_owned())
}
