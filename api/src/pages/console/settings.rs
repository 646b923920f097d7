//! `/admin/settings`: what this process was told at its start, by the names of its variables; and the vault, whose
//! encryption key can be changed while everything runs. Never a secret.

use std::time::Duration;

use axum::{
    Form,
    extract::{State, rejection::FormRejection},
    http::StatusCode,
    response::Response,
};
use templates_maud::{
    Words,
    console::system::{Fact, SettingsPage},
    elapsed,
};

use super::{Seat, system::fact};
use crate::{
    admin::vault::{EncryptionKeyRow, encryption_keys, rotate_now},
    error::ApiResult,
    pages::{Confirmed, answer, fields},
    state::AppState,
};

/// Shows the settings.
pub async fn show(State(state): State<AppState>, seat: Seat) -> Response {
    page(&state, &seat, None).await.unwrap_or_else(|error| seat.failed(&error))
}

/// Encrypts every provider key with the first encryption key, and says what came of it.
pub async fn rotate(
    State(state): State<AppState>,
    seat: Seat,
    form: Result<Form<Confirmed>, FormRejection>,
) -> Response {
    let rotated = async {
        let admin = seat.act(&state, &fields(form)?.csrf_token)?;
        let done = rotate_now(&state, &admin).await?;
        let words = seat.look.words.console.health;
        let text = format!("{}: {}; {}: {}", words.rotated, done.reencrypted, words.unreadable, done.unreadable);
        page(&state, &seat, Some(&text)).await
    };
    rotated.await.unwrap_or_else(|error| seat.failed(&error))
}

async fn page(state: &AppState, seat: &Seat, rotated: Option<&str>) -> ApiResult<Response> {
    let words = seat.look.words;
    let groups = [site(state, words), ages(state, words)];
    let row = |key: EncryptionKeyRow| (key.id, key.secrets, key.known, key.current);
    let vault: Vec<_> = encryption_keys(state).await?.into_iter().map(row).collect();
    let page = SettingsPage { look: &seat.look, operator: &seat.operator, groups: &groups, vault: &vault, rotated };
    Ok(answer::page(StatusCode::OK, page.render()))
}

fn site(state: &AppState, words: &Words) -> (&'static str, Vec<Fact>) {
    let (settings, names) = (&state.settings, words.console.health);
    let listed = |list: &[String]| if list.is_empty() { names.none.to_owned() } else { list.join(", ") };
    let facts = vec![
        fact("ZEPHYR_PUBLIC_URL", Some(&settings.public_url)),
        fact("ZEPHYR_CREDIT_VALUE", Some(&settings.credit_value)),
        fact("ZEPHYR_CORS_ALLOW", Some(listed(&settings.cors_origins))),
        fact("ZEPHYR_TRUSTED_PROXIES", Some(settings.trusted_proxies.len())),
        fact("JWT_SECRET", Some(names.is_set)),
        fact("ENCRYPTION_KEYS", Some(names.is_set)),
    ];
    (names.site, facts)
}

fn ages(state: &AppState, words: &Words) -> (&'static str, Vec<Fact>) {
    let ages = &state.parts.dispatcher.parts().ages;
    let told = |age: Duration| u64::try_from(age.as_millis()).ok().map(elapsed);
    let names = words.console.health;
    let all = [ages.redispatch, ages.retry, ages.lease, ages.poll_every, ages.reconcile_every, ages.expire_after];
    let facts = names.ages.into_iter().zip(all).map(|(name, age)| fact(name, told(age)));
    (names.ages_title, facts.collect())
}
