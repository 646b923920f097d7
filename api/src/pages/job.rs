//! `GET /jobs/{id}` with its part that changes and its card, and `POST /jobs/{id}/cancel`.

use axum::{
    Form,
    extract::{State, rejection::FormRejection},
    http::StatusCode,
    response::Response,
};
use maud::Markup;
use templates_maud::{paths, portal::job::JobShown};

use super::{Confirmed, answer, desk::Desk, fields, shown::Loaded};
use crate::{error::ApiResult, generation::jobs::cancel, request::Path, state::AppState};

/// Shows a job.
pub async fn show(State(state): State<AppState>, desk: Desk, Path(id): Path<String>) -> Response {
    render(&state, &desk, &id, |job, desk| job.page(&desk.look, &desk.visitor)).await
}

/// Shows the part that changes.
pub async fn part(State(state): State<AppState>, desk: Desk, Path(id): Path<String>) -> Response {
    render(&state, &desk, &id, |job, _| job.state()).await
}

/// Shows its card.
pub async fn card(State(state): State<AppState>, desk: Desk, Path(id): Path<String>) -> Response {
    render(&state, &desk, &id, |job, _| job.card()).await
}

/// Asks a job to stop, and shows it.
pub async fn stop(
    State(state): State<AppState>,
    desk: Desk,
    Path(id): Path<String>,
    form: Result<Form<Confirmed>, FormRejection>,
) -> Response {
    let asked = async {
        desk.check_form(&state, &fields(form)?.csrf_token)?;
        cancel::ask(&state, &desk.caller, &id).await
    };
    match asked.await {
        Ok(_) => answer::see(&paths::fill(paths::JOB, &[&id])),
        Err(error) => desk.failed(&error),
    }
}

async fn render(state: &AppState, desk: &Desk, id: &str, how: impl Fn(&JobShown<'_>, &Desk) -> Markup) -> Response {
    let loaded: ApiResult<Loaded> = Loaded::read(state, &desk.caller, id).await;
    match loaded {
        Ok(loaded) => {
            let markup = how(&loaded.shown(desk.look.words, &desk.visitor.form_token), desk);
            answer::page(StatusCode::OK, markup)
        }
        Err(error) => desk.failed(&error),
    }
}
