//! `/admin/api/models`: models as those who run the platform see them, also disabled ones; registered, enabled and disabled.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use domain::{
    capability::Route,
    model::{Identity, ModelCommand, Published, model_id},
};
use projections::live::{ModelEntry, Uncallable};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{execute, model, present};
use crate::{
    caller::{AdminCaller, AuditorCaller},
    catalog::deprecation::DeprecationView,
    error::{ApiError, ApiResult},
    page::{List, page_size},
    request::{Json, Path, Query},
    state::AppState,
};

/// Which page.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ModelQuery {
    /// The name of the last model of the page before.
    after: Option<String>,
    /// How many, at most 100.
    limit: Option<u32>,
}

/// A model to be.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewModel {
    /// What requests call it: small letters, digits, dots, underscores and hyphens. It stays.
    name: String,
    /// What people call it.
    display_name: String,
    /// The provider it is known from. It stays.
    provider: String,
    /// What it is good for.
    #[serde(default)]
    description: String,
}

/// A model, as those who run the platform see it.
#[derive(Debug, Serialize, ToSchema)]
pub struct AdminModel {
    /// `mdl_…`
    id: String,
    /// What requests call it.
    name: String,
    /// What people call it.
    display_name: String,
    /// The provider it is known from.
    provider: String,
    /// What it is good for.
    description: String,
    /// Whether it may be called.
    enabled: bool,
    /// When it came into the catalog.
    registered_at: DateTime<Utc>,
    /// What it can do, retired capabilities included.
    capabilities: Vec<AdminCapability>,
}

/// One thing that a model can do, as those who run the platform see it.
#[derive(Debug, Serialize, ToSchema)]
pub struct AdminCapability {
    /// Such as `text_to_image`.
    kind: &'static str,
    /// Its present version.
    version: u32,
    /// Whether it can be called now, or why not.
    #[schema(value_type = String)]
    callable: String,
    /// Whether it was taken out of the catalog.
    retired: bool,
    /// Until when it can be called, if it is to go.
    deprecation: Option<DeprecationView>,
    /// Who does it now.
    #[schema(value_type = Vec<Object>)]
    routes: Vec<Route>,
}

/// Lists all models, by name.
#[utoipa::path(get, path = "/admin/api/models", tag = "admin", params(ModelQuery), security(("token" = [])),
    responses((status = 200, body = List<AdminModel>)))]
pub async fn list(
    State(state): State<AppState>,
    _: AuditorCaller,
    Query(query): Query<ModelQuery>,
) -> ApiResult<axum::Json<List<AdminModel>>> {
    let limit = page_size(query.limit)?;
    let catalog = state.live.catalog();
    let models = catalog.models().filter_map(|entry| view(&state, entry));
    let later = models.filter(|model| query.after.as_ref().is_none_or(|after| model.name > *after));
    let rows = later.take(limit as usize + 1).collect();
    Ok(axum::Json(List::cut(rows, limit, |row: &AdminModel| row.name.clone())))
}

/// Shows a model, by its id or its name.
#[utoipa::path(get, path = "/admin/api/models/{id}", tag = "admin", params(("id" = String, Path)),
    security(("token" = [])), responses((status = 200, body = AdminModel), (status = 404)))]
pub async fn show(
    State(state): State<AppState>,
    _: AuditorCaller,
    Path(id): Path<String>,
) -> ApiResult<axum::Json<AdminModel>> {
    shown(&state, &id)
}

/// Registers a model, or gives it other texts. Again, it changes nothing.
#[utoipa::path(post, path = "/admin/api/models", tag = "admin", request_body = NewModel, security(("token" = [])),
    responses((status = 201, body = AdminModel), (status = 200, body = AdminModel, description = "it was there"),
              (status = 409, description = "conflict: the name is of another provider")))]
pub async fn register(
    State(state): State<AppState>,
    admin: AdminCaller,
    Json(new): Json<NewModel>,
) -> ApiResult<Response> {
    let NewModel { name, display_name, provider, description } = new;
    let is_new = put(&state, &admin, Identity { name: name.clone(), display_name, provider, description }).await?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, shown(&state, &name)?).into_response())
}

/// Registers a model, or gives it other texts. Tells whether it is new.
///
/// # Errors
/// `invalid_parameter`, `conflict`.
pub async fn put(state: &AppState, admin: &AdminCaller, identity: Identity) -> ApiResult<bool> {
    let known = model(state, &identity.name).map(|entry| entry.model_id.clone());
    let id = known.unwrap_or_else(|_| model_id(&identity.name));
    let is_new = present(state, &id).await?.identity().is_none();
    execute(state, admin, &id, ModelCommand::RegisterModel(identity)).await?;
    Ok(is_new)
}

/// Lets a model be called.
#[utoipa::path(post, path = "/admin/api/models/{id}/enable", tag = "admin", params(("id" = String, Path)),
    security(("token" = [])), responses((status = 200, body = AdminModel), (status = 404)))]
pub async fn enable(
    State(state): State<AppState>,
    admin: AdminCaller,
    Path(id): Path<String>,
) -> ApiResult<axum::Json<AdminModel>> {
    execute(&state, &admin, &model(&state, &id)?.model_id, ModelCommand::EnableModel).await?;
    shown(&state, &id)
}

/// Lets a model not be called. Running jobs go on.
#[utoipa::path(post, path = "/admin/api/models/{id}/disable", tag = "admin", params(("id" = String, Path)),
    security(("token" = [])), responses((status = 200, body = AdminModel), (status = 404)))]
pub async fn disable(
    State(state): State<AppState>,
    admin: AdminCaller,
    Path(id): Path<String>,
) -> ApiResult<axum::Json<AdminModel>> {
    execute(&state, &admin, &model(&state, &id)?.model_id, ModelCommand::DisableModel).await?;
    shown(&state, &id)
}

/// A model as it stands now.
///
/// # Errors
/// `model_not_found`.
pub(super) fn shown(state: &AppState, id: &str) -> ApiResult<axum::Json<AdminModel>> {
    let entry = model(state, id)?;
    let missing = || ApiError::not_found("model");
    Ok(axum::Json(view(state, &entry).ok_or_else(missing)?))
}

fn view(state: &AppState, entry: &ModelEntry) -> Option<AdminModel> {
    let Identity { name, display_name, provider, description } = entry.identity()?.clone();
    let capabilities = entry.model.capabilities().values().map(|published| capability(state, &name, published));
    Some(AdminModel {
        id: entry.model_id.to_string(),
        capabilities: capabilities.collect(),
        name,
        display_name,
        provider,
        description,
        enabled: entry.model.is_enabled(),
        registered_at: entry.registered_at,
    })
}

fn capability(state: &AppState, model: &str, published: &Published) -> AdminCapability {
    let kind = published.capability.kind;
    let callable = state.live.catalog().callable(model, kind);
    AdminCapability {
        kind: kind.name(),
        version: published.version,
        callable: callable.map_or_else(|reason: Uncallable| reason.to_string(), |_| "yes".to_owned()),
        retired: published.retired,
        deprecation: published.deprecation.as_ref().map(DeprecationView::from),
        routes: published.routes.clone(),
    }
}
