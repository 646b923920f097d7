//! `GET|POST /admin/new-model`: a new model, or a copy of one with all that it can do, which stays disabled at first.

use axum::{
    Form,
    extract::{State, rejection::FormRejection},
    http::StatusCode,
    response::Response,
};
use domain::model::{CatalogEntry, Identity, ModelCommand, model_id};
use serde::Deserialize;
use templates_maud::{
    console::models::model::{NewModelPage, Texts},
    paths,
};

use super::{found, providers};
use crate::{
    admin::catalog::{self, models},
    caller::AdminCaller,
    error::{ApiError, ApiResult, ErrorCode},
    pages::{answer, console::Seat, desk::bounded, fields},
    request::Query,
    state::AppState,
};

/// What the copy is made of.
#[derive(Default, Deserialize)]
pub struct Wanted {
    from: Option<String>,
}

/// What the form sends.
#[derive(Deserialize)]
pub struct NewModel {
    csrf_token: String,
    #[serde(default)]
    from: String,
    name: String,
    #[serde(default)]
    provider: String,
    #[serde(default)]
    display_name: String,
    #[serde(default)]
    description: String,
}

/// Shows the form.
pub async fn show(State(state): State<AppState>, seat: Seat, Query(wanted): Query<Wanted>) -> Response {
    if let Err(error) = seat.needs_admin() {
        return seat.failed(&error);
    }
    let begun = bounded("from", wanted.from).and_then(|from| match from.as_str() {
        "" => Ok((from, Texts::default())),
        named => found(&state, named).map(|(_, _, texts)| (from.clone(), Texts { name: String::new(), ..texts })),
    });
    match begun {
        Ok((from, texts)) => page(&state, &seat, &from, &texts, None),
        Err(error) => seat.failed(&error),
    }
}

/// Makes the model.
pub async fn create(
    State(state): State<AppState>,
    seat: Seat,
    form: Result<Form<NewModel>, FormRejection>,
) -> Response {
    let form = match fields(form) {
        Ok(form) => form,
        Err(error) => return seat.failed(&error),
    };
    let NewModel { csrf_token, from, name, provider, display_name, description } = form;
    let admin = match seat.act(&state, &csrf_token) {
        Ok(admin) => admin,
        Err(error) => return seat.failed(&error),
    };
    let texts = Texts { name: name.trim().to_owned(), display_name, provider: provider.trim().to_owned(), description };
    match made(&state, &admin, &from, &texts).await {
        Ok(()) => answer::see(&paths::fill(paths::CONSOLE_MODEL, &[&texts.name])),
        Err(error) => page(&state, &seat, &from, &texts, Some(&error)),
    }
}

async fn made(state: &AppState, admin: &AdminCaller, from: &str, texts: &Texts) -> ApiResult<()> {
    let Texts { name, display_name, provider, description } = texts.clone();
    if catalog::model(state, &name).is_ok() {
        return Err(ApiError::new(ErrorCode::Conflict, "there is a model of this name already").of("name"));
    }
    if from.is_empty() {
        models::put(state, admin, Identity { name, display_name, provider, description }).await?;
        return Ok(());
    }
    let original = catalog::model(state, from)?;
    let original = original.model.entry().ok_or_else(|| ApiError::not_found("model"))?;
    let id = model_id(&name);
    let copy = CatalogEntry {
        name,
        display_name,
        description,
        enabled: Some(false),
        deprecations: Default::default(),
        ..original
    };
    catalog::execute(state, admin, &id, ModelCommand::ImportModel(Box::new(copy))).await?;
    Ok(())
}

fn page(state: &AppState, seat: &Seat, from: &str, texts: &Texts, error: Option<&ApiError>) -> Response {
    let markup = NewModelPage {
        look: &seat.look,
        operator: &seat.operator,
        texts,
        from: Some(from).filter(|from| !from.is_empty()),
        providers: &providers(state),
        failure: error.map(|error| error.message.as_ref()),
    };
    answer::page(error.map_or(StatusCode::OK, |error| error.status), markup.render())
}
