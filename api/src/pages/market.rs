//! `GET /market`: every model that can be called. Open to all.

use axum::{extract::State, http::StatusCode, response::Response};
use projections::live::ModelEntry;
use serde::Deserialize;
use std::sync::Arc;
use templates_maud::portal::{
    about::Pulse,
    market::{Filter, Offer, Sort, market},
};

use super::{
    answer, as_page,
    desk::{Hall, bounded, cursor_of},
};
use crate::{
    error::ApiResult,
    page::cursor,
    request::{Query, RequestContext},
    state::AppState,
};

/// Which models.
#[derive(Default, Deserialize)]
pub struct Wanted {
    q: Option<String>,
    cap: Option<String>,
    provider: Option<String>,
    sort: Option<String>,
    after: Option<String>,
}

/// Shows the market.
pub async fn show(
    State(state): State<AppState>,
    context: RequestContext,
    hall: Hall,
    Query(wanted): Query<Wanted>,
) -> Response {
    match filter(wanted) {
        Ok(filter) => render(&state, &hall, &filter),
        Err(error) => as_page(error, &hall.look, &context.request_id),
    }
}

fn filter(wanted: Wanted) -> ApiResult<Filter> {
    Ok(Filter {
        query: bounded("q", wanted.q)?,
        capability: bounded("cap", wanted.cap)?,
        provider: bounded("provider", wanted.provider)?,
        sort: Sort::named(&bounded("sort", wanted.sort)?),
        after: cursor::<usize>(cursor_of("after", wanted.after)?.as_deref())?.unwrap_or_default(),
    })
}

fn render(state: &AppState, hall: &Hall, filter: &Filter) -> Response {
    let catalog = state.live.catalog();
    let models: Vec<Arc<ModelEntry>> = catalog.models().cloned().collect();
    let callables: Vec<_> = models
        .iter()
        .map(|entry| {
            entry.callables().filter(|found| catalog.callable(&found.model, found.kind).is_ok()).collect::<Vec<_>>()
        })
        .collect();
    let offers: Vec<Offer<'_>> = models
        .iter()
        .zip(&callables)
        .filter(|(_, callables)| !callables.is_empty())
        .filter_map(|(entry, callables)| {
            let identity = entry.model.identity()?;
            let sunsets = callables.iter().filter_map(|found| catalog.deprecation(&found.model, found.kind));
            let sunset = sunsets.map(|deprecation| deprecation.sunset_at).min();
            Some(Offer {
                name: &identity.name,
                display_name: &identity.display_name,
                provider: &identity.provider,
                description: &identity.description,
                capabilities: callables.iter().map(|found| &*found.capability).collect(),
                pulse: together(callables.iter().map(|found| state.pulses.of(&found.model, found.kind))),
                sunset: sunset.map(|at| at.format("%Y-%m-%d").to_string()),
            })
        })
        .collect();
    let visitor = hall.desk.as_ref().map(|desk| &desk.visitor);
    answer::page(StatusCode::OK, market(&hall.look, visitor, &offers, filter))
}

/// Several capabilities as one. Of medians the longest is told, which promises least.
fn together(pulses: impl Iterator<Item = Pulse>) -> Pulse {
    pulses.fold(Pulse::default(), |all, one| Pulse {
        ended: all.ended + one.ended,
        succeeded: all.succeeded + one.succeeded,
        median_ms: all.median_ms.max(one.median_ms),
    })
}
