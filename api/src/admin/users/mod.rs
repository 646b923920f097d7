//! The people who can log in. Their addresses are nobody's business but an admin's.
//!
//! | file | route |
//! |---|---|
//! | `list` | `GET /admin/api/users`, `GET /admin/api/users/{id}` |
//! | `create` | `POST /admin/api/users` |
//! | `change` | `POST …/{id}/disable`, `…/enable`, `PUT …/{id}/role`, `PUT …/{id}/password`, `DELETE …/{id}/sessions` |

pub mod change;
pub mod create;
pub mod list;

use chrono::{DateTime, Utc};
use domain::id::UserId;
use serde::Serialize;
use store::identity::{PlatformRole, User};
use utoipa::ToSchema;

use crate::{
    auth::{TenantView, view},
    error::{ApiError, ApiResult},
    state::AppState,
};

/// A person, as those who run the platform see them.
#[derive(Debug, Serialize, ToSchema)]
pub struct UserRow {
    /// `usr_…`
    pub id: String,
    /// The address they log in with.
    pub email: String,
    /// How to call them.
    pub display_name: String,
    /// The language of their pages.
    pub locale: String,
    /// `admin` or `auditor` of the platform.
    pub platform_role: Option<&'static str>,
    /// The tenants that they belong to.
    pub tenants: Vec<TenantView>,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// Since when they may not log in.
    pub disabled_at: Option<DateTime<Utc>>,
}

impl UserRow {
    /// A person's row.
    #[must_use]
    pub fn of(state: &AppState, user: &User) -> Self {
        let shown = view(state, user);
        Self {
            id: shown.id,
            email: shown.email,
            display_name: shown.display_name,
            locale: shown.locale,
            platform_role: user.platform_role.map(PlatformRole::as_str),
            tenants: shown.tenants,
            created_at: user.created_at,
            disabled_at: user.disabled_at,
        }
    }
}

/// A person by the id of a path.
///
/// # Errors
/// `not_found`.
pub async fn known(state: &AppState, id: &str) -> ApiResult<User> {
    let missing = || ApiError::not_found("user");
    let id: UserId = id.parse().map_err(|_| missing())?;
    state.identity.user_by_id(&id).await?.ok_or_else(missing)
}
