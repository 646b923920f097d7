//! `GET|POST /keys`, `POST /keys/{id}/rotate` and `POST /keys/{id}/revoke`: the API keys of a tenant.

use axum::{
    Form,
    extract::{State, rejection::FormRejection},
    http::StatusCode,
    response::Response,
};
use chrono::Days;
use domain::{
    id::ApiKeyId,
    tenant::{ApiKey, Role, Tenant},
};
use projections::spending::{KeySpent, SpendingQuery};
use serde::Deserialize;
use templates_maud::{paths, portal::keys::KeysPage};

use super::{
    Confirmed, answer,
    desk::{Desk, cursor_of},
    fields,
    key_form::KeyForm,
};
use crate::{
    caller::SCOPES,
    error::{ApiError, ApiResult},
    keys::{create::issue, revoke, rotate::replace},
    page::cursor,
    request::{Path, Query},
    state::AppState,
};

/// How many keys a page shows.
const KEYS_A_PAGE: usize = 50;
/// For how many days it says what a key spent.
pub const SPENT_DAYS: u64 = 30;

/// Which keys.
#[derive(Default, Deserialize)]
pub struct Wanted {
    after: Option<String>,
}

/// Shows the keys.
pub async fn show(State(state): State<AppState>, desk: Desk, Query(wanted): Query<Wanted>) -> Response {
    desk.answered(render(&state, &desk, wanted, None, None).await)
}

/// Issues a key, and shows it this once.
pub async fn create(
    State(state): State<AppState>,
    desk: Desk,
    form: Result<Form<Vec<(String, String)>>, FormRejection>,
) -> Response {
    let issued = async {
        let form = KeyForm(fields(form)?);
        desk.check_form(&state, form.text("csrf_token"))?;
        issue(&state, &desk.caller, form.new_key(desk.look.words.zone)?).await
    };
    match issued.await {
        Ok(issued) => page(&state, &desk, Some(&issued.key), None).await,
        Err(error) => page(&state, &desk, None, Some(&error)).await,
    }
}

/// Issues a key like another, which goes on for a day, and shows it this once.
pub async fn rotate(
    State(state): State<AppState>,
    desk: Desk,
    Path(id): Path<String>,
    form: Result<Form<Confirmed>, FormRejection>,
) -> Response {
    let issued = async {
        desk.check_form(&state, &fields(form)?.csrf_token)?;
        replace(&state, &desk.caller, &id).await
    };
    match issued.await {
        Ok(issued) => page(&state, &desk, Some(&issued.key), None).await,
        Err(error) => page(&state, &desk, None, Some(&error)).await,
    }
}

/// Ends a key.
pub async fn end(
    State(state): State<AppState>,
    desk: Desk,
    Path(id): Path<String>,
    form: Result<Form<Confirmed>, FormRejection>,
) -> Response {
    let ended = async {
        desk.check_form(&state, &fields(form)?.csrf_token)?;
        revoke::end(&state, &desk.caller, &id).await
    };
    match ended.await {
        Ok(()) => answer::see(paths::KEYS),
        Err(error) => desk.failed(&error),
    }
}

async fn page(state: &AppState, desk: &Desk, issued: Option<&str>, error: Option<&ApiError>) -> Response {
    desk.answered(render(state, desk, Wanted::default(), issued, error).await)
}

async fn render(
    state: &AppState,
    desk: &Desk,
    wanted: Wanted,
    issued: Option<&str>,
    error: Option<&ApiError>,
) -> ApiResult<Response> {
    let caller = &desk.caller;
    let after = cursor_of("after", wanted.after)?;
    let begins = cursor::<ApiKeyId>(after.as_deref())?;
    let tenant: Tenant = state.store.read(caller.tenant_id.as_str()).await?;
    let mut live: Vec<&ApiKey> = tenant.api_keys().collect();
    let all_keys = live.len();
    live.reverse();
    live.retain(|key| begins.as_ref().is_none_or(|after| key.api_key_id < *after));
    let keys: Vec<ApiKey> = live.iter().take(KEYS_A_PAGE).map(|key| (*key).clone()).collect();
    let next = keys.last().filter(|_| live.len() > KEYS_A_PAGE).map(|key| key.api_key_id.to_string());
    let to = state.store.now().date_naive();
    let from = to.checked_sub_days(Days::new(SPENT_DAYS)).unwrap_or(to);
    let usage = SpendingQuery { tenant_id: caller.tenant_id.to_string(), from, to };
    let ids: Vec<String> = keys.iter().map(|key| key.api_key_id.to_string()).collect();
    let spent_by = state.reads.spent_by_key(&usage, &ids).await?;
    let spent: Vec<KeySpent> = ids.iter().map(|id| spent_by.get(id).copied().unwrap_or_default()).collect();
    let markup = KeysPage {
        look: &desk.look,
        visitor: &desk.visitor,
        keys: &keys,
        all_keys,
        after: after.as_deref(),
        next: next.as_deref(),
        spent: &spent,
        scopes: &SCOPES,
        issued,
        failure: error.map(|error| error.message.as_ref()),
        owner: caller.role == Role::Owner,
    };
    Ok(answer::page(error.map_or(StatusCode::OK, |error| error.status), markup.render()))
}
