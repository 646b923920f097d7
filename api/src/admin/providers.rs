//! `/admin/api/providers`: whom we buy from, where they are reached, and whether they get new work.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use domain::{
    id::{ProviderId, named_uuid},
    provider::{Provider, ProviderCommand, ProviderSettings},
    unit::Unit,
};
use projections::live::ProviderEntry;
use providers::Adapter;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use store::{Side, Work};
use utoipa::ToSchema;

use crate::{
    caller::{AdminCaller, AuditorCaller},
    error::{ApiError, ApiResult, ErrorCode},
    freshness::PATIENCE,
    page::List,
    request::{Json, Path},
    state::AppState,
};

/// The longest name, base URL or reason.
const TEXT_MAX_BYTES: usize = 500;
/// The most failures in a row that a key may be granted.
const FAILURES_MAX: u32 = 1_000;

/// A provider to be.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewProvider {
    /// Its name in the catalog, such as `ark`. It stays.
    pub name: String,
    /// Which adapter speaks to it, such as `ark`.
    pub adapter: String,
    /// What stands before every path.
    pub base_url: String,
    /// How many failures in a row disable a key; 5 unless set.
    #[serde(default)]
    pub failures_to_disable: Option<u32>,
}

/// Other settings of a provider; what is not named stays.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProviderChange {
    /// Which adapter speaks to it.
    #[serde(default)]
    pub adapter: Option<String>,
    /// What stands before every path.
    #[serde(default)]
    pub base_url: Option<String>,
    /// How many failures in a row disable a key.
    #[serde(default)]
    pub failures_to_disable: Option<u32>,
}

/// Why a provider gets nothing new.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Pause {
    /// For people.
    reason: String,
}

/// A provider.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProviderView {
    /// `prv_…`
    pub id: String,
    /// Its name in the catalog.
    pub name: String,
    /// Which adapter speaks to it.
    pub adapter: String,
    /// What stands before every path.
    pub base_url: String,
    /// How many failures in a row disable a key.
    pub failures_to_disable: u32,
    /// Why it gets nothing new, if so.
    pub paused: Option<String>,
    /// How many keys of ours it has in the pool.
    pub keys: usize,
}

/// Lists all providers.
#[utoipa::path(get, path = "/admin/api/providers", tag = "admin", security(("token" = [])),
    responses((status = 200, body = List<ProviderView>)))]
pub async fn list(State(state): State<AppState>, _: AuditorCaller) -> axum::Json<List<ProviderView>> {
    let catalog = state.live.catalog();
    let rows = catalog.providers().filter_map(|entry| view(&state, entry)).collect();
    axum::Json(List::page(rows, false, |row: &ProviderView| row.id.clone()))
}

/// Shows a provider, by its id or its name.
#[utoipa::path(get, path = "/admin/api/providers/{id}", tag = "admin", params(("id" = String, Path)),
    security(("token" = [])), responses((status = 200, body = ProviderView), (status = 404)))]
pub async fn show(
    State(state): State<AppState>,
    _: AuditorCaller,
    Path(id): Path<String>,
) -> ApiResult<axum::Json<ProviderView>> {
    view_of(&state, &id).map(axum::Json)
}

/// Registers a provider. Again with the same settings, it changes nothing.
#[utoipa::path(post, path = "/admin/api/providers", tag = "admin", request_body = NewProvider, security(("token" = [])),
    responses((status = 201, body = ProviderView), (status = 200, body = ProviderView, description = "it was there"),
              (status = 409, description = "conflict: it is there with other settings"), (status = 422)))]
pub async fn register(
    State(state): State<AppState>,
    admin: AdminCaller,
    Json(new): Json<NewProvider>,
) -> ApiResult<Response> {
    let (view, is_new) = register_one(&state, &admin, new).await?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, axum::Json(view)).into_response())
}

/// Registers a provider at an admin's word; says whether it is new.
///
/// # Errors
/// `invalid_parameter`; `conflict` when it is there with other settings.
pub async fn register_one(state: &AppState, admin: &AdminCaller, new: NewProvider) -> ApiResult<(ProviderView, bool)> {
    let NewProvider { name, adapter, base_url, failures_to_disable } = new;
    let settings = checked(ProviderSettings { name: name.clone(), adapter, base_url, failures_to_disable })?;
    let known = provider(state, &name).map(|entry| entry.provider_id.clone());
    let id = known.unwrap_or_else(|_| ProviderId::from_uuid(named_uuid("provider", &name)));
    let before: Provider = state.store.read(id.as_str()).await?;
    let is_new = match before.settings() {
        None => true,
        Some(known) if *known == settings => false,
        Some(_) => {
            let message = "a provider of this name is there with other settings; change its settings instead";
            return Err(ApiError::new(ErrorCode::Conflict, message).of("name"));
        }
    };
    execute(state, admin, &id, ProviderCommand::RegisterProvider(settings)).await?;
    Ok((view_of(state, &name)?, is_new))
}

/// Changes where a provider is reached, or who speaks to it.
#[utoipa::path(post, path = "/admin/api/providers/{id}/settings", tag = "admin", request_body = ProviderChange,
    params(("id" = String, Path)), security(("token" = [])), responses((status = 200, body = ProviderView), (status = 404), (status = 422)))]
pub async fn change(
    State(state): State<AppState>,
    admin: AdminCaller,
    Path(id): Path<String>,
    Json(change): Json<ProviderChange>,
) -> ApiResult<axum::Json<ProviderView>> {
    change_one(&state, &admin, &id, change).await.map(axum::Json)
}

/// Changes a provider's settings at an admin's word.
///
/// # Errors
/// `not_found`, `invalid_parameter`.
pub async fn change_one(
    state: &AppState,
    admin: &AdminCaller,
    id: &str,
    ProviderChange { adapter, base_url, failures_to_disable }: ProviderChange,
) -> ApiResult<ProviderView> {
    let entry = provider(state, id)?;
    let known = entry.settings().cloned().ok_or_else(|| ApiError::not_found("provider"))?;
    let settings = ProviderSettings {
        adapter: adapter.unwrap_or(known.adapter),
        base_url: base_url.unwrap_or(known.base_url),
        failures_to_disable: failures_to_disable.or(known.failures_to_disable),
        name: known.name,
    };
    execute(state, admin, &entry.provider_id, ProviderCommand::RegisterProvider(checked(settings)?)).await?;
    view_of(state, id)
}

/// Sends a provider nothing new. Running work goes on.
#[utoipa::path(post, path = "/admin/api/providers/{id}/pause", tag = "admin", request_body = Pause,
    params(("id" = String, Path)), security(("token" = [])), responses((status = 200, body = ProviderView), (status = 404)))]
pub async fn pause(
    State(state): State<AppState>,
    admin: AdminCaller,
    Path(id): Path<String>,
    Json(Pause { reason }): Json<Pause>,
) -> ApiResult<axum::Json<ProviderView>> {
    pause_one(&state, &admin, &id, reason).await.map(axum::Json)
}

/// Pauses a provider at an admin's word.
///
/// # Errors
/// `not_found`, `invalid_parameter`.
pub async fn pause_one(state: &AppState, admin: &AdminCaller, id: &str, reason: String) -> ApiResult<ProviderView> {
    if reason.trim().is_empty() || reason.len() > TEXT_MAX_BYTES {
        return Err(ApiError::parameter("reason", format!("reason has 1 to {TEXT_MAX_BYTES} bytes")));
    }
    execute(state, admin, &provider(state, id)?.provider_id, ProviderCommand::PauseProvider { reason }).await?;
    view_of(state, id)
}

/// Sends a provider work again.
#[utoipa::path(post, path = "/admin/api/providers/{id}/resume", tag = "admin", params(("id" = String, Path)),
    security(("token" = [])), responses((status = 200, body = ProviderView), (status = 404)))]
pub async fn resume(
    State(state): State<AppState>,
    admin: AdminCaller,
    Path(id): Path<String>,
) -> ApiResult<axum::Json<ProviderView>> {
    resume_one(&state, &admin, &id).await.map(axum::Json)
}

/// Resumes a provider at an admin's word.
///
/// # Errors
/// `not_found`.
pub async fn resume_one(state: &AppState, admin: &AdminCaller, id: &str) -> ApiResult<ProviderView> {
    execute(state, admin, &provider(state, id)?.provider_id, ProviderCommand::ResumeProvider).await?;
    view_of(state, id)
}

async fn execute(state: &AppState, admin: &AdminCaller, id: &ProviderId, command: ProviderCommand) -> ApiResult<()> {
    let work = Work { unit: Unit::of(id, command), context: admin.context(), side: Side::default() };
    let committed = state.store.execute(work).await?;
    state.follower.reached(committed.position, PATIENCE).await;
    Ok(())
}

fn provider(state: &AppState, named: &str) -> ApiResult<Arc<ProviderEntry>> {
    let catalog = state.live.catalog();
    let by_id = || catalog.providers().find(|entry| entry.provider_id.as_str() == named);
    catalog.provider(named).or_else(by_id).cloned().ok_or_else(|| ApiError::not_found("provider"))
}

fn checked(settings: ProviderSettings) -> ApiResult<ProviderSettings> {
    let ProviderSettings { name, adapter, base_url, failures_to_disable } = settings;
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte);
    if name.is_empty() || name.len() > TEXT_MAX_BYTES || !name.bytes().all(letter) {
        return Err(ApiError::parameter("name", "name has small letters, digits, dots, underscores and hyphens"));
    }
    if !Adapter::kinds().any(|kind| kind == adapter) {
        let kinds = Adapter::kinds().collect::<Vec<_>>().join(", ");
        return Err(ApiError::parameter("adapter", format!("adapter is one of {kinds}")));
    }
    let http = base_url.starts_with("http://") || base_url.starts_with("https://");
    if !http || base_url.len() > TEXT_MAX_BYTES {
        return Err(ApiError::parameter("base_url", "base_url begins with http:// or https://"));
    }
    if failures_to_disable.is_some_and(|failures| !(1..=FAILURES_MAX).contains(&failures)) {
        let message = format!("failures_to_disable is from 1 to {FAILURES_MAX}");
        return Err(ApiError::parameter("failures_to_disable", message));
    }
    let base_url = base_url.trim_end_matches('/').to_owned();
    Ok(ProviderSettings { name, adapter, base_url, failures_to_disable })
}

/// A provider, by its id or its name.
///
/// # Errors
/// `not_found`.
pub fn view_of(state: &AppState, named: &str) -> ApiResult<ProviderView> {
    let entry = provider(state, named)?;
    view(state, &entry).ok_or_else(|| ApiError::not_found("provider"))
}

fn view(state: &AppState, entry: &ProviderEntry) -> Option<ProviderView> {
    let settings = entry.settings()?.clone();
    let failures_to_disable = settings.failures_to_disable();
    let ProviderSettings { name, adapter, base_url, .. } = settings;
    Some(ProviderView {
        id: entry.provider_id.to_string(),
        name,
        adapter,
        base_url,
        failures_to_disable,
        paused: entry.provider.paused().map(ToOwned::to_owned),
        keys: state.live.catalog().provider_keys(&entry.provider_id).count(),
    })
}
