//! `GET /v1/models[/{id}]`: the models that the caller may use, in OpenAI's shape.

use std::collections::BTreeMap;

use axum::extract::State;
use chrono::NaiveDate;
use projections::live::ModelEntry;
use serde::Serialize;
use utoipa::ToSchema;

use super::deprecation::DeprecationView;
use crate::{
    caller::Caller,
    error::{ApiError, ApiResult, ErrorCode},
    request::Path,
    state::AppState,
};

/// A model, in OpenAI's shape.
#[derive(Debug, Serialize, ToSchema)]
pub struct ModelView {
    /// Its public name.
    id: String,
    /// `model`
    object: &'static str,
    /// When it came into the catalog, in Unix seconds.
    created: i64,
    /// The provider it is known from.
    owned_by: String,
    /// What people call it.
    name: String,
    /// What it can do.
    capabilities: Vec<&'static str>,
    /// Which of that is to go, when, and what takes its place.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    deprecations: BTreeMap<&'static str, DeprecationView>,
    /// The day after which nothing of it can be called, if all of it is to go.
    #[serde(skip_serializing_if = "Option::is_none")]
    shutdown_date: Option<NaiveDate>,
}

/// All models.
#[derive(Debug, Serialize, ToSchema)]
pub struct ModelList {
    /// `list`
    object: &'static str,
    /// The models.
    data: Vec<ModelView>,
}

/// Lists the models.
#[utoipa::path(get, path = "/v1/models", tag = "models", security(("token" = []), ("api_key" = [])),
    responses((status = 200, body = ModelList)))]
pub async fn list(State(state): State<AppState>, caller: Caller) -> ApiResult<axum::Json<ModelList>> {
    let catalog = state.live.catalog();
    let views = catalog.models().filter_map(|entry| view(entry));
    let data = views.filter(|model| caller.may_use(&model.id).is_ok()).collect();
    Ok(axum::Json(ModelList { object: "list", data }))
}

/// Shows a model.
#[utoipa::path(get, path = "/v1/models/{id}", tag = "models", params(("id" = String, Path)),
    security(("token" = []), ("api_key" = [])), responses((status = 200, body = ModelView), (status = 404)))]
pub async fn show(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<axum::Json<ModelView>> {
    let catalog = state.live.catalog();
    let found = catalog.model(&id).and_then(|entry| view(entry)).filter(|model| caller.may_use(&model.id).is_ok());
    let missing = || ApiError::new(ErrorCode::ModelNotFound, "there is no such model").of("model");
    Ok(axum::Json(found.ok_or_else(missing)?))
}

/// A model that can be called now.
fn view(entry: &ModelEntry) -> Option<ModelView> {
    let identity = entry.identity()?;
    let capabilities: Vec<_> = entry.callables().map(|callable| callable.kind.name()).collect();
    let deprecated: Vec<_> =
        entry.callables().filter_map(|callable| Some((callable.kind, entry.deprecation(callable.kind)?))).collect();
    let last = deprecated.iter().map(|(_, deprecation)| deprecation.sunset_at.date_naive()).max();
    let shutdown_date = last.filter(|_| deprecated.len() == capabilities.len());
    let deprecations = deprecated.into_iter().map(|(kind, deprecation)| (kind.name(), deprecation.into())).collect();
    (!capabilities.is_empty()).then(|| ModelView {
        id: identity.name.clone(),
        object: "model",
        created: entry.registered_at.timestamp(),
        owned_by: identity.provider.clone(),
        name: identity.display_name.clone(),
        capabilities,
        deprecations,
        shutdown_date,
    })
}
