//! `GET|POST /admin/tenants`: the tenants with what they have and spend, and a new one.

use axum::{
    Form,
    extract::{State, rejection::FormRejection},
    http::StatusCode,
    response::Response,
};
use domain::id::TenantId;
use projections::live::TenantEntry;
use serde::Deserialize;
use templates_maud::{
    console::customers::tenants::{Filter, NewTenant, TenantLine, TenantsPage},
    paths,
};

use super::spent_days;
use crate::{
    admin::tenants::create,
    error::{ApiError, ApiResult},
    page::{cursor, made_at},
    pages::{
        answer,
        console::Seat,
        desk::{bounded, cursor_of},
        fields,
    },
    request::Query,
    state::AppState,
};

/// How many tenants a page shows.
const TENANTS_A_PAGE: usize = 50;

/// Which tenants.
#[derive(Default, Deserialize)]
pub struct Wanted {
    q: Option<String>,
    state: Option<String>,
    after: Option<String>,
}

/// What the form of a new tenant sends.
#[derive(Deserialize)]
pub struct NewForm {
    csrf_token: String,
    name: String,
    #[serde(default)]
    owner: String,
}

/// Shows the tenants.
pub async fn show(State(state): State<AppState>, seat: Seat, Query(wanted): Query<Wanted>) -> Response {
    seat.answered(render(&state, &seat, wanted, None).await)
}

/// Makes a tenant, and goes there.
pub async fn create(State(state): State<AppState>, seat: Seat, form: Result<Form<NewForm>, FormRejection>) -> Response {
    let (form, admin) = match fields(form).and_then(|form| Ok((seat.act(&state, &form.csrf_token)?, form))) {
        Ok((admin, form)) => (form, admin),
        Err(error) => return seat.failed(&error),
    };
    let typed = NewTenant { name: form.name, owner: form.owner.trim().to_owned() };
    let new = create::NewTenant { name: typed.name.clone(), owner: typed.owner.clone() };
    match create::make(&state, &admin, new).await {
        Ok(id) => answer::see(&paths::fill(paths::CONSOLE_TENANT, &[id.as_str()])),
        Err(error) => {
            let page = render(&state, &seat, Wanted::default(), Some((&typed, &error))).await;
            page.unwrap_or_else(|error| seat.failed(&error))
        }
    }
}

async fn render(
    state: &AppState,
    seat: &Seat,
    wanted: Wanted,
    refused: Option<(&NewTenant, &ApiError)>,
) -> ApiResult<Response> {
    let after = cursor_of("after", wanted.after)?;
    let begins = cursor::<TenantId>(after.as_deref())?;
    let filter = Filter { query: bounded("q", wanted.q)?, state: bounded("state", wanted.state)? };
    let tenants = state.live.tenants();
    let asked = |(id, entry): &(&TenantId, &std::sync::Arc<TenantEntry>)| {
        filter.holds(id.as_str(), &entry.name, entry.suspended.is_some())
    };
    let found: Vec<_> = tenants.all().filter(asked).collect();
    let start = begins.as_ref().map_or(0, |begins| found.partition_point(|(id, _)| *id <= begins));
    let page = &found[start..found.len().min(start + TENANTS_A_PAGE)];
    let lines = lines(state, page).await?;
    let more = start + page.len() < found.len();
    let markup = TenantsPage {
        look: &seat.look,
        operator: &seat.operator,
        filter: &filter,
        tenants: &lines,
        found: found.len(),
        after: after.as_deref(),
        next: lines.last().filter(|_| more).map(|line| line.id.as_str()),
        refused: refused.map(|(typed, error)| (typed, error.message.as_ref())),
    };
    let status = refused.map_or(StatusCode::OK, |(_, error)| error.status);
    Ok(answer::page(status, markup.render()))
}

async fn lines(state: &AppState, page: &[(&TenantId, &std::sync::Arc<TenantEntry>)]) -> ApiResult<Vec<TenantLine>> {
    let ids: Vec<String> = page.iter().map(|(id, _)| id.to_string()).collect();
    let (from, to) = spent_days(state);
    let (balances, spent) = tokio::try_join!(state.reads.balances_of(&ids), state.reads.spent_by(&ids, from, to))?;
    let line = |(id, entry): &(&TenantId, &std::sync::Arc<TenantEntry>)| {
        let balance = balances.get(id.as_str());
        TenantLine {
            id: id.to_string(),
            name: entry.name.clone(),
            available: balance.map_or(0, |balance| balance.available()),
            held: balance.map_or(0, |balance| balance.held),
            spent: spent.get(id.as_str()).copied().unwrap_or(0),
            members: entry.members.len(),
            api_keys: entry.api_keys.len(),
            suspended: entry.suspended.clone(),
            frozen: balance.and_then(|balance| balance.frozen.clone()),
            created_at: made_at(id.uuid()),
        }
    };
    Ok(page.iter().map(line).collect())
}
