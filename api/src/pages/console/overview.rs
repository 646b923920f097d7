//! `GET /admin`: how the last while went, what is open, and what asks for somebody.

use axum::{extract::State, http::StatusCode, response::Response};
use chrono::TimeDelta;
use projections::monitor::OpenJobs;
use serde::Deserialize;
use templates_maud::console::{
    overview::{Alert, Overview, RANGES},
    providers::ProviderRow,
};

use super::{Seat, providers::rows, system::broken_parts};
use crate::{
    admin::{
        health::{Health, health},
        provider_keys::select::sums,
    },
    error::{ApiError, ApiResult},
    pages::{answer, desk::bounded},
    request::Query,
    state::AppState,
};

/// The range unless another is asked for.
const RANGE: &str = "24h";
/// How many events the read models may be behind before somebody is told.
const BEHIND_AT_MOST: i64 = 1_000;

/// Which range.
#[derive(Default, Deserialize)]
pub struct Asked {
    range: Option<String>,
}

/// Shows the overview.
pub async fn show(State(state): State<AppState>, seat: Seat, Query(asked): Query<Asked>) -> Response {
    overview(&state, &seat, asked).await.unwrap_or_else(|error| seat.failed(&error))
}

async fn overview(state: &AppState, seat: &Seat, asked: Asked) -> ApiResult<Response> {
    let range = Some(bounded("range", asked.range)?).filter(|range| !range.is_empty()).unwrap_or(RANGE.to_owned());
    let unknown = || ApiError::parameter("range", "there is no such range");
    let (_, minutes) = RANGES.into_iter().find(|(name, _)| *name == range).ok_or_else(unknown)?;
    let now = state.store.now();
    let (pulse, open, found) =
        tokio::join!(state.reads.pulse(now - TimeDelta::minutes(minutes)), state.reads.open_jobs(now), health(state));
    let (pulse, open, providers) = (pulse?, open?, rows(state));
    let alerts = alerts(state, &found, &open, &providers);
    let page = Overview {
        look: &seat.look,
        operator: &seat.operator,
        range: &range,
        last_minute: state.journal.last_minute(now),
        pulse: &pulse,
        open: &open,
        providers: &providers,
        alerts: &alerts,
    };
    Ok(answer::page(StatusCode::OK, page.render()))
}

fn alerts(state: &AppState, found: &Health, open: &OpenJobs, providers: &[ProviderRow]) -> Vec<Alert> {
    let disabled = sums(state)[3];
    // The last two groups of ages are those above a quarter of an hour.
    let stuck = open.queued[3..].iter().chain(&open.running[3..]).sum();
    let without_key = providers.iter().filter(|one| one.paused.is_none() && one.keys.0 == 0).count();
    let put_aside = found.waiting.dead_letters.and_then(|count| i64::try_from(count).ok()).unwrap_or_default();
    let behind = found.log.projector_lag.unwrap_or_default();
    let all = [
        (broken_parts(found) > 0).then(|| Alert::Parts(broken_parts(found))),
        (disabled > 0).then_some(Alert::KeysDisabled(disabled)),
        (stuck > 0).then_some(Alert::Stuck(stuck)),
        (without_key > 0).then_some(Alert::WithoutKey(without_key)),
        (put_aside > 0).then_some(Alert::PutAside(put_aside)),
        (behind > BEHIND_AT_MOST).then_some(Alert::Behind(behind)),
    ];
    all.into_iter().flatten().collect()
}
