//! What changes a capability: publish, roll back, retire, route, deprecate. Each again changes nothing.
//!
//! Publishing lints first: with `dry_run` the issues and the difference are all that it gives.

use axum::extract::State;
use chrono::{DateTime, Utc};
use domain::{
    capability::{Capability, CapabilityDiff, CapabilityKind, LintIssue, Route},
    decide::Decide as _,
    model::{Deprecation, Model, ModelCommand, ModelError, ModelEvent},
    stream::Event,
};
use projections::live::ModelEntry;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{execute, kind, model, models::AdminModel, models::shown, present};
use crate::{
    caller::AdminCaller,
    error::{ApiError, ApiResult},
    request::{Json, Path},
    state::AppState,
};

/// A capability to be published.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Publish {
    /// All of it: kind, schema, hints, price, estimate, policies, routes.
    #[schema(value_type = Object)]
    capability: Capability,
    /// Only says what would happen.
    #[serde(default)]
    dry_run: bool,
}

/// An earlier version to be published again.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RollBack {
    /// Which version.
    version: u32,
    /// Only says what would happen.
    #[serde(default)]
    dry_run: bool,
}

/// What publishing did, or would do.
#[derive(Debug, Serialize, ToSchema)]
pub struct Publication {
    /// The model.
    model: String,
    /// The capability.
    kind: &'static str,
    /// Whether a new version was published.
    pub published: bool,
    /// The version that holds now; in a dry run the one that would.
    pub version: u32,
    /// What is wrong with it. With anything in here nothing is published.
    #[schema(value_type = Vec<Object>)]
    pub issues: Vec<LintIssue>,
    /// What is different from the version that held before.
    #[schema(value_type = Option<Object>)]
    pub diff: Option<CapabilityDiff>,
}

/// Who does it from now on.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Routes {
    /// All of them.
    #[schema(value_type = Vec<Object>)]
    routes: Vec<Route>,
}

/// That a capability is to go.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Deprecate {
    /// From when on calls are refused.
    sunset_at: DateTime<Utc>,
    /// The name of the model to use instead.
    #[serde(default)]
    replacement: Option<String>,
}

/// Publishes a capability as a new version, unless it is what holds already.
#[utoipa::path(post, path = "/admin/api/models/{id}/capabilities", tag = "admin", request_body = Publish,
    params(("id" = String, Path)), security(("token" = [])),
    responses((status = 200, body = Publication), (status = 404), (status = 422, description = "capability_unfit")))]
pub async fn publish(
    State(state): State<AppState>,
    admin: AdminCaller,
    Path(id): Path<String>,
    Json(Publish { capability, dry_run }): Json<Publish>,
) -> ApiResult<axum::Json<Publication>> {
    let done = bring(&state, &admin, &id, capability, dry_run).await?;
    Ok(axum::Json(done))
}

/// Publishes an earlier version again, as a new one, on the routes of now.
#[utoipa::path(post, path = "/admin/api/models/{id}/capabilities/{kind}/rollback", tag = "admin", request_body = RollBack,
    params(("id" = String, Path), ("kind" = String, Path)), security(("token" = [])),
    responses((status = 200, body = Publication), (status = 404), (status = 422, description = "capability_unfit")))]
pub async fn roll_back(
    State(state): State<AppState>,
    admin: AdminCaller,
    Path((id, named)): Path<(String, String)>,
    Json(RollBack { version, dry_run }): Json<RollBack>,
) -> ApiResult<axum::Json<Publication>> {
    let done = bring_back(&state, &admin, (&id, kind(&named)?), version, dry_run).await?;
    Ok(axum::Json(done))
}

/// Takes a capability out of the catalog. Running jobs go on.
#[utoipa::path(post, path = "/admin/api/models/{id}/capabilities/{kind}/retire", tag = "admin",
    params(("id" = String, Path), ("kind" = String, Path)), security(("token" = [])),
    responses((status = 200, body = AdminModel), (status = 404)))]
pub async fn retire(
    State(state): State<AppState>,
    admin: AdminCaller,
    Path((id, named)): Path<(String, String)>,
) -> ApiResult<axum::Json<AdminModel>> {
    change(&state, &admin, &id, ModelCommand::RetireCapability(kind(&named)?)).await
}

/// Changes who does it, without a new version.
#[utoipa::path(post, path = "/admin/api/models/{id}/capabilities/{kind}/routes", tag = "admin", request_body = Routes,
    params(("id" = String, Path), ("kind" = String, Path)), security(("token" = [])),
    responses((status = 200, body = AdminModel), (status = 404), (status = 422, description = "capability_unfit")))]
pub async fn change_routes(
    State(state): State<AppState>,
    admin: AdminCaller,
    Path((id, named)): Path<(String, String)>,
    Json(Routes { routes }): Json<Routes>,
) -> ApiResult<axum::Json<AdminModel>> {
    let kind = kind(&named)?;
    let issues = state.parts.dispatcher.lint_routes(kind, &routes);
    if !issues.is_empty() {
        return Err(ApiError::unfit(&issues));
    }
    change(&state, &admin, &id, ModelCommand::ChangeRoutes { kind, routes }).await
}

/// Announces that a capability is to go, with its date and what takes its place.
#[utoipa::path(post, path = "/admin/api/models/{id}/capabilities/{kind}/deprecate", tag = "admin", request_body = Deprecate,
    params(("id" = String, Path), ("kind" = String, Path)), security(("token" = [])),
    responses((status = 200, body = AdminModel), (status = 404), (status = 422, description = "invalid_parameter")))]
pub async fn deprecate(
    State(state): State<AppState>,
    admin: AdminCaller,
    Path((id, named)): Path<(String, String)>,
    Json(Deprecate { sunset_at, replacement }): Json<Deprecate>,
) -> ApiResult<axum::Json<AdminModel>> {
    announce(&state, &admin, (&id, kind(&named)?), sunset_at, replacement).await?;
    shown(&state, &id)
}

/// Announces that a capability is to go.
///
/// # Errors
/// `model_not_found`, `invalid_parameter`, `not_found`.
pub async fn announce(
    state: &AppState,
    admin: &AdminCaller,
    (id, kind): (&str, CapabilityKind),
    sunset_at: DateTime<Utc>,
    replacement: Option<String>,
) -> ApiResult<()> {
    if let Some(name) = &replacement
        && let Err(reason) = state.live.catalog().callable(name, kind)
    {
        return Err(ApiError::parameter("replacement", format!("{name} can't take its place: {reason}")));
    }
    let deprecation = Deprecation { deprecated_at: state.store.now(), sunset_at, replacement };
    let command = ModelCommand::DeprecateCapability { kind, deprecation };
    execute(state, admin, &model(state, id)?.model_id, command).await?;
    Ok(())
}

/// Lets a capability stay after all.
#[utoipa::path(delete, path = "/admin/api/models/{id}/capabilities/{kind}/deprecate", tag = "admin",
    params(("id" = String, Path), ("kind" = String, Path)), security(("token" = [])),
    responses((status = 200, body = AdminModel), (status = 404)))]
pub async fn withdraw_deprecation(
    State(state): State<AppState>,
    admin: AdminCaller,
    Path((id, named)): Path<(String, String)>,
) -> ApiResult<axum::Json<AdminModel>> {
    change(&state, &admin, &id, ModelCommand::WithdrawDeprecation(kind(&named)?)).await
}

async fn change(
    state: &AppState,
    admin: &AdminCaller,
    id: &str,
    command: ModelCommand,
) -> ApiResult<axum::Json<AdminModel>> {
    execute(state, admin, &model(state, id)?.model_id, command).await?;
    shown(state, id)
}

/// Publishes an earlier version again, on the routes of now.
///
/// # Errors
/// `model_not_found`, `not_found`, `capability_unfit`.
pub async fn bring_back(
    state: &AppState,
    admin: &AdminCaller,
    (id, kind): (&str, CapabilityKind),
    version: u32,
    dry_run: bool,
) -> ApiResult<Publication> {
    let entry = model(state, id)?;
    let earlier = entry.version(kind, version).ok_or_else(|| ApiError::not_found("version"))?;
    let routes = entry.model.capabilities().get(&kind).map(|published| published.routes.clone());
    let routes = routes.unwrap_or_else(|| earlier.capability.routes.clone());
    let capability = Capability { routes, ..Capability::clone(&earlier.capability) };
    bring(state, admin, id, capability, dry_run).await
}

/// Publishes a capability, or says what is wrong with it.
///
/// # Errors
/// `model_not_found`, `capability_unfit`.
pub async fn bring(
    state: &AppState,
    admin: &AdminCaller,
    id: &str,
    capability: Capability,
    dry_run: bool,
) -> ApiResult<Publication> {
    let entry = model(state, id)?;
    let appraised = appraise(state, &entry, &capability).await?;
    if dry_run {
        return Ok(appraised);
    }
    if !appraised.issues.is_empty() {
        return Err(ApiError::unfit(&appraised.issues));
    }
    let command = ModelCommand::PublishCapability(Box::new(capability));
    let committed = execute(state, admin, &entry.model_id, command).await?;
    let version = committed.events.iter().find_map(|recorded| match &recorded.event {
        Event::Model(ModelEvent::CapabilityPublished { version, .. }) => Some(*version),
        _ => None,
    });
    Ok(Publication { published: version.is_some(), version: version.unwrap_or(appraised.version), ..appraised })
}

/// What publishing a capability would do: what is wrong with it, what is different, and the version that would hold.
///
/// # Errors
/// The store's.
pub async fn appraise(state: &AppState, entry: &ModelEntry, capability: &Capability) -> ApiResult<Publication> {
    let kind = capability.kind;
    let before = present(state, &entry.model_id).await?;
    let last = before.capabilities().get(&kind);
    let diff = last.map(|published| {
        let now = Capability { routes: published.routes.clone(), ..Capability::clone(&published.capability) };
        now.diff(capability)
    });
    let mut issues = state.parts.dispatcher.lint_routes(kind, &capability.routes);
    let command = ModelCommand::PublishCapability(Box::new(capability.clone()));
    let version = decided(&before, &command, kind, &mut issues)?;
    let known = last.map_or(0, |published| published.version);
    let model = entry.identity().map(|identity| identity.name.clone()).unwrap_or_default();
    let version = version.unwrap_or(known);
    Ok(Publication { model, kind: kind.name(), published: false, version, issues, diff })
}

/// The version that publishing would lead to, if to a new one; what lint refuses is added to the issues.
fn decided(
    model: &Model,
    command: &ModelCommand,
    kind: CapabilityKind,
    issues: &mut Vec<LintIssue>,
) -> ApiResult<Option<u32>> {
    match model.decide(command) {
        Err(ModelError::Unfit(found)) => {
            issues.extend(found);
            Ok(None)
        }
        Err(error) => Err(error.into()),
        Ok(events) => Ok(events.into_iter().find_map(|event| match event {
            ModelEvent::CapabilityPublished { version, capability } if capability.kind == kind => Some(version),
            _ => None,
        })),
    }
}
