//! `GET /admin/api/jobs`: the jobs of all tenants, the newest first, by filters.

use axum::extract::State;
use chrono::{DateTime, Utc};
use projections::{queries::JobQuery, rows::JobStatus};
use serde::Deserialize;
use utoipa::IntoParams;

use super::AdminJob;
use crate::{
    caller::AuditorCaller,
    error::ApiResult,
    page::{List, page_size},
    request::Query,
    state::AppState,
};

/// Which jobs.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    /// Only of this tenant.
    tenant_id: Option<String>,
    /// Only with this status.
    #[param(value_type = Option<String>)]
    status: Option<JobStatus>,
    /// Only of this model.
    model: Option<String>,
    /// Only of this capability.
    capability: Option<String>,
    /// Only by this API key.
    key: Option<String>,
    /// Only by this person.
    user: Option<String>,
    /// Only submitted at or after this.
    from: Option<DateTime<Utc>>,
    /// Only submitted before this.
    to: Option<DateTime<Utc>>,
    /// The last job of the page before.
    after: Option<String>,
    /// How many, at most 100.
    limit: Option<u32>,
}

/// Lists jobs, as far as the read models are.
#[utoipa::path(get, path = "/admin/api/jobs", tag = "admin", params(Filter), security(("token" = [])),
    responses((status = 200, body = List<AdminJob>)))]
pub async fn list(
    State(state): State<AppState>,
    _: AuditorCaller,
    Query(filter): Query<Filter>,
) -> ApiResult<axum::Json<List<AdminJob>>> {
    let query = JobQuery {
        limit: page_size(filter.limit)?,
        tenant_id: filter.tenant_id,
        status: filter.status,
        model: filter.model,
        capability: filter.capability,
        api_key_id: filter.key,
        user_id: filter.user,
        from: filter.from,
        to: filter.to,
        after: filter.after,
        ..JobQuery::default()
    };
    let page = state.reads.jobs(&query).await?;
    let jobs = page.rows.iter().map(AdminJob::from).collect();
    Ok(axum::Json(List::page(jobs, page.has_more, |job: &AdminJob| job.id.clone())))
}
