//! `/admin/api/catalog/export` and `/import`: whole catalogs as files. Each model is brought there all or not at all, and a file
//! that was imported before changes nothing. What a file does not name stays as it is.

use axum::extract::State;
use domain::{
    capability::LintIssue,
    decide::Decide as _,
    model::{CatalogEntry, ModelCommand, ModelError, model_id},
    stream::Event,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{execute, lint_entry_routes, model, present};
use crate::{
    caller::{AdminCaller, AuditorCaller},
    error::{ApiError, ApiResult},
    request::{Json, Query},
    state::AppState,
};

/// The most models of one file.
pub const MODELS_MAX: usize = 1_000;

/// A catalog as a file.
#[derive(Debug, Serialize, ToSchema)]
pub struct CatalogFile {
    /// Every model, by name, with what it can do now.
    #[schema(value_type = Vec<Object>)]
    models: Vec<CatalogEntry>,
}

/// A catalog to be imported.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Import {
    /// The models, as an export gives them.
    #[schema(value_type = Vec<Object>)]
    models: Vec<CatalogEntry>,
    /// Only says what would happen.
    #[serde(default)]
    dry_run: bool,
}

/// What an import did, or would do.
#[derive(Debug, Serialize, ToSchema)]
pub struct Imported {
    /// `import`
    object: &'static str,
    /// Whether nothing was changed, only looked at.
    dry_run: bool,
    /// How many models are not as the file says, because they can't be.
    refused: usize,
    /// Each model of the file, in its order.
    data: Vec<ImportedModel>,
}

/// What became of one model.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportedModel {
    /// Its name.
    pub name: String,
    /// `changed`, `unchanged` or `refused`.
    pub result: &'static str,
    /// What happened to it, as the names of the events; in a dry run what would.
    pub changes: Vec<String>,
    /// Why it is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What is wrong with what it can do.
    #[schema(value_type = Vec<Object>)]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub issues: Vec<LintIssue>,
}

/// Which models are exported.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ExportQuery {
    /// Only the one of this name or id.
    model: Option<String>,
}

/// Gives the whole catalog, or one model of it, as a file.
#[utoipa::path(get, path = "/admin/api/catalog/export", tag = "admin", params(ExportQuery), security(("token" = [])),
    responses((status = 200, body = CatalogFile), (status = 404, description = "model_not_found")))]
pub async fn export(
    State(state): State<AppState>,
    _: AuditorCaller,
    Query(query): Query<ExportQuery>,
) -> ApiResult<axum::Json<CatalogFile>> {
    let models = match query.model {
        Some(named) => model(&state, &named)?.model.entry().into_iter().collect(),
        None => state.live.catalog().models().filter_map(|entry| entry.model.entry()).collect(),
    };
    Ok(axum::Json(CatalogFile { models }))
}

/// Brings the models of a file to what it says.
#[utoipa::path(post, path = "/admin/api/catalog/import", tag = "admin", request_body = Import, security(("token" = [])),
    responses((status = 200, body = Imported)))]
pub async fn import(
    State(state): State<AppState>,
    admin: AdminCaller,
    Json(Import { models, dry_run }): Json<Import>,
) -> ApiResult<axum::Json<Imported>> {
    let data = bring_all(&state, &admin, models, dry_run).await?;
    let refused = data.iter().filter(|model| model.result == "refused").count();
    Ok(axum::Json(Imported { object: "import", dry_run, refused, data }))
}

/// Brings models to what a file says, or only tells what that would change.
///
/// # Errors
/// `invalid_parameter` for too many, and the store's. What is wrong with one model stands in its own result.
pub async fn bring_all(
    state: &AppState,
    admin: &AdminCaller,
    models: Vec<CatalogEntry>,
    dry_run: bool,
) -> ApiResult<Vec<ImportedModel>> {
    if models.len() > MODELS_MAX {
        return Err(ApiError::parameter("models", format!("a file has at most {MODELS_MAX} models")));
    }
    let mut data = Vec::with_capacity(models.len());
    for entry in models {
        data.push(import_one(state, admin, entry, dry_run).await?);
    }
    Ok(data)
}

async fn import_one(
    state: &AppState,
    admin: &AdminCaller,
    entry: CatalogEntry,
    dry_run: bool,
) -> ApiResult<ImportedModel> {
    let name = entry.name.clone();
    let refused = |message: String, issues: Vec<LintIssue>| ImportedModel {
        name: name.clone(),
        result: "refused",
        changes: Vec::new(),
        message: Some(message),
        issues,
    };
    let issues = lint_entry_routes(state, &entry);
    if !issues.is_empty() {
        return Ok(refused("a route leads nowhere".to_owned(), issues));
    }
    let id = model(state, &name).map_or_else(|_| model_id(&name), |known| known.model_id.clone());
    let command = ModelCommand::ImportModel(Box::new(entry));
    let events = match present(state, &id).await?.decide(&command) {
        Ok(events) => events,
        Err(ModelError::Unfit(issues)) => return Ok(refused("a capability can't be published".to_owned(), issues)),
        Err(error) => return Ok(refused(error.to_string(), Vec::new())),
    };
    let changes: Vec<String> = if dry_run {
        events.into_iter().map(|event| Event::Model(event).encode().event_type).collect()
    } else {
        let committed = execute(state, admin, &id, command).await?;
        committed.events.iter().map(|recorded| recorded.event.encode().event_type).collect()
    };
    let result = if changes.is_empty() { "unchanged" } else { "changed" };
    Ok(ImportedModel { name, result, changes, message: None, issues: Vec::new() })
}
