//! The rows of a list that somebody selected: a form with a field of one name for each, checked like any other form.

use axum::{Form, extract::rejection::FormRejection};

use super::{desk::Desk, fields};
use crate::{
    error::{ApiError, ApiResult},
    state::AppState,
};

/// The most rows that are acted on at once: a page of them.
const SELECTED_MAX: usize = 100;

/// A form of selected rows, as it arrives.
pub type Selection = Result<Form<Vec<(String, String)>>, FormRejection>;

/// What was selected under a name.
///
/// # Errors
/// `csrf_refused`; `invalid_parameter` of a form that can't be read, or of too many rows.
pub fn selected(state: &AppState, desk: &Desk, form: Selection, name: &'static str) -> ApiResult<Vec<String>> {
    let sent = fields(form)?;
    let token = sent.iter().find(|(field, _)| field == "csrf_token").map_or("", |(_, token)| token);
    desk.check_form(state, token)?;
    let rows: Vec<String> = sent.into_iter().filter(|(field, _)| field == name).map(|(_, row)| row).collect();
    if rows.len() > SELECTED_MAX {
        return Err(ApiError::parameter(name, format!("at most {SELECTED_MAX} are selected at once")));
    }
    Ok(rows)
}
