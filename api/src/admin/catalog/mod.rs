//! The catalog by script: models, capabilities with their versions, and whole catalogs as files.
//!
//! | file | route |
//! |---|---|
//! | `models` | `GET|POST /admin/api/models`, `GET /admin/api/models/{id}`, `POST …/enable`, `…/disable` |
//! | `publish` | `POST /admin/api/models/{id}/capabilities`, and `…/{kind}/rollback`, `…/retire`, `…/routes`, `…/deprecate` |
//! | `versions` | `GET /admin/api/models/{id}/capabilities/{kind}/versions[/{version}]`, `…/diff` |
//! | `rehearse` | `POST /admin/api/models/{id}/capabilities/{kind}/rehearse` |
//! | `transfer` | `GET /admin/api/catalog/export`, `POST /admin/api/catalog/import` |
//!
//! A model is named by its id or by its name. Everything is a command to the model, by the admin who asks.

pub mod models;
pub mod publish;
pub mod rehearse;
pub mod transfer;
pub mod versions;

use std::sync::Arc;

use domain::{
    capability::{CapabilityKind, LintIssue},
    id::ModelId,
    model::{CatalogEntry, Model, ModelCommand},
    unit::Unit,
};
use projections::live::ModelEntry;
use store::{Committed, Side, Work};

use crate::{
    caller::AdminCaller,
    error::{ApiError, ApiResult, ErrorCode},
    freshness::PATIENCE,
    state::AppState,
};

/// A model by its id or its name.
///
/// # Errors
/// `model_not_found`.
pub fn model(state: &AppState, named: &str) -> ApiResult<Arc<ModelEntry>> {
    let catalog = state.live.catalog();
    let by_id = || catalog.models().find(|entry| entry.model_id.as_str() == named);
    let missing = || ApiError::new(ErrorCode::ModelNotFound, "there is no such model").of("model");
    catalog.model(named).or_else(by_id).cloned().ok_or_else(missing)
}

/// The kind of capability that a path names.
///
/// # Errors
/// `not_found`.
pub fn kind(named: &str) -> ApiResult<CapabilityKind> {
    named.parse().map_err(|_| ApiError::not_found("capability"))
}

/// A model's state as of the end of the log.
async fn present(state: &AppState, id: &ModelId) -> ApiResult<Model> {
    Ok(state.store.read(id.as_str()).await?)
}

/// Does what an admin asks of a model, and waits until this process has heard of it.
///
/// # Errors
/// What the model refuses, and the store's.
pub async fn execute(
    state: &AppState,
    admin: &AdminCaller,
    id: &ModelId,
    command: ModelCommand,
) -> ApiResult<Committed> {
    let work = Work { unit: Unit::of(id, command), context: admin.context(), side: Side::default() };
    let committed = state.store.execute(work).await?;
    state.follower.reached(committed.position, PATIENCE).await;
    Ok(committed)
}

/// What is wrong with where the routes of an entry lead.
fn lint_entry_routes(state: &AppState, entry: &CatalogEntry) -> Vec<LintIssue> {
    let capabilities = entry.capabilities.iter();
    let issues = capabilities.flat_map(|capability| {
        let found = state.parts.dispatcher.lint_routes(capability.kind, &capability.routes);
        let path = move |issue: LintIssue| LintIssue { path: format!("{}.{}", capability.kind, issue.path), ..issue };
        found.into_iter().map(path)
    });
    issues.collect()
}
