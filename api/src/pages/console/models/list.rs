//! `GET /admin/models`: the catalog, filtered, page by page.

use axum::{extract::State, http::StatusCode, response::Response};
use serde::Deserialize;
use templates_maud::console::models::list::{Filter, ModelLine, ModelsPage};

use super::{line, providers};
use crate::{
    error::ApiResult,
    pages::{
        answer,
        console::Seat,
        desk::{bounded, cursor_of},
    },
    request::Query,
    state::AppState,
};

/// How many models a page shows.
const MODELS_A_PAGE: usize = 50;

/// Which models.
#[derive(Default, Deserialize)]
pub struct Wanted {
    q: Option<String>,
    provider: Option<String>,
    cap: Option<String>,
    state: Option<String>,
    order: Option<String>,
    after: Option<String>,
}

/// Shows the models.
pub async fn show(State(state): State<AppState>, seat: Seat, Query(wanted): Query<Wanted>) -> Response {
    match render(&state, &seat, wanted) {
        Ok(response) => response,
        Err(error) => seat.failed(&error),
    }
}

fn render(state: &AppState, seat: &Seat, wanted: Wanted) -> ApiResult<Response> {
    let after = cursor_of("after", wanted.after)?;
    let filter = Filter {
        query: bounded("q", wanted.q)?,
        provider: bounded("provider", wanted.provider)?,
        capability: bounded("cap", wanted.cap)?,
        state: bounded("state", wanted.state)?,
        order: bounded("order", wanted.order)?,
    };
    let catalog = state.live.catalog();
    let lines = catalog.models().filter_map(|entry| line(state, entry));
    let mut found: Vec<ModelLine> = lines.filter(|model| filter.holds(model)).collect();
    if filter.order == "newest" {
        found.sort_by(|one, other| other.registered_at.cmp(&one.registered_at).then_with(|| one.name.cmp(&other.name)));
    }
    // A cursor is the name of a model: names never go.
    let last = after.as_ref().and_then(|after| found.iter().position(|model| model.name == *after));
    let start = last.map_or(0, |last| last + 1);
    let page = &found[start..found.len().min(start + MODELS_A_PAGE)];
    let more = start + page.len() < found.len();
    let markup = ModelsPage {
        look: &seat.look,
        operator: &seat.operator,
        filter: &filter,
        providers: &providers(state),
        models: page,
        found: found.len(),
        after: after.as_deref(),
        next: page.last().filter(|_| more).map(|model| model.name.as_str()),
    };
    Ok(answer::page(StatusCode::OK, markup.render()))
}
