//! `GET|POST /keys` and `POST /keys/{id}/revoke`: the API keys of a tenant.

use axum::{
    Form,
    extract::{State, rejection::FormRejection},
    http::StatusCode,
    response::Response,
};
use chrono::Days;
use domain::tenant::{ApiKey, Role, Tenant};
use projections::queries::UsageQuery;
use serde::Deserialize;
use templates_maud::{paths, portal::keys::KeysPage};

use super::{Confirmed, answer, desk::Desk, fields};
use crate::{
    error::{ApiError, ApiResult},
    keys::{
        create::{NewKey, issue},
        revoke,
    },
    request::Path,
    state::AppState,
};

/// How many keys the page shows.
const KEYS_AT_MOST: usize = 200;
/// For how many days it says what a key spent.
pub const SPENT_DAYS: u64 = 30;

/// What the form sends.
#[derive(Deserialize)]
pub struct KeyForm {
    csrf_token: String,
    name: String,
    #[serde(default)]
    budget: String,
    #[serde(default)]
    requests_per_minute: String,
}

/// Shows the keys.
pub async fn show(State(state): State<AppState>, desk: Desk) -> Response {
    page(&state, &desk, None, None).await
}

/// Issues a key, and shows it this once.
pub async fn create(State(state): State<AppState>, desk: Desk, form: Result<Form<KeyForm>, FormRejection>) -> Response {
    let issued = async {
        let form = fields(form)?;
        desk.check_form(&state, &form.csrf_token)?;
        issue(&state, &desk.caller, new_key(&form)?).await
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

fn new_key(form: &KeyForm) -> ApiResult<NewKey> {
    let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let budget = given(&form.budget).map(|text| text.parse()).transpose();
    let rpm = given(&form.requests_per_minute).map(|text| text.parse()).transpose();
    let wrong = |_| ApiError::parameter("requests_per_minute", "requests a minute are a whole number");
    Ok(NewKey {
        name: form.name.clone(),
        budget: budget.map_err(|_| ApiError::parameter("budget", "a budget is an amount such as 12.5"))?,
        requests_per_minute: rpm.map_err(wrong)?,
        ..NewKey::default()
    })
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
    let markup = KeysPage {
        look: &desk.look,
        visitor: &desk.visitor,
        keys: &keys,
        spent: &spent,
        issued,
        failure: error.map(|error| error.message.as_ref()),
        owner: caller.role == Role::Owner,
    };
    Ok(answer::page(error.map_or(StatusCode::OK, |error| error.status), markup.render()))
}
