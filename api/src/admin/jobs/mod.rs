//! Jobs of all tenants. Never their parameters, texts or files: those belong to their tenants.
//!
//! | file | route |
//! |---|---|
//! | `list` | `GET /admin/api/jobs` |
//! | `show` | `GET /admin/api/jobs/{id}` |
//! | `act` | `POST /admin/api/jobs/{id}/cancel`, `…/reconcile` |

pub mod act;
pub mod list;
pub mod show;

use chrono::{DateTime, Utc};
use domain::Credits;
use projections::rows::{JobRow, JobStage, JobStatus};
use serde::Serialize;
use utoipa::ToSchema;

/// A job, as those who run the platform see it. Amounts are decimal texts in credits.
#[derive(Debug, Serialize, ToSchema)]
pub struct AdminJob {
    /// `job_…`
    id: String,
    /// `ten_…`
    tenant_id: String,
    /// The API key that asked, if one did.
    api_key_id: Option<String>,
    /// The person who asked, if one did.
    user_id: Option<String>,
    /// The public name of the model.
    model: String,
    /// What it was asked to do.
    capability: String,
    /// Where it stands.
    #[schema(value_type = String)]
    status: JobStatus,
    /// What it is at, unless it is over.
    #[schema(value_type = Option<String>)]
    stage: Option<JobStage>,
    /// `interactive` or `queued`.
    mode: String,
    /// What was held for it.
    #[schema(value_type = String)]
    held: Credits,
    /// What was charged.
    #[schema(value_type = String)]
    charged: Credits,
    /// What was given back.
    #[schema(value_type = String)]
    refunded: Credits,
    /// The version of the capability that it froze.
    price_version: u32,
    /// Our stable code, when it failed.
    error_code: Option<String>,
    /// How many attempts were started.
    attempts: u32,
    /// Whether somebody asked it to stop.
    cancel_requested: bool,
    /// When it was submitted.
    created_at: DateTime<Utc>,
    /// When its first attempt started.
    started_at: Option<DateTime<Utc>>,
    /// When it ended.
    completed_at: Option<DateTime<Utc>>,
}

impl From<&JobRow> for AdminJob {
    fn from(row: &JobRow) -> Self {
        Self {
            id: row.job_id.clone(),
            tenant_id: row.tenant_id.clone(),
            api_key_id: row.api_key_id.clone(),
            user_id: row.user_id.clone(),
            model: row.model.clone(),
            capability: row.capability.clone(),
            status: row.status,
            stage: row.stage,
            mode: row.mode.clone(),
            held: Credits::from_micro(row.held),
            charged: Credits::from_micro(row.charged),
            refunded: Credits::from_micro(row.refunded),
            price_version: row.price_version,
            error_code: row.error_code.clone(),
            attempts: row.attempts,
            cancel_requested: row.cancel_requested,
            created_at: row.created_at,
            started_at: row.started_at,
            completed_at: row.completed_at,
        }
    }
}
