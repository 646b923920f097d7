//! `/admin/providers…`: whom we buy from, and what an admin changes about them.

use axum::{
    Form,
    extract::{State, rejection::FormRejection},
    http::StatusCode,
    response::Response,
};
use domain::id::ProviderKeyId;
use projections::live::Catalog;
use providers::Adapter;
use serde::Deserialize;
use templates_maud::{
    console::providers::{ProviderPage, ProviderRow, ProvidersPage, Said},
    paths,
};

use super::{Seat, provider_keys::whole};
use crate::{
    admin::{
        provider_keys::select::KeyStanding,
        providers::{self as admin, NewProvider, ProviderChange, ProviderView},
    },
    error::{ApiError, ApiResult},
    pages::{Confirmed, answer, fields},
    request::Path,
    state::AppState,
};

/// A provider's settings, as the forms have them.
#[derive(Clone, Default, Deserialize)]
pub struct ProviderForm {
    csrf_token: String,
    #[serde(default)]
    name: String,
    adapter: String,
    base_url: String,
    #[serde(default)]
    failures_to_disable: String,
}

/// Shows the providers.
pub async fn show(State(state): State<AppState>, seat: Seat) -> Response {
    list(&state, &seat, &ProviderRow::default(), None)
}

/// Registers a provider.
pub async fn add(
    State(state): State<AppState>,
    seat: Seat,
    form: Result<Form<ProviderForm>, FormRejection>,
) -> Response {
    let form = match fields(form) {
        Ok(form) => form,
        Err(error) => return seat.failed(&error),
    };
    let registered = async {
        let acting = seat.act(&state, &form.csrf_token)?;
        let new = NewProvider {
            name: form.name.clone(),
            adapter: form.adapter.clone(),
            base_url: form.base_url.clone(),
            failures_to_disable: whole("failures_to_disable", &form.failures_to_disable)?,
        };
        admin::register_one(&state, &acting, new).await
    };
    match registered.await {
        Ok((view, _)) => answer::see(&paths::fill(paths::CONSOLE_PROVIDER, &[&view.id])),
        Err(error) if error.is_correctable() => list(&state, &seat, &typed(form, ProviderRow::default()), Some(&error)),
        Err(error) => seat.failed(&error),
    }
}

fn list(state: &AppState, seat: &Seat, typed: &ProviderRow, error: Option<&ApiError>) -> Response {
    let adapters: Vec<_> = Adapter::kinds().collect();
    let page = ProvidersPage {
        look: &seat.look,
        operator: &seat.operator,
        providers: &rows(state),
        adapters: &adapters,
        typed,
        failure: error.map(|error| error.message.as_ref()),
    };
    answer::page(error.map_or(StatusCode::OK, |error| error.status), page.render())
}

/// Shows a provider.
pub async fn one(State(state): State<AppState>, seat: Seat, Path(id): Path<String>) -> Response {
    match admin::view_of(&state, &id) {
        Ok(view) => page(&seat, &row(&state, view), None, StatusCode::OK),
        Err(error) => seat.failed(&error),
    }
}

/// Changes a provider's settings.
pub async fn change(
    State(state): State<AppState>,
    seat: Seat,
    Path(id): Path<String>,
    form: Result<Form<ProviderForm>, FormRejection>,
) -> Response {
    let form = match fields(form) {
        Ok(form) => form,
        Err(error) => return seat.failed(&error),
    };
    let changed = async {
        let acting = seat.act(&state, &form.csrf_token)?;
        let change = ProviderChange {
            adapter: Some(form.adapter.clone()),
            base_url: Some(form.base_url.clone()),
            failures_to_disable: whole("failures_to_disable", &form.failures_to_disable)?,
        };
        admin::change_one(&state, &acting, &id, change).await
    };
    let changed = changed.await;
    done(&state, &seat, &id, changed, |known| typed(form, known))
}

/// Why a provider gets nothing new.
#[derive(Deserialize)]
pub struct PauseForm {
    csrf_token: String,
    reason: String,
}

/// Sends a provider nothing new.
pub async fn pause(
    State(state): State<AppState>,
    seat: Seat,
    Path(id): Path<String>,
    form: Result<Form<PauseForm>, FormRejection>,
) -> Response {
    let paused = async {
        let form = fields(form)?;
        admin::pause_one(&state, &seat.act(&state, &form.csrf_token)?, &id, form.reason).await
    };
    let paused = paused.await;
    done(&state, &seat, &id, paused, |known| known)
}

/// Sends a provider work again.
pub async fn resume(
    State(state): State<AppState>,
    seat: Seat,
    Path(id): Path<String>,
    form: Result<Form<Confirmed>, FormRejection>,
) -> Response {
    let resumed = async {
        let acting = seat.act(&state, &fields(form)?.csrf_token)?;
        admin::resume_one(&state, &acting, &id).await
    };
    let resumed = resumed.await;
    done(&state, &seat, &id, resumed, |known| known)
}

/// Asks a provider something that costs nothing.
pub async fn test(
    State(state): State<AppState>,
    seat: Seat,
    Path(id): Path<String>,
    form: Result<Form<Confirmed>, FormRejection>,
) -> Response {
    let asked = async {
        seat.act(&state, &fields(form)?.csrf_token)?;
        let view = admin::view_of(&state, &id)?;
        Ok((said(&state, &seat, &view).await, view))
    };
    match asked.await {
        Ok((said, view)) => page(&seat, &row(&state, view), Some(&said), StatusCode::OK),
        Err(error) => seat.failed(&error),
    }
}

async fn said(state: &AppState, seat: &Seat, view: &ProviderView) -> Said {
    let words = seat.look.words.console.providers;
    let Some(key) = key_to_test_with(state, &view.name) else {
        return Said { well: false, text: words.test_without_key.to_owned() };
    };
    match state.parts.dispatcher.check_key(&key).await {
        Ok(took) => Said { well: true, text: format!("{} {} ms.", words.test_well, took.as_millis()) },
        Err(refused) => Said { well: false, text: refused.to_string() },
    }
}

/// The first key that is used, else the first that was not revoked.
fn key_to_test_with(state: &AppState, provider: &str) -> Option<ProviderKeyId> {
    let (catalog, now) = (state.live.catalog(), state.store.now());
    let id = &catalog.provider(provider)?.provider_id;
    let keys = || catalog.provider_keys(id).filter(|entry| !entry.key.is_revoked());
    let used = keys().find(|entry| KeyStanding::of(&entry.key, now) == KeyStanding::Ready);
    used.or_else(|| keys().next()).map(|entry| entry.provider_key_id.clone())
}

fn page(seat: &Seat, provider: &ProviderRow, said: Option<&Said>, status: StatusCode) -> Response {
    let adapters: Vec<_> = Adapter::kinds().collect();
    let (look, operator, adapters) = (&seat.look, &seat.operator, &adapters);
    answer::page(status, ProviderPage { look, operator, provider, adapters, said }.render())
}

/// The provider's page anew after what was done; or with what was typed, and what was wrong with it.
fn done(
    state: &AppState,
    seat: &Seat,
    id: &str,
    result: ApiResult<ProviderView>,
    typed: impl FnOnce(ProviderRow) -> ProviderRow,
) -> Response {
    match (result, admin::view_of(state, id)) {
        (Ok(_), _) => answer::see(&paths::fill(paths::CONSOLE_PROVIDER, &[id])),
        (Err(error), Ok(view)) if error.is_correctable() => {
            let said = Said { well: false, text: error.message.to_string() };
            page(seat, &typed(row(state, view)), Some(&said), error.status)
        }
        (Err(error), _) => seat.failed(&error),
    }
}

fn typed(form: ProviderForm, known: ProviderRow) -> ProviderRow {
    let name = if known.name.is_empty() { form.name } else { known.name };
    let ProviderForm { adapter, base_url, failures_to_disable, .. } = form;
    ProviderRow { name, adapter, base_url, failures_to_disable, ..known }
}

/// All providers, by name.
pub fn rows(state: &AppState) -> Vec<ProviderRow> {
    let catalog = state.live.catalog();
    let names = catalog.providers().filter_map(|entry| Some(entry.settings()?.name.clone()));
    let mut rows: Vec<_> =
        names.filter_map(|name| admin::view_of(state, &name).ok()).map(|view| row(state, view)).collect();
    rows.sort_by(|one, other| one.name.cmp(&other.name));
    rows
}

fn row(state: &AppState, view: ProviderView) -> ProviderRow {
    let (catalog, now) = (state.live.catalog(), state.store.now());
    let id = catalog.provider(&view.name).map(|entry| entry.provider_id.clone());
    let keys: Vec<_> = id.iter().flat_map(|id| catalog.provider_keys(id)).collect();
    let kept = keys.iter().filter(|entry| !entry.key.is_revoked());
    let used = kept.clone().filter(|entry| KeyStanding::of(&entry.key, now) != KeyStanding::Disabled).count();
    let tallies = kept.clone().map(|entry| state.live.tally_of(&entry.provider_key_id));
    let answered = tallies.fold((0, 0), |(answers, calls), one| (answers + one.answers(), calls + one.calls()));
    ProviderRow {
        keys: (used, kept.count()),
        models: models_of(&catalog, &view.name),
        answered,
        id: view.id,
        name: view.name,
        adapter: view.adapter,
        base_url: view.base_url,
        failures_to_disable: view.failures_to_disable.to_string(),
        paused: view.paused,
    }
}

fn models_of(catalog: &Catalog, provider: &str) -> usize {
    let leads = |entry: &&std::sync::Arc<projections::live::ModelEntry>| {
        let mut published = entry.model.capabilities().values().filter(|published| !published.retired);
        published.any(|published| published.routes.iter().any(|route| route.provider == provider))
    };
    catalog.models().filter(leads).count()
}
