//! `GET /_f/tray`: the jobs of the tenant that are under way, and those that just ended.

use axum::{extract::State, http::StatusCode, response::Response};
use projections::{queries::JobQuery, rows::JobRow};
use templates_maud::parts::tray::list;

use super::{answer, desk::Desk};
use crate::{error::ApiResult, freshness::PATIENCE, state::AppState};

/// How many running jobs the tray lists.
const RUNNING: u32 = 20;
/// Among how many of the latest jobs it looks for those that ended.
const LATEST: u32 = 20;
/// How many jobs that ended it lists.
const ENDED: usize = 5;

/// Shows the list of the tray.
pub async fn show(State(state): State<AppState>, desk: Desk) -> Response {
    desk.answered(render(&state, &desk).await)
}

async fn render(state: &AppState, desk: &Desk) -> ApiResult<Response> {
    // Somebody who has just heard of an event asks: what it changed is to be in the list.
    let heard = state.follower.position().max(state.written.of(&desk.caller.tenant_id));
    state.reads.wait_for(heard, PATIENCE).await?;
    let latest = JobQuery { tenant_id: Some(desk.caller.tenant_id.to_string()), limit: LATEST, ..JobQuery::default() };
    let running = JobQuery { open: true, limit: RUNNING, ..latest.clone() };
    let (running, latest) = tokio::try_join!(state.reads.jobs(&running), state.reads.jobs(&latest))?;
    let ended: Vec<JobRow> = latest.rows.into_iter().filter(|job| job.status.is_final()).take(ENDED).collect();
    Ok(answer::page(StatusCode::OK, list(desk.look.words, &running.rows, running.has_more, &ended)))
}
