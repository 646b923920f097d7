//! `GET /admin/system`: what the installation is made of, and how its parts do, as this process sees them.

use axum::{extract::State, http::StatusCode, response::Response};
use store::about::{About, about};
use templates_maud::{
    Words,
    console::system::{Fact, Part, SystemPage},
};

use super::Seat;
use crate::{
    admin::health::{Health, WORKS, health},
    pages::answer,
    state::AppState,
};

/// Shows the system.
pub async fn show(State(state): State<AppState>, seat: Seat) -> Response {
    let (found, about) = tokio::join!(health(&state), about(state.store.pool()));
    let about = about.inspect_err(|error| tracing::warn!(%error, "the database says nothing of itself")).ok();
    let words = seat.look.words;
    let parts = parts(words, &found);
    let groups = [release(&state, words, &found), database(&state, words, about.as_ref()), log(words, &found)];
    let page = SystemPage { look: &seat.look, operator: &seat.operator, parts: &parts, groups: &groups };
    answer::page(StatusCode::OK, page.render())
}

/// How many parts do not work.
#[must_use]
pub fn broken_parts(found: &Health) -> usize {
    [&found.database, &found.bus, &found.limits, &found.objects].into_iter().filter(|text| *text != WORKS).count()
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

fn release(state: &AppState, words: &Words, found: &Health) -> (&'static str, Vec<Fact>) {
    let names = words.console.health;
    let bus = if state.bus.is_durable() { names.broker } else { names.in_process };
    let facts = vec![
        fact(names.version, Some(found.version)),
        fact(names.bus, Some(bus)),
        fact(names.clock, Some(state.store.now().format("%Y-%m-%d %H:%M:%S"))),
        fact(names.process, Some(std::process::id())),
    ];
    (names.this_process, facts)
}

fn database(state: &AppState, words: &Words, about: Option<&About>) -> (&'static str, Vec<Fact>) {
    let names = words.console.health;
    let skew = about.map(|about| (about.clock - state.store.now()).num_milliseconds());
    let facts = vec![
        fact(names.database_version, about.map(|about| about.server_version.clone())),
        fact(names.database_bytes, about.map(|about| megabytes(about.bytes))),
        fact(names.migrations, about.map(|about| format!("{} · {:04}", about.migrations, about.last_migration))),
        fact(names.skew, skew.map(|skew| format!("{skew} ms"))),
    ];
    (names.database, facts)
}

fn log(words: &Words, found: &Health) -> (&'static str, Vec<Fact>) {
    let names = words.console.health;
    let (log, waiting) = (&found.log, &found.waiting);
    let facts = vec![
        fact(names.log_head, log.head),
        fact(names.follower_lag, log.follower_lag),
        fact(names.projector_lag, log.projector_lag),
        fact(names.outbox, waiting.outbox),
        fact(names.dead_letters, waiting.dead_letters),
        fact(names.timers, waiting.timers),
        fact(names.timers_overdue, waiting.timers_overdue),
    ];
    (names.waiting, facts)
}

/// A fact with its name.
pub fn fact(name: impl Into<String>, value: Option<impl ToString>) -> Fact {
    Fact { name: name.into(), value: value.map(|value| value.to_string()) }
}

fn megabytes(bytes: i64) -> String {
    format!("{}.{} MB", bytes / 1_048_576, bytes % 1_048_576 * 10 / 1_048_576)
}
