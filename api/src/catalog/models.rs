//! `GET /v1/models[/{id}]`: the models that the caller may use, in OpenAI's shape.

use axum::extract::State;
use projections::live::ModelEntry;
use serde::Serialize;
use utoipa::ToSchema;

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
    caller.needs_scope("models")?;
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
    caller.needs_scope("models")?;
    let catalog = state.live.catalog();
    let found = catalog.model(&id).and_then(|entry| view(entry)).filter(|model| caller.may_use(&model.id).is_ok());
    let missing = || ApiError::new(ErrorCode::ModelNotFound, "there is no such model").of("model");
    Ok(axum::Json(found.ok_or_else(missing)?))
}

/// A model that can be called now.
fn view(entry: &ModelEntry) -> Option<ModelView> {
    let identity = entry.identity()?;
    let capabilities: Vec<_> = entry.callables().map(|callable| callable.kind.name()).collect();
    (!capabilities.is_empty()).then(|| ModelView {
        id: identity.name.clone(),
        object: "model",
        created: entry.registered_at.timestamp(),
        owned_by: identity.provider.clone(),
        name: identity.display_name.clone(),
        capabilities,
    })
}
