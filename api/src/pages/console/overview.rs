//! `GET /admin`: how the platform does, as this process sees it.

use axum::{extract::State, http::StatusCode, response::Response};
use templates_maud::{
    Words,
    console::overview::{Count, Overview, Part},
};

use super::Seat;
use crate::{
    admin::health::{Health, WORKS, health},
    pages::answer,
    state::AppState,
};

/// Shows the overview.
pub async fn show(State(state): State<AppState>, seat: Seat) -> Response {
    let found = health(&state).await;
    let words = seat.look.words;
    let (parts, counts) = (parts(words, &found), counts(words, &found));
    let markup = Overview { look: &seat.look, operator: &seat.operator, parts: &parts, counts: &counts }.render();
    answer::page(StatusCode::OK, markup)
}

fn parts(words: &Words, found: &Health) -> Vec<Part> {
    let names = words.console.health;
    let trouble = |text: &str| (text != WORKS).then(|| text.to_owned());
    let all = [
        (names.database, &found.database),
        (names.bus, &found.bus),
        (names.limits, &found.limits),
        (names.objects, &found.objects),
    ];
    all.map(|(name, text)| Part { name, trouble: trouble(text) }).into()
}

fn counts(words: &Words, found: &Health) -> Vec<Count> {
    let names = words.console.health;
    let (waiting, log) = (&found.waiting, &found.log);
    let dead_letters = waiting.dead_letters.and_then(|count| i64::try_from(count).ok());
    let all = [
        (names.outbox, waiting.outbox),
        (names.dead_letters, dead_letters),
        (names.timers, waiting.timers),
        (names.timers_overdue, waiting.timers_overdue),
        (names.follower_lag, log.follower_lag),
        (names.projector_lag, log.projector_lag),
    ];
    all.map(|(name, value)| Count { name, value }).into()
}
