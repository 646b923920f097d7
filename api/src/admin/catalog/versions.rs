//! The history of a capability: every version that was published, by whom and when, and what is different between two.

use axum::extract::State;
use chrono::{DateTime, Utc};
use domain::{
    capability::{Capability, CapabilityDiff, CapabilityKind},
    model::ModelEvent,
    stream::Event,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::Recorded;
use utoipa::{IntoParams, ToSchema};

use super::{kind, model};
use crate::{
    caller::AuditorCaller,
    error::{ApiError, ApiResult},
    page::List,
    request::{Path, Query},
    state::AppState,
};

/// One change in the history of a capability.
#[derive(Debug, Serialize, ToSchema)]
pub struct Version {
    /// `published`, `routed`, `deprecated`, `deprecation_withdrawn` or `retired`.
    pub what: &'static str,
    /// The version that it was about; absent for what is not about a version.
    pub version: Option<u32>,
    /// When the log took it.
    pub at: DateTime<Utc>,
    /// Who did it.
    pub by: String,
    /// The number of the event in the model's stream.
    sequence: i64,
}

/// All of one version.
#[derive(Debug, Serialize, ToSchema)]
pub struct VersionDetail {
    /// The model.
    model: String,
    /// Which version.
    version: u32,
    /// All of it, as it was published.
    #[schema(value_type = Object)]
    capability: Capability,
}

/// Which two versions.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct DiffQuery {
    /// The earlier one.
    from: u32,
    /// The later one.
    to: u32,
}

/// Lists what happened to a capability, the newest first.
#[utoipa::path(get, path = "/admin/api/models/{id}/capabilities/{kind}/versions", tag = "admin",
    params(("id" = String, Path), ("kind" = String, Path)), security(("token" = [])),
    responses((status = 200, body = List<Version>), (status = 404)))]
pub async fn list(
    State(state): State<AppState>,
    _: AuditorCaller,
    Path((id, named)): Path<(String, String)>,
) -> ApiResult<axum::Json<List<Version>>> {
    let rows = history(&state, &id, kind(&named)?).await?;
    Ok(axum::Json(List::page(rows, false, |row: &Version| row.sequence.to_string())))
}

/// What happened to a capability, the newest first.
///
/// # Errors
/// `model_not_found`; `not_found` when nothing did.
pub async fn history(state: &AppState, id: &str, kind: CapabilityKind) -> ApiResult<Vec<Version>> {
    let entry = model(state, id)?;
    let events = store::log::read_stream(state.store.pool(), "model", entry.model_id.as_str(), 0).await?;
    let told = |recorded: &Recorded| {
        let Event::Model(event) = &recorded.event else { return None };
        let (what, about, version) = match event {
            ModelEvent::CapabilityPublished { version, capability } => ("published", capability.kind, Some(*version)),
            ModelEvent::CapabilityRetired { kind, version } => ("retired", *kind, Some(*version)),
            ModelEvent::RouteChanged { kind, .. } => ("routed", *kind, None),
            ModelEvent::CapabilityDeprecated { kind, .. } => ("deprecated", *kind, None),
            ModelEvent::DeprecationWithdrawn { kind } => ("deprecation_withdrawn", *kind, None),
            _ => return None,
        };
        let by = actor(&recorded.metadata);
        (about == kind).then_some(Version { what, version, at: recorded.recorded_at, by, sequence: recorded.sequence })
    };
    let rows: Vec<Version> = events.iter().rev().filter_map(told).collect();
    if rows.is_empty() {
        return Err(ApiError::not_found("capability"));
    }
    Ok(rows)
}

fn actor(metadata: &str) -> String {
    let read = serde_json::from_str::<Value>(metadata).ok();
    read.and_then(|metadata| metadata["actor"].as_str().map(ToOwned::to_owned)).unwrap_or_default()
}

/// Shows one version.
#[utoipa::path(get, path = "/admin/api/models/{id}/capabilities/{kind}/versions/{version}", tag = "admin",
    params(("id" = String, Path), ("kind" = String, Path), ("version" = u32, Path)), security(("token" = [])),
    responses((status = 200, body = VersionDetail), (status = 404)))]
pub async fn show(
    State(state): State<AppState>,
    _: AuditorCaller,
    Path((id, named, version)): Path<(String, String, u32)>,
) -> ApiResult<axum::Json<VersionDetail>> {
    let (entry, kind) = (model(&state, &id)?, kind(&named)?);
    let found = entry.version(kind, version).ok_or_else(|| ApiError::not_found("version"))?;
    let capability = Capability::clone(&found.capability);
    Ok(axum::Json(VersionDetail { model: found.model.clone(), version, capability }))
}

/// Shows what is different between two versions: schema, hints, price, estimate, policies, routes.
#[utoipa::path(get, path = "/admin/api/models/{id}/capabilities/{kind}/diff", tag = "admin",
    params(("id" = String, Path), ("kind" = String, Path), DiffQuery), security(("token" = [])),
    responses((status = 200, body = Object), (status = 404)))]
pub async fn diff(
    State(state): State<AppState>,
    _: AuditorCaller,
    Path((id, named)): Path<(String, String)>,
    Query(DiffQuery { from, to }): Query<DiffQuery>,
) -> ApiResult<axum::Json<CapabilityDiff>> {
    Ok(axum::Json(compare(&state, &id, kind(&named)?, (from, to))?))
}

/// What is different between two versions of a capability.
///
/// # Errors
/// `model_not_found`, `not_found`.
pub fn compare(state: &AppState, id: &str, kind: CapabilityKind, pair: (u32, u32)) -> ApiResult<CapabilityDiff> {
    let entry = model(state, id)?;
    let version = |number| entry.version(kind, number).ok_or_else(|| ApiError::not_found("version"));
    Ok(version(pair.0)?.capability.diff(&version(pair.1)?.capability))
}
