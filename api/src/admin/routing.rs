//! Where requests go: `GET /admin/api/jobs/{id}/flight` says why each attempt of a job went where it went, and
//! `POST /admin/api/route` where a request would go now. Nothing is reserved for an answer.

use axum::extract::State;
use chrono::{DateTime, Utc};
use domain::{capability::CapabilityKind, id::JobId, job::Job};
use projections::live::Uncallable;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    caller::AdminCaller,
    error::{ApiError, ApiResult, ErrorCode},
    request::{Json, Path},
    state::AppState,
};

/// The choices of keys for a job, the oldest first. They are kept for thirty days.
#[derive(Debug, Serialize, ToSchema)]
pub struct Flights {
    /// `list`
    object: &'static str,
    /// One for each attempt, and one of the last time that the job found no key.
    data: Vec<Flight>,
}

/// One choice.
#[derive(Debug, Serialize, ToSchema)]
pub struct Flight {
    /// `att_…`, or nothing while there was no key.
    pub attempt_id: Option<String>,
    /// When it was recorded.
    pub recorded_at: DateTime<Utc>,
    /// `outcome`, `waited_ms` and `considered`: each key with its verdict.
    pub choice: Value,
}

/// A request that is not made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DryRun {
    /// The public name of the model.
    model: String,
    /// What it would be asked to do.
    #[schema(value_type = String)]
    capability: CapabilityKind,
    /// The parameters, if they are to be checked as well.
    params: Option<Value>,
}

/// Where it would go.
#[derive(Debug, Serialize, ToSchema)]
pub struct DryRoute {
    /// `route`
    object: &'static str,
    /// The key that would make the attempt, if one could now.
    provider_key_id: Option<String>,
    /// How many wait for a key in the process that answers.
    waiting: usize,
    /// Each key with its verdict.
    considered: Vec<Value>,
}

/// Shows the choices of keys for a job.
#[utoipa::path(get, path = "/admin/api/jobs/{id}/flight", tag = "admin", params(("id" = String, Path)),
    security(("token" = [])), responses((status = 200, body = Flights), (status = 404)))]
pub async fn flight(
    State(state): State<AppState>,
    _: AdminCaller,
    Path(id): Path<String>,
) -> ApiResult<axum::Json<Flights>> {
    Ok(axum::Json(Flights { object: "list", data: choices_of(&state, &id).await? }))
}

/// The choices of keys for a job, the oldest first.
///
/// # Errors
/// `not_found`; when the database is out of reach.
pub async fn choices_of(state: &AppState, id: &str) -> ApiResult<Vec<Flight>> {
    let job_id: JobId = id.parse().map_err(|_| ApiError::not_found("job"))?;
    let job: Job = state.store.read(job_id.as_str()).await?;
    job.submission().ok_or_else(|| ApiError::not_found("job"))?;
    let rows = store::flights::of_job(state.store.pool(), job_id.as_str()).await;
    let rows = rows.map_err(|error| ApiError::unavailable("the database", &error))?;
    let shown = rows.into_iter().map(|row| {
        let choice = serde_json::from_str(&row.body).map_err(|error| ApiError::internal(&error))?;
        let attempt_id = row.attempt.starts_with("att_").then_some(row.attempt);
        Ok(Flight { attempt_id, recorded_at: row.recorded_at, choice })
    });
    shown.collect()
}

/// Says where a request would go now.
#[utoipa::path(post, path = "/admin/api/route", tag = "admin", request_body = DryRun, security(("token" = [])),
    responses((status = 200, body = DryRoute), (status = 404, description = "model_not_found")))]
pub async fn dry_run(
    State(state): State<AppState>,
    _: AdminCaller,
    Json(asked): Json<DryRun>,
) -> ApiResult<axum::Json<DryRoute>> {
    let found = state.live.catalog().callable(&asked.model, asked.capability);
    let unknown = |reason| ApiError::new(ErrorCode::ModelNotFound, format!("{reason}")).of("model");
    let found = found.map_err(|reason: Uncallable| unknown(reason))?;
    if let Some(params) = asked.params {
        found.schema.resolve(params)?;
    }
    let considered = state.parts.dispatcher.would_go(&asked.model, asked.capability).await?;
    let considered = serde_json::to_value(considered).map_err(|error| ApiError::internal(&error))?;
    let considered = considered.as_array().cloned().unwrap_or_default();
    let chosen = considered.iter().find(|one| one["verdict"] == "chosen");
    let provider_key_id = chosen.and_then(|one| one["provider_key_id"].as_str()).map(str::to_owned);
    let waiting = state.parts.dispatcher.waiting_for_keys();
    Ok(axum::Json(DryRoute { object: "route", provider_key_id, waiting, considered }))
}
