//! `GET /admin/audit`: who did what to whom, and when, from the log itself.

use axum::{extract::State, http::StatusCode, response::Response};
use domain::stream::Event;
use serde::Deserialize;
use serde_json::Value;
use store::{
    Recorded,
    audit::{ActQuery, acts},
};
use templates_maud::console::books::audit::{ActLine, AuditPage, Filter};

use crate::{
    error::{ApiError, ApiResult},
    pages::{answer, console::Seat, desk::bounded, ledger::start_of},
    request::Query,
    state::AppState,
};

/// How many acts a page shows.
const ACTS_A_PAGE: i64 = 50;
/// The longest change that is shown: a published capability is longer, and stands in the model's history.
const CHANGE_MAX_CHARS: usize = 1_500;

/// Which acts.
#[derive(Default, Deserialize)]
pub struct Wanted {
    actor: Option<String>,
    target: Option<String>,
    action: Option<String>,
    request: Option<String>,
    from: Option<String>,
    to: Option<String>,
    position: Option<String>,
    show: Option<String>,
    before: Option<String>,
}

/// Shows the acts.
pub async fn show(State(state): State<AppState>, seat: Seat, Query(wanted): Query<Wanted>) -> Response {
    seat.answered(render(&state, &seat, wanted).await)
}

async fn render(state: &AppState, seat: &Seat, wanted: Wanted) -> ApiResult<Response> {
    let before = bounded("before", wanted.before)?;
    let filter = Filter {
        actor: bounded("actor", wanted.actor)?.trim().to_owned(),
        target: bounded("target", wanted.target)?.trim().to_owned(),
        action: bounded("action", wanted.action)?.trim().to_owned(),
        request: bounded("request", wanted.request)?.trim().to_owned(),
        from: bounded("from", wanted.from)?,
        to: bounded("to", wanted.to)?,
        position: bounded("position", wanted.position)?,
        show: bounded("show", wanted.show)?,
    };
    let found = acts(state.store.pool(), &query(&filter, &before)?).await?;
    let shown =
        found.acts.iter().filter(|act| filter.position.is_empty() || act.position.to_string() == filter.position);
    let lines: Vec<ActLine> = shown.map(|act| line(state, act)).collect();
    let markup = AuditPage {
        look: &seat.look,
        operator: &seat.operator,
        filter: &filter,
        acts: &lines,
        looked_from: found.looked_from,
        later: !before.is_empty(),
    };
    Ok(answer::page(StatusCode::OK, markup.render()))
}

fn query(filter: &Filter, before: &str) -> ApiResult<ActQuery> {
    let given = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    let number = |name: &str, text: &str| match text {
        "" => Ok(None),
        text => text.parse::<i64>().map(Some).map_err(|_| ApiError::parameter(name, format!("{name} is a position"))),
    };
    let only = number("position", &filter.position)?;
    Ok(ActQuery {
        before: only.map(|only| only.saturating_add(1)).or(number("before", before)?),
        actor: given(&filter.actor),
        target: given(&filter.target),
        event_type: given(&filter.action),
        request_id: given(&filter.request),
        from: start_of("from", &filter.from, 0, chrono_tz::UTC)?,
        to: start_of("to", &filter.to, 1, chrono_tz::UTC)?,
        everything: filter.show == "everything" || only.is_some(),
        limit: if only.is_some() { 1 } else { ACTS_A_PAGE },
    })
}

fn line(state: &AppState, act: &Recorded) -> ActLine {
    let metadata: Value = serde_json::from_str(&act.metadata).unwrap_or_default();
    let text = |name: &str| metadata[name].as_str().unwrap_or_default().to_owned();
    let encoded = act.event.encode();
    ActLine {
        position: act.position,
        at: act.recorded_at,
        actor: text("actor"),
        action: encoded.event_type,
        target: act.aggregate_id.to_string(),
        target_type: act.aggregate_type.to_string(),
        target_name: name_of(state, act),
        request_id: text("request_id"),
        change: change(&encoded.payload),
    }
}

/// What the event says, without its own name around it.
fn change(payload: &str) -> String {
    let value: Value = serde_json::from_str(payload).unwrap_or_default();
    let inner = value.as_object().filter(|fields| fields.len() == 1).and_then(|fields| fields.values().next());
    let text = inner.unwrap_or(&value).to_string();
    match text.as_str() {
        "{}" => String::new(),
        _ if text.chars().count() > CHANGE_MAX_CHARS => text.chars().take(CHANGE_MAX_CHARS).chain(['…']).collect(),
        _ => text,
    }
}

fn name_of(state: &AppState, act: &Recorded) -> Option<String> {
    let id = &*act.aggregate_id;
    match &act.event {
        Event::Model(_) => {
            let catalog = state.live.catalog();
            let entry = catalog.models().find(|entry| entry.model_id.as_str() == id)?;
            entry.identity().map(|identity| identity.name.clone())
        }
        Event::Tenant(_) | Event::Account(_) => {
            state.live.tenants().tenant(&id.parse().ok()?).map(|entry| entry.name.clone())
        }
        Event::Provider(_) => {
            let catalog = state.live.catalog();
            catalog.provider_by_id(&id.parse().ok()?)?.settings().map(|settings| settings.name.clone())
        }
        _ => None,
    }
}
