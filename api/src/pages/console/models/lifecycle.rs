//! What becomes of a capability once it is published: its history, earlier versions again, its deprecation, its end.

use axum::{
    Form,
    extract::{State, rejection::FormRejection},
    http::StatusCode,
    response::Response,
};
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use domain::model::ModelCommand;
use serde::Deserialize;
use templates_maud::{
    console::models::history::{Compared, HistoryLine, HistoryPage},
    paths,
};

use super::{found, kind};
use crate::{
    admin::catalog::{
        self, publish,
        versions::{self, Version},
    },
    error::{ApiError, ApiResult},
    pages::{Confirmed, answer, console::Seat, fields},
    request::{Path, Query},
    state::AppState,
};

/// Which versions are compared.
#[derive(Default, Deserialize)]
pub struct Pair {
    from: Option<u32>,
    to: Option<u32>,
}

/// What publishing an earlier version sends.
#[derive(Deserialize)]
pub struct RollBack {
    csrf_token: String,
    version: u32,
}

/// What the form of a deprecation sends.
#[derive(Deserialize)]
pub struct Deprecate {
    csrf_token: String,
    #[serde(default)]
    sunset: String,
    #[serde(default)]
    replacement: String,
    #[serde(default)]
    withdraw: String,
}

/// Shows the history of a capability, and what is different between two versions.
pub async fn history(
    State(state): State<AppState>,
    seat: Seat,
    Path((model, named)): Path<(String, String)>,
    Query(pair): Query<Pair>,
) -> Response {
    seat.answered(render(&state, &seat, (&model, &named), &pair).await)
}

async fn render(state: &AppState, seat: &Seat, (model, named): (&str, &str), pair: &Pair) -> ApiResult<Response> {
    let ((entry, line, texts), kind) = (found(state, model)?, kind(named)?);
    let happened = versions::history(state, model, kind).await?;
    let compared = match (pair.from, pair.to) {
        (Some(from), Some(to)) => Some(Compared { from, to, diff: versions::compare(state, model, kind, (from, to))? }),
        _ => None,
    };
    let told = |Version { what, version, at, by, .. }| HistoryLine { what: str::to_owned(what), version, at, by };
    let lines: Vec<HistoryLine> = happened.into_iter().map(told).collect();
    let markup = HistoryPage {
        look: &seat.look,
        operator: &seat.operator,
        texts: &texts,
        state: line.state,
        capabilities: &line.capabilities,
        kind,
        lines: &lines,
        last: entry.model.capabilities().get(&kind).map_or(0, |published| published.version),
        compared: compared.as_ref(),
    };
    Ok(answer::page(StatusCode::OK, markup.render()))
}

/// Publishes an earlier version again.
pub async fn roll_back(
    State(state): State<AppState>,
    seat: Seat,
    Path((model, named)): Path<(String, String)>,
    form: Result<Form<RollBack>, FormRejection>,
) -> Response {
    let done = async {
        let form = fields(form)?;
        let admin = seat.act(&state, &form.csrf_token)?;
        publish::bring_back(&state, &admin, (&model, kind(&named)?), form.version, false).await
    };
    let path = paths::fill(paths::CONSOLE_CAPABILITY, &[&model, &named]);
    match done.await {
        Ok(done) if done.published => answer::see(&format!("{path}?published={}", done.version)),
        Ok(_) => answer::see(&format!("{path}?unchanged=true")),
        Err(error) => seat.failed(&error),
    }
}

/// Announces that a capability is to go, or that it stays after all.
pub async fn deprecate(
    State(state): State<AppState>,
    seat: Seat,
    Path((model, named)): Path<(String, String)>,
    form: Result<Form<Deprecate>, FormRejection>,
) -> Response {
    let done: ApiResult<()> = async {
        let form = fields(form)?;
        let (admin, kind) = (seat.act(&state, &form.csrf_token)?, kind(&named)?);
        if !form.withdraw.is_empty() {
            let id = &catalog::model(&state, &model)?.model_id;
            catalog::execute(&state, &admin, id, ModelCommand::WithdrawDeprecation(kind)).await?;
            return Ok(());
        }
        let replacement = Some(form.replacement.trim().to_owned()).filter(|name| !name.is_empty());
        publish::announce(&state, &admin, (&model, kind), beginning_of(&form.sunset)?, replacement).await
    }
    .await;
    back_to_editor(&seat, &model, &named, done)
}

/// Takes a capability out of the catalog.
pub async fn retire(
    State(state): State<AppState>,
    seat: Seat,
    Path((model, named)): Path<(String, String)>,
    form: Result<Form<Confirmed>, FormRejection>,
) -> Response {
    let done: ApiResult<()> = async {
        let admin = seat.act(&state, &fields(form)?.csrf_token)?;
        let id = &catalog::model(&state, &model)?.model_id;
        catalog::execute(&state, &admin, id, ModelCommand::RetireCapability(kind(&named)?)).await?;
        Ok(())
    }
    .await;
    back_to_editor(&seat, &model, &named, done)
}

fn back_to_editor(seat: &Seat, model: &str, named: &str, done: ApiResult<()>) -> Response {
    match done {
        Ok(()) => answer::see(&paths::fill(paths::CONSOLE_CAPABILITY, &[model, named])),
        Err(error) => seat.failed(&error),
    }
}

fn beginning_of(day: &str) -> ApiResult<DateTime<Utc>> {
    let wrong = |_| ApiError::parameter("sunset", "the last day is a date such as 2026-11-22");
    let day: NaiveDate = day.trim().parse().map_err(wrong)?;
    Ok(day.and_time(NaiveTime::MIN).and_utc())
}
