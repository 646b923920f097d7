//! `/admin/limits…`: what tenants and their keys may do, what of it is used, and an admin's change of a tenant's.

use axum::{
    Form,
    extract::{State, rejection::FormRejection},
    http::StatusCode,
    response::Response,
};
use domain::{Credits, account::Budget, id::TenantId, tenant::TenantLimits};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde::Deserialize;
use templates_maud::{
    console::{
        limits::{BudgetRow, LimitsPage, LimitsRow, TenantLimitsPage, Typed},
        meter::Taken,
    },
    paths,
};

use super::{Seat, provider_keys::whole};
use crate::{
    admin::tenants::limits::{LimitsView, RateView, keys_of, set_one, view_of},
    error::{ApiError, ApiResult},
    page::cursor,
    pages::{answer, desk::bounded, fields},
    request::{Path, Query},
    state::AppState,
};

/// How many tenants, or keys of one, a page shows.
const SHOWN: usize = 50;
/// How many accounts are read at the same time.
const AT_ONCE: usize = 8;

/// Which page.
#[derive(Default, Deserialize)]
pub struct Asked {
    after: Option<String>,
    saved: Option<String>,
}

/// Shows the tenants with their limits.
pub async fn show(State(state): State<AppState>, seat: Seat, Query(asked): Query<Asked>) -> Response {
    list(&state, &seat, asked).await.unwrap_or_else(|error| seat.failed(&error))
}

async fn list(state: &AppState, seat: &Seat, asked: Asked) -> ApiResult<Response> {
    let text = Some(bounded("after", asked.after)?).filter(|after| !after.is_empty());
    let after = cursor::<TenantId>(text.as_deref())?;
    let tenants = state.live.tenants();
    let later = tenants.all().filter(|(id, _)| after.as_ref().is_none_or(|after| *id > after));
    let ids: Vec<_> = later.take(SHOWN + 1).map(|(id, entry)| (id.clone(), entry.name.clone())).collect();
    let shown: Vec<_> = ids.iter().take(SHOWN).map(|(id, name)| listed(state, id, name)).collect();
    let rows: Vec<LimitsRow> = stream::iter(shown).buffered(AT_ONCE).try_collect().await?;
    let next = rows.last().filter(|_| ids.len() > SHOWN).map(|row| row.id.as_str());
    let page = LimitsPage { look: &seat.look, operator: &seat.operator, tenants: &rows, after: text.as_deref(), next };
    Ok(answer::page(StatusCode::OK, page.render()))
}

async fn listed(state: &AppState, id: &TenantId, name: &str) -> ApiResult<LimitsRow> {
    Ok(row(&view_of(state, id.as_str()).await?, name.to_owned()))
}

/// Shows a tenant's limits and those of its keys.
pub async fn one(
    State(state): State<AppState>,
    seat: Seat,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Response {
    let shown = tenant(&state, &seat, &id, None, asked.saved.is_some()).await;
    shown.unwrap_or_else(|error| seat.failed(&error))
}

/// The limits, as the form has them.
#[derive(Clone, Deserialize)]
pub struct LimitsForm {
    csrf_token: String,
    #[serde(default)]
    requests: String,
    #[serde(default)]
    tokens: String,
    #[serde(default)]
    jobs: String,
    #[serde(default)]
    day: String,
    #[serde(default)]
    month: String,
    #[serde(default)]
    total: String,
}

/// Sets all limits of a tenant anew.
pub async fn set(
    State(state): State<AppState>,
    seat: Seat,
    Path(id): Path<String>,
    form: Result<Form<LimitsForm>, FormRejection>,
) -> Response {
    let form = match fields::<LimitsForm>(form) {
        Ok(form) => form,
        Err(error) => return seat.failed(&error),
    };
    let set = async {
        let admin = seat.act(&state, &form.csrf_token)?;
        set_one(&state, &admin, &id, limits(&form)?).await
    };
    match set.await {
        Ok(_) => answer::see(&paths::with_query(&paths::fill(paths::CONSOLE_LIMITS_OF, &[&id]), &[("saved", "1")])),
        Err(error) if error.status == StatusCode::UNPROCESSABLE_ENTITY => {
            let shown = tenant(&state, &seat, &id, Some((form, &error)), false).await;
            shown.unwrap_or_else(|error| seat.failed(&error))
        }
        Err(error) => seat.failed(&error),
    }
}

fn limits(form: &LimitsForm) -> ApiResult<TenantLimits> {
    Ok(TenantLimits {
        requests_per_minute: whole("requests", &form.requests)?,
        tokens_per_minute: given("tokens", &form.tokens, "a whole number")?,
        concurrent_jobs: whole("jobs", &form.jobs)?,
        budget: Budget {
            day: given::<Credits>("day", &form.day, "an amount such as 12.5")?,
            month: given::<Credits>("month", &form.month, "an amount such as 12.5")?,
            total: given::<Credits>("total", &form.total, "an amount such as 12.5")?,
        },
    })
}

fn given<T: std::str::FromStr>(name: &str, text: &str, what: &str) -> ApiResult<Option<T>> {
    let wrong = |_| ApiError::parameter(name, format!("{name} is {what}"));
    Some(text.trim()).filter(|text| !text.is_empty()).map(|text| text.parse().map_err(wrong)).transpose()
}

async fn tenant(
    state: &AppState,
    seat: &Seat,
    id: &str,
    wrong: Option<(LimitsForm, &ApiError)>,
    saved: bool,
) -> ApiResult<Response> {
    let view = view_of(state, id).await?;
    let named = |id: &TenantId| state.live.tenants().tenant(id).map(|entry| entry.name.clone());
    let name = id.parse().ok().as_ref().and_then(named).unwrap_or_default();
    let found = keys_of(state, id, None, SHOWN).await?;
    let keys: Vec<LimitsRow> = found.iter().map(|(view, name)| row(view, name.clone())).collect();
    let tenant = row(&view, name);
    let typed = wrong.as_ref().map_or_else(|| as_set(&tenant), |(form, _)| as_typed(form));
    let page = TenantLimitsPage {
        look: &seat.look,
        operator: &seat.operator,
        tenant: &tenant,
        keys: &keys,
        typed: &typed,
        failure: wrong.as_ref().map(|(_, error)| error.message.as_ref()),
        saved,
    };
    Ok(answer::page(wrong.as_ref().map_or(StatusCode::OK, |(_, error)| error.status), page.render()))
}

fn as_typed(form: &LimitsForm) -> Typed {
    let LimitsForm { requests, tokens, jobs, day, month, total, .. } = form.clone();
    Typed { requests, tokens, jobs, budgets: [day, month, total] }
}

fn as_set(tenant: &LimitsRow) -> Typed {
    let text = |taken: Taken| taken.limit.map(|limit| limit.to_string()).unwrap_or_default();
    let mut budgets: [String; 3] = Default::default();
    for budget in &tenant.budgets {
        budgets[budget.period] = Credits::from_micro(budget.limit).to_string();
    }
    Typed { requests: text(tenant.requests), tokens: text(tenant.tokens), jobs: text(tenant.jobs), budgets }
}

fn row(view: &LimitsView, name: String) -> LimitsRow {
    let rate = |rate: &Option<RateView>| {
        rate.as_ref().map_or_else(Taken::default, |rate| Taken { used: rate.used, limit: Some(rate.limit) })
    };
    let budget = |budget: &crate::admin::tenants::limits::BudgetView| BudgetRow {
        period: budget.period as usize,
        limit: budget.limit.micro(),
        used: (budget.spent.micro()).saturating_add(budget.held.micro()),
    };
    LimitsRow {
        id: view.id.clone(),
        name,
        requests: rate(&view.requests_per_minute),
        tokens: rate(&view.tokens_per_minute),
        jobs: Taken { used: Some(view.concurrent_jobs.used.into()), limit: view.concurrent_jobs.limit.map(u64::from) },
        budgets: view.budgets.iter().map(budget).collect(),
    }
}
