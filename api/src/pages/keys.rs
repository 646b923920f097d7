//! `GET|POST /keys`, `POST /keys/{id}/rotate` and `POST /keys/{id}/revoke`: the API keys of a tenant.

use axum::{
    Form,
    extract::{State, rejection::FormRejection},
    http::StatusCode,
    response::Response,
};
use chrono::{Days, NaiveDate};
use domain::tenant::{ApiKey, Role, Tenant};
use projections::queries::UsageQuery;
use templates_maud::{paths, portal::keys::KeysPage};

use super::{Confirmed, answer, desk::Desk, fields, key_form::KeyForm};
use crate::{
    caller::SCOPES,
    error::{ApiError, ApiResult},
    keys::{create::issue, revoke, rotate::replace},
    request::Path,
    state::AppState,
};

/// How many keys the page shows.
pub const KEYS_AT_MOST: usize = 200;
/// For how many days it says what a key spent.
pub const SPENT_DAYS: u64 = 30;

/// Shows the keys.
pub async fn show(State(state): State<AppState>, desk: Desk) -> Response {
    page(&state, &desk, None, None).await
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
    desk.answered(render(state, desk, issued, error).await)
}

async fn render(state: &AppState, desk: &Desk, issued: Option<&str>, error: Option<&ApiError>) -> ApiResult<Response> {
    let caller = &desk.caller;
    let tenant: Tenant = state.store.read(caller.tenant_id.as_str()).await?;
    let keys: Vec<ApiKey> = tenant.api_keys().take(KEYS_AT_MOST).cloned().collect();
    let today = state.store.now().date_naive();
    let from = today.checked_sub_days(Days::new(SPENT_DAYS)).unwrap_or(today);
    let usage =
        state.reads.usage(&UsageQuery { tenant_id: Some(caller.tenant_id.to_string()), from, to: today }).await?;
    let spent_by = |key: &ApiKey| {
        let rows = usage.iter().filter(|row| row.api_key_id == key.api_key_id.as_str());
        rows.map(|row| row.charged - row.refunded).sum()
    };
    let spent: Vec<i64> = keys.iter().map(spent_by).collect();
    let last_used =
        |key: &ApiKey| usage.iter().rev().find(|row| row.api_key_id == key.api_key_id.as_str()).map(|row| row.day);
    let last_used: Vec<Option<NaiveDate>> = keys.iter().map(last_used).collect();
    let markup = KeysPage {
        look: &desk.look,
        visitor: &desk.visitor,
        keys: &keys,
        spent: &spent,
        last_used: &last_used,
        scopes: &SCOPES,
        issued,
        failure: error.map(|error| error.message.as_ref()),
        owner: caller.role == Role::Owner,
    };
    Ok(answer::page(error.map_or(StatusCode::OK, |error| error.status), markup.render()))
}
