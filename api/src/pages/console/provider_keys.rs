//! `/admin/provider-keys…`: the key pool, a key, and what an admin does with them.

use axum::{
    Form,
    extract::{State, rejection::FormRejection},
    http::StatusCode,
    response::Response,
};
use domain::id::ProviderKeyId;
use serde::Deserialize;
use templates_maud::{
    console::{
        meter::Taken,
        provider_keys::{AddKeys, Filter, KeyRow, KeyState, Outcome, PoolPage, PoolSums, Unwell},
    },
    paths,
};

use super::{
    Seat,
    key_form::{AddForm, add_lines},
    key_history::history,
};
use crate::{
    admin::provider_keys::{
        ProviderKeyView,
        change::{self, KeyChange},
        known,
        select::{KeyStanding, Wanted, select, sums},
        view::{Limits, OfModel},
    },
    error::{ApiError, ApiResult},
    page::cursor,
    pages::{Confirmed, answer, desk::bounded, fields},
    request::{Path, Query},
    state::AppState,
};

/// How many keys a page shows.
const SHOWN: usize = 50;

/// Which keys.
#[derive(Default, Deserialize)]
pub struct Asked {
    provider: Option<String>,
    state: Option<String>,
    q: Option<String>,
    after: Option<String>,
}

/// Shows the pool.
pub async fn show(State(state): State<AppState>, seat: Seat, Query(asked): Query<Asked>) -> Response {
    pool(&state, &seat, asked, &AddKeys::default(), false).await.unwrap_or_else(|error| seat.failed(&error))
}

/// Shows the part of it that changes.
pub async fn part(State(state): State<AppState>, seat: Seat, Query(asked): Query<Asked>) -> Response {
    pool(&state, &seat, asked, &AddKeys::default(), true).await.unwrap_or_else(|error| seat.failed(&error))
}

/// Adds the keys of a form, line by line, and says what became of each.
pub async fn add(State(state): State<AppState>, seat: Seat, form: Result<Form<AddForm>, FormRejection>) -> Response {
    let added = async {
        let form = fields(form)?;
        let admin = seat.act(&state, &form.csrf_token)?;
        Ok(add_lines(&state, &admin, form).await)
    };
    match added.await {
        Ok(add) => {
            let status = if add.failure.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
            let page = pool(&state, &seat, Asked::default(), &add, false).await;
            page.map(|page| with_status(page, status)).unwrap_or_else(|error| seat.failed(&error))
        }
        Err(error) => seat.failed(&error),
    }
}

fn with_status(mut page: Response, status: StatusCode) -> Response {
    *page.status_mut() = status;
    page
}

async fn pool(state: &AppState, seat: &Seat, asked: Asked, add: &AddKeys, part: bool) -> ApiResult<Response> {
    let after = Some(bounded("after", asked.after)?).filter(|after| !after.is_empty());
    let filter = Filter {
        provider: bounded("provider", asked.provider)?,
        state: bounded("state", asked.state)?,
        q: bounded("q", asked.q)?,
    };
    let wanted = Wanted {
        provider: Some(filter.provider.clone()).filter(|name| !name.is_empty()),
        state: standing(&filter.state)?,
        q: filter.q.clone(),
        after: cursor::<ProviderKeyId>(after.as_deref())?,
        with_revoked: false,
    };
    let (views, has_more) = select(state, &wanted, SHOWN).await?;
    let keys: Vec<KeyRow> = views.iter().map(row).collect();
    let catalog = state.live.catalog();
    let providers: Vec<String> = catalog.providers().filter_map(|entry| Some(entry.settings()?.name.clone())).collect();
    let page = PoolPage {
        look: &seat.look,
        operator: &seat.operator,
        filter: &filter,
        providers: &providers,
        sums: PoolSums { of_state: sums(state) },
        keys: &keys,
        after: after.as_deref(),
        next: keys.last().filter(|_| has_more).map(|key| key.id.as_str()),
        add,
    };
    Ok(answer::page(StatusCode::OK, if part { page.part() } else { page.render() }))
}

fn standing(name: &str) -> ApiResult<Option<KeyStanding>> {
    let place = KeyState::ALL.iter().position(|state| state.name() == name);
    match place.and_then(|place| KeyStanding::ALL.get(place)) {
        Some(standing) => Ok(Some(*standing)),
        None if name.is_empty() => Ok(None),
        None => Err(ApiError::parameter("state", "there is no such state")),
    }
}

/// Shows a key.
pub async fn one(State(state): State<AppState>, seat: Seat, Path(id): Path<String>) -> Response {
    key_page(&state, &seat, &id, None, StatusCode::OK).await
}

async fn key_page(state: &AppState, seat: &Seat, id: &str, outcome: Option<&Outcome>, status: StatusCode) -> Response {
    let page = async {
        let (id, key) = known(state, id).await?;
        let view = ProviderKeyView::of(state, &id, &key).await?;
        let history = history(state, &id).await?;
        let (look, operator, key) = (&seat.look, &seat.operator, &row(&view));
        let page = templates_maud::console::provider_keys::KeyPage { look, operator, key, history: &history, outcome };
        Ok(answer::page(status, page.render()))
    };
    page.await.unwrap_or_else(|error: ApiError| seat.failed(&error))
}

/// Weight, limits and account, as the form has them.
#[derive(Deserialize)]
pub struct ChangeForm {
    csrf_token: String,
    weight: String,
    #[serde(default)]
    at_once: String,
    #[serde(default)]
    a_second: String,
    #[serde(default)]
    a_minute: String,
    #[serde(default)]
    account: String,
}

/// Changes a key.
pub async fn alter(
    State(state): State<AppState>,
    seat: Seat,
    Path(id): Path<String>,
    form: Result<Form<ChangeForm>, FormRejection>,
) -> Response {
    let changed = async {
        let form = fields(form)?;
        let admin = seat.act(&state, &form.csrf_token)?;
        let limits = Limits {
            requests_per_second: whole("a_second", &form.a_second)?,
            requests_per_minute: whole("a_minute", &form.a_minute)?,
            concurrency: whole("at_once", &form.at_once)?,
        };
        let (weight, account) = (whole("weight", &form.weight)?, Some(form.account));
        let wanted = KeyChange { weight, limits: Some(limits), account, ..KeyChange::default() };
        change::apply(&state, &admin, &id, wanted).await
    };
    done(&state, &seat, &id, changed.await).await
}

/// Why a key is disabled, or of which model a pause ends.
#[derive(Deserialize)]
pub struct SwitchForm {
    csrf_token: String,
    reason: Option<String>,
    model: Option<String>,
}

/// Stops using a key.
pub async fn disable(
    State(state): State<AppState>,
    seat: Seat,
    Path(id): Path<String>,
    form: Result<Form<SwitchForm>, FormRejection>,
) -> Response {
    switch(&state, &seat, &id, form, false).await
}

/// Uses a key again, or ends its pause for a model.
pub async fn enable(
    State(state): State<AppState>,
    seat: Seat,
    Path(id): Path<String>,
    form: Result<Form<SwitchForm>, FormRejection>,
) -> Response {
    switch(&state, &seat, &id, form, true).await
}

async fn switch(
    state: &AppState,
    seat: &Seat,
    id: &str,
    form: Result<Form<SwitchForm>, FormRejection>,
    enabled: bool,
) -> Response {
    let switched = async {
        let SwitchForm { csrf_token, reason, model } = fields(form)?;
        let admin = seat.act(state, &csrf_token)?;
        let wanted = KeyChange { enabled: Some(enabled), reason, model, ..KeyChange::default() };
        change::apply(state, &admin, id, wanted).await
    };
    done(state, seat, id, switched.await).await
}

/// Ends a key for good.
pub async fn revoke(
    State(state): State<AppState>,
    seat: Seat,
    Path(id): Path<String>,
    form: Result<Form<Confirmed>, FormRejection>,
) -> Response {
    let revoked = async {
        let admin = seat.act(&state, &fields(form)?.csrf_token)?;
        change::end(&state, &admin, &id).await
    };
    done(&state, &seat, &id, revoked.await).await
}

/// Asks the key's provider whether it takes the key.
pub async fn test(
    State(state): State<AppState>,
    seat: Seat,
    Path(id): Path<String>,
    form: Result<Form<Confirmed>, FormRejection>,
) -> Response {
    let asked = async {
        seat.act(&state, &fields(form)?.csrf_token)?;
        let (id, _) = known(&state, &id).await?;
        Ok(state.parts.dispatcher.check_key(&id).await)
    };
    let outcome = match asked.await {
        Ok(Ok(took)) => {
            let text = format!("{} {} ms.", seat.look.words.console.keys.test_well, took.as_millis());
            Outcome { well: true, text }
        }
        Ok(Err(refused)) => Outcome { well: false, text: refused.to_string() },
        Err(error) => return seat.failed(&error),
    };
    key_page(&state, &seat, &id, Some(&outcome), StatusCode::OK).await
}

/// The key's page anew after what was done; or as it was, with what was wrong.
async fn done(state: &AppState, seat: &Seat, id: &str, result: ApiResult<ProviderKeyView>) -> Response {
    match result {
        Ok(_) => answer::see(&paths::fill(paths::PROVIDER_KEY, &[id])),
        Err(error) if error.is_correctable() => {
            let outcome = Outcome { well: false, text: error.message.to_string() };
            key_page(state, seat, id, Some(&outcome), error.status).await
        }
        Err(error) => seat.failed(&error),
    }
}

/// A whole number of a form's field, or nothing.
pub fn whole(name: &str, text: &str) -> ApiResult<Option<u32>> {
    let wrong = |_| ApiError::parameter(name, format!("{name} is a whole number"));
    Some(text.trim()).filter(|text| !text.is_empty()).map(|text| text.parse().map_err(wrong)).transpose()
}

fn row(view: &ProviderKeyView) -> KeyRow {
    let health = &view.health;
    let usage = health.usage.as_ref();
    let taken = |used: Option<u64>, limit: Option<u32>| Taken { used, limit: limit.map(u64::from) };
    let whole = health.reason.clone().map(|reason| Unwell {
        model: None,
        disabled: true,
        reason,
        automatic: health.automatic.unwrap_or_default(),
        until: health.probe_at,
    });
    let place = KeyStanding::ALL.iter().position(|one| *one == view.standing).unwrap_or_default();
    KeyRow {
        id: view.id.clone(),
        provider: view.provider.clone().unwrap_or_default(),
        label: view.label.clone(),
        account: view.account.clone(),
        fingerprint: view.fingerprint.clone(),
        weight: view.weight,
        state: KeyState::ALL[place],
        unwell: whole.into_iter().chain(health.models.iter().map(unwell)).collect(),
        under_way: taken(usage.map(|usage| usage.concurrent.into()), view.limits.concurrency),
        second: taken(usage.and_then(|usage| usage.requests_this_second), view.limits.requests_per_second),
        minute: taken(usage.and_then(|usage| usage.requests_this_minute), view.limits.requests_per_minute),
        answered: (health.answered, health.calls),
        last_failure: health.last_failure.clone().zip(health.last_failure_at),
    }
}

fn unwell(model: &OfModel) -> Unwell {
    Unwell {
        model: Some(model.model.clone()),
        disabled: model.cooling_until.is_none(),
        reason: model.reason.clone(),
        automatic: model.automatic.unwrap_or(true),
        until: model.cooling_until.or(model.probe_at),
    }
}
