//! `/admin/models/{model}/{capability}`: the editor of a capability, its preview, its rehearsal, and its publishing.
//!
//! What was typed always comes back: with an error, with a preview, with a rehearsal.

use std::sync::Arc;

use axum::{
    Form,
    extract::{State, rejection::FormRejection},
    http::StatusCode,
    response::Response,
};
use domain::capability::CapabilityKind;
use projections::live::ModelEntry;
use serde::Deserialize;
use templates_maud::{
    console::models::{
        draft::Draft,
        editor::{Done, EditorPage},
        list::ModelLine,
        model::Texts,
        rehearsal::Rehearsed,
    },
    paths,
};

use super::{
    found, kind,
    trial::{Trial, beginning},
};
use crate::{
    admin::catalog::{
        publish,
        rehearse::{self, RehearsalView, Rehearse},
    },
    error::{ApiError, ApiResult, ErrorCode},
    pages::{answer, console::Seat, fields},
    request::{Path, Query},
    state::AppState,
};

/// The names and texts of a form.
type Sent = Vec<(String, String)>;

/// A form of the editor, as it arrives.
type Arrived = Result<Form<Sent>, FormRejection>;

/// What happened before.
#[derive(Default, Deserialize)]
pub struct Wanted {
    published: Option<u32>,
    unchanged: Option<String>,
}

/// Where the editor is.
struct Bench {
    entry: Arc<ModelEntry>,
    line: ModelLine,
    texts: Texts,
    kind: CapabilityKind,
}

impl Bench {
    fn at(state: &AppState, (model, named): &(String, String)) -> ApiResult<Self> {
        let (entry, line, texts) = found(state, model)?;
        Ok(Self { entry, line, texts, kind: kind(named)? })
    }

    fn path(&self, pattern: &str) -> String {
        paths::fill(pattern, &[&self.texts.name, self.kind.name()])
    }

    /// What a draft would be.
    async fn tried(&self, state: &AppState, sent: &Sent) -> ApiResult<Trial> {
        Trial::of(state, &self.entry, self.kind, Draft::read(sent), sent).await
    }

    /// What holds now, or what one begins with.
    fn present(&self) -> Draft {
        let published = self.entry.model.capabilities().get(&self.kind);
        published.map_or_else(|| beginning(self.kind), |known| Draft::of(&known.capability, &known.routes))
    }
}

/// What came of what was asked.
#[derive(Default)]
struct Outcome {
    done: Option<Done>,
    /// It was to be published, and has problems.
    refused: bool,
    failure: Option<ApiError>,
    rehearsed: Option<Rehearsed>,
    days: Option<u32>,
}

/// Shows the editor with what holds now.
pub async fn show(
    State(state): State<AppState>,
    seat: Seat,
    Path(place): Path<(String, String)>,
    Query(wanted): Query<Wanted>,
) -> Response {
    let shown = async {
        let bench = Bench::at(&state, &place)?;
        let trial = Trial::of(&state, &bench.entry, bench.kind, bench.present(), &[]).await?;
        let done = wanted.published.map(Done::Published).or(wanted.unchanged.map(|_| Done::Unchanged));
        Ok((bench, trial, Outcome { done, ..Outcome::default() }))
    };
    respond(&seat, shown.await)
}

/// Shows what a draft would be: beside the editor, or as the whole page.
pub async fn preview(
    State(state): State<AppState>,
    seat: Seat,
    Path(place): Path<(String, String)>,
    form: Arrived,
) -> Response {
    let tried = async {
        let (bench, sent) = (Bench::at(&state, &place)?, fields(form)?);
        let trial = bench.tried(&state, &sent).await?;
        Ok((bench, trial, Outcome { days: days(&sent).ok(), ..Outcome::default() }))
    };
    match tried.await {
        Ok((bench, trial, _)) if seat.wants_fragment() => {
            let path = bench.path(paths::CONSOLE_PREVIEW);
            answer::page(StatusCode::OK, trial.preview(seat.look.words, &path).render())
        }
        tried => respond(&seat, tried),
    }
}

/// Replays past jobs under a draft. Whoever sees the console may: nothing is changed.
pub async fn rehearse(
    State(state): State<AppState>,
    seat: Seat,
    Path(place): Path<(String, String)>,
    form: Arrived,
) -> Response {
    let played = async {
        let (bench, sent) = (Bench::at(&state, &place)?, fields(form)?);
        seat.check_form(&state, token(&sent))?;
        let trial = bench.tried(&state, &sent).await?;
        let played = async {
            let days = days(&sent)?;
            let unread = || ApiError::new(ErrorCode::CapabilityUnfit, "the draft can't be read");
            let capability = Some(trial.capability.clone().ok_or_else(unread)?);
            rehearse::play(&state, &bench.texts.name, bench.kind, Rehearse { capability, days: Some(days) }).await
        };
        let mut outcome = Outcome { days: days(&sent).ok(), ..Outcome::default() };
        match played.await {
            Ok(view) => outcome.rehearsed = Some(rehearsed(view)),
            Err(_) if trial.capability.is_none() => outcome.refused = true,
            Err(error) => outcome.failure = Some(error),
        }
        Ok((bench, trial, outcome))
    };
    respond(&seat, played.await)
}

/// Publishes a draft, or gives it back with what is wrong.
pub async fn publish(
    State(state): State<AppState>,
    seat: Seat,
    Path(place): Path<(String, String)>,
    form: Arrived,
) -> Response {
    let tried = async {
        let (bench, sent) = (Bench::at(&state, &place)?, fields(form)?);
        let admin = seat.act(&state, token(&sent))?;
        let trial = bench.tried(&state, &sent).await?;
        let Some(capability) = trial.capability.clone().filter(|_| trial.problems.is_empty()) else {
            return Ok(Err((bench, trial, Outcome { refused: true, ..Outcome::default() })));
        };
        Ok(match publish::bring(&state, &admin, &bench.texts.name, capability, false).await {
            Ok(published) => Ok((bench.path(paths::CONSOLE_CAPABILITY), published)),
            Err(error) => Err((bench, trial, Outcome { failure: Some(error), ..Outcome::default() })),
        })
    };
    match tried.await {
        Ok(Ok((path, done))) if done.published => answer::see(&format!("{path}?published={}", done.version)),
        Ok(Ok((path, _))) => answer::see(&format!("{path}?unchanged=true")),
        Ok(Err(refused)) => respond(&seat, Ok(refused)),
        Err(error) => respond(&seat, Err(error)),
    }
}

fn respond(seat: &Seat, found: ApiResult<(Bench, Trial, Outcome)>) -> Response {
    let (bench, trial, outcome) = match found {
        Ok(found) => found,
        Err(error) => return seat.failed(&error),
    };
    let status = match &outcome.failure {
        Some(error) => error.status,
        None if outcome.refused => StatusCode::UNPROCESSABLE_ENTITY,
        None => StatusCode::OK,
    };
    let path = bench.path(paths::CONSOLE_PREVIEW);
    let markup = EditorPage {
        look: &seat.look,
        operator: &seat.operator,
        texts: &bench.texts,
        state: bench.line.state,
        capabilities: &bench.line.capabilities,
        kind: bench.kind,
        draft: &trial.draft,
        preview: trial.preview(seat.look.words, &path),
        done: outcome.done,
        refused: outcome.refused.then_some(trial.problems.as_slice()),
        failure: outcome.failure.as_ref().map(|error| error.message.as_ref()),
        rehearsed: outcome.rehearsed.as_ref(),
        days: outcome.days.unwrap_or(rehearse::DAYS),
    };
    answer::page(status, markup.render())
}

fn rehearsed(view: RehearsalView) -> Rehearsed {
    Rehearsed {
        from: view.from.format("%Y-%m-%d").to_string(),
        complete: view.complete,
        sums: view.sums,
        change: view.revenue_change,
        margins: (view.margin_before, view.margin_after),
        examples: view.examples.into_iter().map(|job| (job.job_id, job.outcome)).collect(),
    }
}

fn token(sent: &Sent) -> &str {
    sent.iter().find(|(name, _)| name == "csrf_token").map_or("", |(_, token)| token)
}

fn days(sent: &Sent) -> ApiResult<u32> {
    let given = sent.iter().find(|(name, text)| name == "days" && !text.trim().is_empty());
    let wrong = |_| ApiError::parameter("days", "days are a whole number");
    given.map_or(Ok(rehearse::DAYS), |(_, text)| text.trim().parse().map_err(wrong))
}
