//! `GET /m/{model}`, and what its form sends: `POST …/price` for what it would cost, `POST …/run` to run it.
//!
//! The form is made of the capability's schema and hints alone. A form that is sent twice makes one job.

use std::sync::Arc;

use axum::{
    Form,
    extract::{Multipart, State, rejection::FormRejection},
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use domain::{
    capability::{Capability, CapabilityKind},
    job::Mode,
    schema::ParamError,
};
use maud::{Markup, html};
use projections::{
    live::{Callable, Catalog},
    queries::JobQuery,
};
use serde_json::{Map, Value, json};
use templates_maud::{
    form::{self, FormErrors, Sent},
    paths,
    portal::{
        chat::Speaker,
        model::{ModelPage, Offered, Tab, priced},
    },
};
use uuid::Uuid;

use super::{
    answer, as_page,
    desk::{Desk, Hall, bounded},
    fields,
    filled::Filled,
    shown::Loaded,
};
use crate::{
    catalog::estimates::callable,
    error::{ApiError, ApiResult, ErrorCode},
    generation::{idempotency, prepare::Asked, submit::submit},
    request::{Path, Query, RequestContext},
    state::AppState,
};

/// Among how many models somebody is looked for to go on with a conversation.
const SPEAKERS: usize = 500;
/// How many earlier results are shown.
const RESULTS: u32 = 6;

/// Shows a model.
pub async fn show(
    State(state): State<AppState>,
    context: RequestContext,
    hall: Hall,
    Path(model): Path<String>,
    Query(wanted): Query<Vec<(String, String)>>,
) -> Response {
    match page(&state, &hall, &model, wanted).await {
        Ok(markup) => answer::page(StatusCode::OK, markup),
        Err(error) => as_page(error, &hall.look, &context.request_id),
    }
}

async fn page(state: &AppState, hall: &Hall, model: &str, wanted: Vec<(String, String)>) -> ApiResult<Markup> {
    let given = |name: &str| wanted.iter().find(|(given, _)| given == name).map(|(_, text)| text.clone());
    let (cap, tab) = (bounded("cap", given("cap"))?, bounded("tab", given("tab"))?);
    let example = given("example").and_then(|number| number.parse::<usize>().ok());
    let offered = offered(state, model)?;
    let chosen = offered.iter().find(|found| found.kind.name() == cap).or(offered.first());
    let chosen = chosen.ok_or_else(|| ApiError::not_found("model"))?.clone();
    let fields = form::fields(&chosen.capability.param_schema, &chosen.capability.ui_hints);
    let values = match (example, given("from"), &hall.desk) {
        (Some(number), _, _) => chosen.capability.ui_hints.examples.get(number).map(|example| example.params.clone()),
        (None, Some(job_id), Some(desk)) => params_of(state, desk, &job_id).await?,
        _ => Some(form::read(&fields, &wanted)),
    };
    let values = values.unwrap_or_default();
    let results = match &hall.desk {
        Some(desk) => results(state, desk, &chosen).await?,
        None => html! {},
    };
    Shown { state, hall, tab: Tab::named(&tab), offered: &offered, chosen: &chosen }.render(&values, &[], results, None)
}

/// What the form would cost as it is filled now, on its button.
pub async fn price(
    State(state): State<AppState>,
    mut desk: Desk,
    Path((model, kind)): Path<(String, String)>,
    form: Result<Form<Vec<(String, String)>>, FormRejection>,
) -> Response {
    desk.read_balance(&state).await;
    let asked = async {
        let sent = fields(form)?;
        let found = found(&state, &desk, spoken_by(&sent).unwrap_or(&model), &kind)?;
        let values = form::read(&form::fields(&found.capability.param_schema, &found.capability.ui_hints), &sent);
        Ok(offer(&state, Some(&desk), &found, &values))
    };
    match asked.await {
        Ok(offered) => answer::page(StatusCode::OK, priced(desk.look.words, offered.as_ref())),
        Err(error) => {
            let error: ApiError = error;
            desk.failed(&error)
        }
    }
}

/// Runs the form: the job's card, its page, or the form again with what was wrong.
pub async fn run(
    State(state): State<AppState>,
    mut desk: Desk,
    Path((model, kind)): Path<(String, String)>,
    form: Multipart,
) -> Response {
    let taken = async {
        let found = found(&state, &desk, &model, &kind)?;
        Ok((found, Filled::take(&state, &desk, form).await?))
    };
    let (found, filled) = match taken.await {
        Ok(taken) => taken,
        Err(error) => {
            let error: ApiError = error;
            return desk.failed(&error);
        }
    };
    let found = match spoken_by(&filled.sent).map(|speaker| self::found(&state, &desk, speaker, &kind)).transpose() {
        Ok(other) => other.unwrap_or(found),
        Err(error) => return desk.failed(&error),
    };
    let mut values =
        form::read(&form::fields(&found.capability.param_schema, &found.capability.ui_hints), &filled.sent);
    begin_with(&mut values, &filled.sent);
    if let Err(wrong) = found.schema.resolve(Value::Object(values.clone())) {
        desk.read_balance(&state).await;
        return refused(&state, desk, &found, &values, &wrong, filled.once.as_deref());
    }
    match submitted(&state, &desk, &found, values, filled.once).await {
        Ok(job_id) if desk.wants_fragment() => card(&state, &desk, &job_id).await,
        Ok(job_id) => answer::see(&paths::fill(paths::JOB, &[&job_id])),
        Err(error) => desk.failed(&error),
    }
}

/// The model that was chosen to go on with a conversation.
fn spoken_by(sent: &Sent) -> Option<&str> {
    sent.iter().find(|(name, text)| name == "model" && !text.is_empty()).map(|(_, text)| text.as_str())
}

/// Puts the prompt for all of a conversation before its messages.
fn begin_with(values: &mut Map<String, Value>, sent: &Sent) {
    let system = sent.iter().find(|(name, _)| name == "system").map(|(_, text)| text.trim()).unwrap_or_default();
    let messages = values.get_mut("messages").and_then(Value::as_array_mut);
    if let Some(messages) = messages.filter(|_| !system.is_empty()) {
        messages.insert(0, json!({ "role": "system", "content": system }));
    }
}

pub(super) async fn submitted(
    state: &AppState,
    desk: &Desk,
    found: &Callable,
    values: Map<String, Value>,
    once: Option<String>,
) -> ApiResult<String> {
    let body = Value::Object(values);
    let once = once.map(|key| idempotency::key_of(&key, &desk.caller.tenant_id, paths::RUN, &body)).transpose()?;
    let asked = Asked {
        model: found.model.clone(),
        kind: found.kind,
        params: body,
        route: paths::RUN,
        mode: Mode::Queued,
        metadata: None,
        webhook_url: None,
        once,
        quote: None,
    };
    Ok(submit(state, &desk.caller, asked).await?.job_id)
}

async fn card(state: &AppState, desk: &Desk, job_id: &str) -> Response {
    match Loaded::read(state, &desk.caller, job_id).await {
        Ok(loaded) => answer::page(StatusCode::OK, loaded.shown(desk.look.words, &desk.visitor.form_token).card()),
        Err(error) => desk.failed(&error),
    }
}

/// A form with what was wrong takes the form's place; it does not stand among the results.
const IN_PLACE: [(&str, &str); 2] = [("hx-retarget", "#run"), ("hx-reswap", "outerHTML")];

/// The form again, with everything that was typed: as itself, or as the whole page.
fn refused(
    state: &AppState,
    desk: Desk,
    found: &Arc<Callable>,
    values: &Map<String, Value>,
    wrong: &[ParamError],
    once: Option<&str>,
) -> Response {
    let (fragment, look) = (desk.wants_fragment(), desk.look.clone());
    let request_id = desk.caller.request_id.clone();
    let hall = Hall { look, desk: Some(desk) };
    let rendered = offered(state, &found.model).and_then(|offered| {
        let shown = Shown { state, hall: &hall, tab: Tab::Playground, offered: &offered, chosen: found };
        if fragment { shown.form(values, wrong, once) } else { shown.render(values, wrong, html! {}, once) }
    });
    match rendered {
        Ok(markup) if fragment => (IN_PLACE, answer::page(StatusCode::UNPROCESSABLE_ENTITY, markup)).into_response(),
        Ok(markup) => answer::page(StatusCode::UNPROCESSABLE_ENTITY, markup),
        Err(error) => as_page(error, &hall.look, &request_id),
    }
}

/// What is shown of a model.
struct Shown<'a> {
    state: &'a AppState,
    hall: &'a Hall,
    tab: Tab,
    offered: &'a [Arc<Callable>],
    chosen: &'a Arc<Callable>,
}

impl Shown<'_> {
    fn render(
        &self,
        values: &Map<String, Value>,
        wrong: &[ParamError],
        results: Markup,
        once: Option<&str>,
    ) -> ApiResult<Markup> {
        self.with(values, wrong, results, once, |page| page.render())
    }

    fn form(&self, values: &Map<String, Value>, wrong: &[ParamError], once: Option<&str>) -> ApiResult<Markup> {
        self.with(values, wrong, html! {}, once, |page| page.form())
    }

    fn with(
        &self,
        values: &Map<String, Value>,
        wrong: &[ParamError],
        results: Markup,
        once: Option<&str>,
        how: impl Fn(&ModelPage<'_>) -> Markup,
    ) -> ApiResult<Markup> {
        let Self { state, hall, tab, offered, chosen } = self;
        let catalog = state.live.catalog();
        let entry = catalog.model(&chosen.model).ok_or_else(|| ApiError::not_found("model"))?;
        let identity = entry.model.identity().ok_or_else(|| ApiError::not_found("model"))?;
        let capabilities: Vec<&Capability> = offered.iter().map(|found| &*found.capability).collect();
        let deprecation = catalog.deprecation(&chosen.model, chosen.kind);
        let words = hall.look.words;
        let warning = deprecation.map(|going| {
            let instead = going.replacement.as_ref().map(|name| format!(" → {name}")).unwrap_or_default();
            format!("{} {}{instead}", words.goes_on, going.sunset_at.format("%Y-%m-%d"))
        });
        let speakers = speakers(&catalog, chosen);
        let system =
            values.get("messages").and_then(|messages| messages.get(0)).filter(|first| first["role"] == "system");
        let offered_now = offer(state, hall.desk.as_ref(), chosen, values);
        Ok(how(&ModelPage {
            look: &hall.look,
            visitor: hall.desk.as_ref().map(|desk| &desk.visitor),
            name: &identity.name,
            display_name: &identity.display_name,
            description: &identity.description,
            capabilities: &capabilities,
            capability: &chosen.capability,
            tab: *tab,
            values,
            errors: FormErrors(wrong),
            offered: offered_now.as_ref(),
            once: once.map_or_else(|| Uuid::now_v7().to_string(), str::to_owned).as_str(),
            base_url: &state.settings.public_url,
            warning,
            speakers: &speakers,
            system: system.and_then(|first| first["content"].as_str()).unwrap_or_default(),
            pulse: state.pulses.of(&chosen.model, chosen.kind),
            results,
        }))
    }
}

/// The models that can go on with a conversation; of other capabilities none.
fn speakers(catalog: &Catalog, chosen: &Callable) -> Vec<Speaker> {
    let talking = catalog.models().filter(|_| chosen.kind == CapabilityKind::Chat).take(SPEAKERS).filter_map(|entry| {
        let identity = entry.model.identity()?;
        catalog.callable(&identity.name, chosen.kind).ok()?;
        Some(Speaker { name: identity.name.clone(), display_name: identity.display_name.clone() })
    });
    talking.collect()
}

/// All that can be called of a model now.
fn offered(state: &AppState, model: &str) -> ApiResult<Vec<Arc<Callable>>> {
    let catalog = state.live.catalog();
    let entry = catalog.model(model).ok_or_else(|| ApiError::not_found("model"))?;
    Ok(entry.callables().filter(|found| catalog.callable(&found.model, found.kind).is_ok()).collect())
}

pub(super) fn found(state: &AppState, desk: &Desk, model: &str, kind: &str) -> ApiResult<Arc<Callable>> {
    let unknown = |_| ApiError::new(ErrorCode::ModelNotFound, "there is no such capability").of("capability");
    callable(state, &desk.caller, model, kind.parse::<CapabilityKind>().map_err(unknown)?)
}

/// What a form would cost. What is not filled in yet is taken from the first example, so that a price shows early.
fn offer(state: &AppState, desk: Option<&Desk>, found: &Callable, values: &Map<String, Value>) -> Option<Offered> {
    let whole = |params: Map<String, Value>| found.schema.resolve(Value::Object(params)).ok();
    let resolved = whole(values.clone()).or_else(|| {
        let mut params = found.capability.ui_hints.examples.first()?.params.clone();
        params.extend(values.clone());
        whole(params)
    })?;
    let quote = found.capability.quote(&resolved, state.store.now()).ok()?;
    let available = desk.and_then(|desk| desk.visitor.balance).map(|(available, _)| available);
    let (hold, expected) = (quote.hold.amount.micro(), quote.expected.amount.micro());
    Some(Offered { hold, expected, too_much: available.is_some_and(|available| hold > available), charge: quote.hold })
}

/// The parameters of an earlier job of the tenant, to run it again.
pub(super) async fn params_of(state: &AppState, desk: &Desk, job_id: &str) -> ApiResult<Option<Map<String, Value>>> {
    crate::generation::watch::job_of(state, &desk.caller, job_id).await?;
    let job_id = job_id.parse().map_err(|_| ApiError::not_found("job"))?;
    let inputs = state.parts.dispatcher.parts().contents.job_inputs(&job_id).await?;
    Ok(inputs.and_then(|inputs| inputs.params.as_object().cloned()))
}

/// The cards of the latest jobs of this capability.
async fn results(state: &AppState, desk: &Desk, found: &Callable) -> ApiResult<Markup> {
    let query = JobQuery {
        tenant_id: Some(desk.caller.tenant_id.to_string()),
        user_id: desk.caller.user_id.as_ref().map(ToString::to_string),
        model: Some(found.model.clone()),
        capability: Some(found.kind.name().to_owned()),
        limit: RESULTS,
        ..JobQuery::default()
    };
    let jobs = state.reads.jobs(&query).await?.rows;
    let loaded = futures::future::join_all(jobs.iter().map(|job| Loaded::read(state, &desk.caller, &job.job_id))).await;
    let loaded: Vec<Loaded> = loaded.into_iter().collect::<ApiResult<_>>()?;
    let (words, token) = (desk.look.words, desk.visitor.form_token.as_str());
    Ok(html! { @for job in &loaded { (job.shown(words, token).card()) } })
}
