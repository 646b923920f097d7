//! `GET|POST /admin/import`: a catalog file, tried or brought in.

use axum::{
    Form,
    extract::{State, rejection::FormRejection},
    http::StatusCode,
    response::Response,
};
use domain::model::CatalogEntry;
use serde::Deserialize;
use templates_maud::console::models::import::{ImportLine, ImportPage};

use crate::{
    admin::catalog::transfer::{ImportedModel, bring_all},
    error::{ApiError, ApiResult, ErrorCode},
    pages::{answer, console::Seat, fields},
    state::AppState,
};

/// What the form sends.
#[derive(Deserialize)]
pub struct Import {
    csrf_token: String,
    catalog: String,
    #[serde(default)]
    dry_run: String,
}

/// A file, as an export gives it.
#[derive(Deserialize)]
struct CatalogFile {
    models: Vec<CatalogEntry>,
}

/// Shows the form.
pub async fn show(seat: Seat) -> Response {
    match seat.needs_admin() {
        Ok(()) => page(&seat, "", None, None),
        Err(error) => seat.failed(&error),
    }
}

/// Tries a file, or brings it in.
pub async fn submit(State(state): State<AppState>, seat: Seat, form: Result<Form<Import>, FormRejection>) -> Response {
    let (form, admin) = match fields(form).and_then(|form| Ok((seat.act(&state, &form.csrf_token)?, form))) {
        Ok((admin, form)) => (form, admin),
        Err(error) => return seat.failed(&error),
    };
    let dry_run = !form.dry_run.is_empty();
    let brought = async { bring_all(&state, &admin, read(&form.catalog)?, dry_run).await };
    match brought.await {
        Ok(models) => {
            let lines: Vec<ImportLine> = models.into_iter().map(line).collect();
            page(&seat, &form.catalog, None, Some((dry_run, &lines)))
        }
        Err(error) => page(&seat, &form.catalog, Some(&error), None),
    }
}

fn read(text: &str) -> ApiResult<Vec<CatalogEntry>> {
    let wrong = |error: serde_json::Error| {
        let code = if error.is_data() { ErrorCode::InvalidParameter } else { ErrorCode::InvalidJson };
        ApiError::new(code, format!("the file can't be read: {error}"))
    };
    serde_json::from_str::<CatalogFile>(text).map(|file| file.models).map_err(wrong)
}

fn line(model: ImportedModel) -> ImportLine {
    let ImportedModel { name, result, changes, message, issues } = model;
    ImportLine { name, result: result.to_owned(), changes, message, issues }
}

fn page(seat: &Seat, text: &str, error: Option<&ApiError>, result: Option<(bool, &[ImportLine])>) -> Response {
    let markup = ImportPage {
        look: &seat.look,
        operator: &seat.operator,
        text,
        failure: error.map(|error| error.message.as_ref()),
        result,
    };
    answer::page(error.map_or(StatusCode::OK, |error| error.status), markup.render())
}
