//! The catalog in the console. Everything is done by the functions of `admin::catalog`.
//!
//! | file | route |
//! |---|---|
//! | `list` | `GET /admin/models` |
//! | `new` | `GET|POST /admin/new-model` |
//! | `model` | `GET|POST /admin/models/{model}`, `POST …/state` |
//! | `editor` | `GET|POST /admin/models/{model}/{capability}`, `POST …/preview`, `POST …/rehearse` |
//! | `lifecycle` | `GET …/history`, `POST …/rollback`, `…/deprecate`, `…/retire` |
//! | `import` | `GET|POST /admin/import` |

pub mod editor;
pub mod import;
pub mod lifecycle;
pub mod list;
pub mod model;
pub mod new;
mod trial;

use domain::{capability::CapabilityKind, model::Published};
use projections::live::ModelEntry;
use templates_maud::console::models::{
    list::{CapabilityLine, ModelLine, ModelState},
    model::Texts,
};

use crate::{
    error::{ApiError, ApiResult},
    state::AppState,
};

/// A model in one line.
fn line(state: &AppState, entry: &ModelEntry) -> Option<ModelLine> {
    let identity = entry.identity()?;
    let capabilities =
        entry.model.capabilities().values().map(|published| capability(state, &identity.name, published));
    let capabilities: Vec<CapabilityLine> = capabilities.collect();
    Some(ModelLine {
        name: identity.name.clone(),
        display_name: identity.display_name.clone(),
        provider: identity.provider.clone(),
        state: standing(entry, &capabilities),
        capabilities,
        registered_at: entry.registered_at,
    })
}

fn capability(state: &AppState, model: &str, published: &Published) -> CapabilityLine {
    let kind = published.capability.kind;
    let reason = state.live.catalog().callable(model, kind).err();
    CapabilityLine {
        kind,
        version: published.version,
        uncallable: reason.map(|reason| reason.to_string()),
        sunset: published.deprecation.as_ref().map(|going| going.sunset_at.format("%Y-%m-%d").to_string()),
        retired: published.retired,
    }
}

fn standing(entry: &ModelEntry, capabilities: &[CapabilityLine]) -> ModelState {
    let mut callable = capabilities.iter().filter(|one| one.uncallable.is_none()).peekable();
    if !entry.model.is_enabled() {
        ModelState::Disabled
    } else if callable.peek().is_none() {
        ModelState::Empty
    } else if callable.any(|one| one.sunset.is_some()) {
        ModelState::Deprecated
    } else {
        ModelState::Active
    }
}

/// What a model is called.
fn texts(entry: &ModelEntry) -> Texts {
    entry.identity().map_or_else(Texts::default, |identity| Texts {
        name: identity.name.clone(),
        display_name: identity.display_name.clone(),
        provider: identity.provider.clone(),
        description: identity.description.clone(),
    })
}

/// A model with all that its pages show of it.
fn found(state: &AppState, named: &str) -> ApiResult<(std::sync::Arc<ModelEntry>, ModelLine, Texts)> {
    let entry = crate::admin::catalog::model(state, named)?;
    let line = line(state, &entry).ok_or_else(|| ApiError::not_found("model"))?;
    let texts = texts(&entry);
    Ok((entry, line, texts))
}

/// The providers that models and routes may name.
fn providers(state: &AppState) -> Vec<String> {
    let catalog = state.live.catalog();
    let registered = catalog.providers().filter_map(|entry| entry.settings()).map(|settings| settings.name.clone());
    let named = catalog.models().filter_map(|entry| entry.identity()).map(|identity| identity.provider.clone());
    let mut all: Vec<String> = registered.chain(named).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// The kind that a path names.
fn kind(named: &str) -> ApiResult<CapabilityKind> {
    crate::admin::catalog::kind(named)
}
