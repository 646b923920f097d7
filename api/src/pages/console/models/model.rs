//! `GET|POST /admin/models/{model}` and `POST …/state`: a model's texts, and whether it may be called.

use axum::{
    Form,
    extract::{State, rejection::FormRejection},
    http::StatusCode,
    response::Response,
};
use domain::model::{Identity, ModelCommand};
use serde::Deserialize;
use templates_maud::{
    console::models::model::{ModelPage, Texts},
    paths,
};

use super::found;
use crate::{
    admin::catalog::{self, models},
    error::{ApiError, ApiResult},
    pages::{answer, console::Seat, fields},
    request::Path,
    state::AppState,
};

/// What the form of the texts sends.
#[derive(Deserialize)]
pub struct Described {
    csrf_token: String,
    display_name: String,
    #[serde(default)]
    description: String,
}

/// What the switch sends.
#[derive(Deserialize)]
pub struct Switched {
    csrf_token: String,
    state: String,
}

/// Shows a model.
pub async fn show(State(state): State<AppState>, seat: Seat, Path(name): Path<String>) -> Response {
    page(&state, &seat, &name, None, None)
}

/// Gives a model other texts.
pub async fn describe(
    State(state): State<AppState>,
    seat: Seat,
    Path(name): Path<String>,
    form: Result<Form<Described>, FormRejection>,
) -> Response {
    let Described { csrf_token, display_name, description } = match fields(form) {
        Ok(form) => form,
        Err(error) => return seat.failed(&error),
    };
    let done = async {
        let admin = seat.act(&state, &csrf_token)?;
        let (_, _, texts) = found(&state, &name)?;
        let (display_name, description) = (display_name.clone(), description.clone());
        models::put(&state, &admin, Identity { name: texts.name, display_name, provider: texts.provider, description })
            .await
    };
    match done.await {
        Ok(_) => answer::see(&paths::fill(paths::CONSOLE_MODEL, &[&name])),
        Err(error) => page(&state, &seat, &name, Some((display_name, description)), Some(&error)),
    }
}

/// Lets a model be called, or not.
pub async fn switch(
    State(state): State<AppState>,
    seat: Seat,
    Path(name): Path<String>,
    form: Result<Form<Switched>, FormRejection>,
) -> Response {
    let done: ApiResult<()> = async {
        let form = fields(form)?;
        let admin = seat.act(&state, &form.csrf_token)?;
        let command = match form.state.as_str() {
            "enabled" => ModelCommand::EnableModel,
            "disabled" => ModelCommand::DisableModel,
            _ => return Err(ApiError::parameter("state", "state is enabled or disabled")),
        };
        let entry = catalog::model(&state, &name)?;
        catalog::execute(&state, &admin, &entry.model_id, command).await?;
        Ok(())
    }
    .await;
    match done {
        Ok(()) => answer::see(&paths::fill(paths::CONSOLE_MODEL, &[&name])),
        Err(error) => page(&state, &seat, &name, None, Some(&error)),
    }
}

fn page(
    state: &AppState,
    seat: &Seat,
    name: &str,
    typed: Option<(String, String)>,
    error: Option<&ApiError>,
) -> Response {
    let (_, line, texts) = match found(state, name) {
        Ok(found) => found,
        Err(error) => return seat.failed(&error),
    };
    let texts = match typed {
        Some((display_name, description)) => Texts { display_name, description, ..texts },
        None => texts,
    };
    let markup = ModelPage {
        look: &seat.look,
        operator: &seat.operator,
        texts: &texts,
        state: line.state,
        capabilities: &line.capabilities,
        failure: error.map(|error| error.message.as_ref()),
    };
    answer::page(error.map_or(StatusCode::OK, |error| error.status), markup.render())
}
