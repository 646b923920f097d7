//! `GET /jobs/{id}` with its part that changes, its answer and its card; `POST /jobs/{id}/cancel` and `POST /jobs/{id}/retry`.

use axum::{
    Form,
    extract::{State, rejection::FormRejection},
    http::StatusCode,
    response::Response,
};
use maud::Markup;
use serde::Deserialize;
use templates_maud::{paths, portal::job::JobShown};

use super::{
    Confirmed, answer,
    desk::Desk,
    fields,
    model::{found, params_of, submitted},
    shown::Loaded,
};
use crate::{
    error::{ApiError, ApiResult, ErrorCode},
    generation::{jobs::cancel, watch::job_of},
    request::{Path, Query},
    state::AppState,
};

/// What of a job is shown.
#[derive(Default, Deserialize)]
pub struct Wanted {
    tab: Option<String>,
}

/// The form that runs a job once more.
#[derive(Deserialize)]
pub struct Again {
    csrf_token: String,
    once: String,
}

/// Shows a job.
pub async fn show(
    State(state): State<AppState>,
    desk: Desk,
    Path(id): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Response {
    let shown = Loaded::read(&state, &desk.caller, &id).await.map(|loaded| {
        let raw = (wanted.tab.as_deref() == Some("raw")).then(|| loaded.raw(&state));
        let job = loaded.shown(desk.look.words, &desk.visitor.form_token);
        answer::page(StatusCode::OK, job.page(&desk.look, &desk.visitor, raw.as_deref()))
    });
    desk.answered(shown)
}

/// Runs a job's parameters once more, as another job. A form that is sent twice makes one.
pub async fn again(
    State(state): State<AppState>,
    desk: Desk,
    Path(id): Path<String>,
    form: Result<Form<Again>, FormRejection>,
) -> Response {
    let asked = async {
        let Again { csrf_token, once } = fields(form)?;
        desk.check_form(&state, &csrf_token)?;
        let (row, _) = job_of(&state, &desk.caller, &id).await?;
        let params = params_of(&state, &desk, &id).await?;
        let erased = || ApiError::new(ErrorCode::Conflict, "the inputs of this job were erased");
        let found = found(&state, &desk, &row.model, &row.capability)?;
        submitted(&state, &desk, &found, params.ok_or_else(erased)?, Some(once)).await
    };
    desk.answered(asked.await.map(|job_id| answer::see(&paths::fill(paths::JOB, &[&job_id]))))
}

/// Shows the part that changes.
pub async fn part(State(state): State<AppState>, desk: Desk, Path(id): Path<String>) -> Response {
    render(&state, &desk, &id, |job, _| job.state()).await
}

/// Shows what the model answered, once it is there.
pub async fn answer(State(state): State<AppState>, desk: Desk, Path(id): Path<String>) -> Response {
    render(&state, &desk, &id, |job, _| job.answer()).await
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
