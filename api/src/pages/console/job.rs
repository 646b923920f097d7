//! `/admin/jobs/{id}`: one job's trace, and what an admin may do about it.

use axum::{
    Form,
    extract::{State, rejection::FormRejection},
    http::StatusCode,
    response::Response,
};
use domain::job::{Job, Phase};
use projections::queries::read_job;
use templates_maud::{
    console::jobs::{Choice, Duty, TracePage},
    paths,
};

use super::Seat;
use crate::{
    admin::{
        jobs::act::{ask_upstream, stop_one},
        routing::choices_of,
    },
    error::{ApiError, ApiResult},
    generation::jobs::receipt,
    pages::{Confirmed, answer, fields},
    request::Path,
    state::AppState,
};

/// Shows a job's trace.
pub async fn show(State(state): State<AppState>, seat: Seat, Path(id): Path<String>) -> Response {
    trace(&state, &seat, &id, None).await.unwrap_or_else(|error| seat.failed(&error))
}

/// Asks a job to stop.
pub async fn cancel(
    State(state): State<AppState>,
    seat: Seat,
    Path(id): Path<String>,
    form: Result<Form<Confirmed>, FormRejection>,
) -> Response {
    let asked = async {
        let admin = seat.act(&state, &fields(form)?.csrf_token)?;
        stop_one(&state, &admin, &id).await
    };
    done(&state, &seat, &id, asked.await).await
}

/// Asks the provider now what became of a job.
pub async fn reconcile(
    State(state): State<AppState>,
    seat: Seat,
    Path(id): Path<String>,
    form: Result<Form<Confirmed>, FormRejection>,
) -> Response {
    let asked = async {
        seat.act(&state, &fields(form)?.csrf_token)?;
        ask_upstream(&state, &id).await
    };
    done(&state, &seat, &id, asked.await).await
}

async fn done<T>(state: &AppState, seat: &Seat, id: &str, result: ApiResult<T>) -> Response {
    match result {
        Ok(_) => answer::see(&paths::fill(paths::CONSOLE_JOB, &[id])),
        Err(error) if error.status == StatusCode::CONFLICT => {
            trace(state, seat, id, Some(&error)).await.unwrap_or_else(|error| seat.failed(&error))
        }
        Err(error) => seat.failed(&error),
    }
}

async fn trace(state: &AppState, seat: &Seat, id: &str, error: Option<&ApiError>) -> ApiResult<Response> {
    let pool = state.store.pool();
    let (row, events) = read_job(pool, id).await?.ok_or_else(|| ApiError::not_found("job"))?;
    let job: Job = state.store.read(id).await?;
    let (attempts, choices, timer) =
        tokio::join!(state.reads.attempts(id), choices_of(state, id), store::timers::of(pool, id));
    let timer = timer.map_err(|error| ApiError::unavailable("the database", &error))?;
    let duty =
        timer.map(|timer| Duty { kind: timer.kind, due: timer.due, tries: timer.tries, worker: timer.lease_owner });
    let choices: Vec<Choice> = choices?
        .into_iter()
        .map(|flight| Choice { attempt_id: flight.attempt_id, at: flight.recorded_at, body: flight.choice })
        .collect();
    let (attempts, charge) = (attempts?, receipt::explained(state, &job));
    let page = TracePage {
        look: &seat.look,
        operator: &seat.operator,
        job: &row,
        events: &events,
        attempts: &attempts,
        choices: &choices,
        duty: duty.as_ref(),
        charge: charge.as_ref(),
        can_ask: matches!(job.phase(), Phase::Unknown { .. } | Phase::Running { .. }),
        failure: error.map(|error| error.message.as_ref()),
    };
    Ok(answer::page(error.map_or(StatusCode::OK, |error| error.status), page.render()))
}
