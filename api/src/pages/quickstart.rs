//! `GET /quickstart`: the first steps with the API.

use axum::{extract::State, http::StatusCode, response::Response};
use domain::{capability::CapabilityKind, tenant::Tenant};
use projections::queries::JobQuery;
use templates_maud::portal::quickstart::{FirstSteps, quickstart};

use super::{answer, desk::Desk};
use crate::{error::ApiResult, state::AppState};

/// Shows the first steps.
pub async fn show(State(state): State<AppState>, desk: Desk) -> Response {
    desk.answered(render(&state, &desk).await)
}

async fn render(state: &AppState, desk: &Desk) -> ApiResult<Response> {
    let tenant: Tenant = state.store.read(desk.caller.tenant_id.as_str()).await?;
    let query = JobQuery { tenant_id: Some(desk.caller.tenant_id.to_string()), limit: 1, ..JobQuery::default() };
    let jobs = state.reads.jobs(&query).await?;
    let catalog = state.live.catalog();
    let talks = catalog.models().find_map(|entry| {
        let name = &entry.model.identity()?.name;
        catalog.callable(name, CapabilityKind::Chat).ok().map(|_| name.clone())
    });
    let steps = FirstSteps {
        base_url: &state.settings.public_url,
        key_prefix: tenant.api_keys().next().map(|key| key.prefix.as_str()),
        model: talks.as_deref(),
        has_jobs: !jobs.rows.is_empty(),
    };
    Ok(answer::page(StatusCode::OK, quickstart(&desk.look, &desk.visitor, steps)))
}
