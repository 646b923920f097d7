//! `GET|POST /login`: the form, and what it posts to itself.

use axum::{
    Form,
    extract::{State, rejection::FormRejection},
    http::{HeaderMap, StatusCode, header},
    response::Response,
};
use secrecy::SecretString;
use serde::Deserialize;
use templates_maud::{entry::Entry, paths};

use super::{answer, check_entry, desk::look, fields, visitor_binding};
use crate::{
    auth::{Tokens, open_session},
    caller::{cookie::Cookie, renew},
    error::ApiError,
    request::{ClientAddress, throttle},
    state::AppState,
};

/// What the form sends.
#[derive(Deserialize)]
pub struct LoginForm {
    email: String,
    password: SecretString,
    csrf_token: String,
}

/// Shows the form.
pub async fn show(State(state): State<AppState>, headers: HeaderMap) -> Response {
    form(&state, &headers, "", None)
}

/// Logs in, or shows the form again with what was wrong.
pub async fn submit(
    State(state): State<AppState>,
    ClientAddress(address): ClientAddress,
    headers: HeaderMap,
    login: Result<Form<LoginForm>, FormRejection>,
) -> Response {
    let login = match fields(login) {
        Ok(login) => login,
        Err(error) => return form(&state, &headers, "", Some(&error)),
    };
    let entered = async {
        check_entry(&state, &headers, &login.csrf_token)?;
        throttle::take_auth(&state.limits, address, Some(&login.email)).await?;
        let user = state.identity.verify_password(&login.email, &login.password).await?;
        open_session(&state, &user, &headers).await
    };
    match entered.await {
        Ok(tokens) => enter(&state, &tokens),
        Err(error) => form(&state, &headers, &login.email, Some(&error)),
    }
}

/// Goes to the overview, with the cookies of the new session.
pub fn enter(state: &AppState, tokens: &Tokens) -> Response {
    let mut response = answer::see(paths::OVERVIEW);
    renew::set(response.headers_mut(), tokens, state.settings.secure_cookies());
    response
}

fn form(state: &AppState, headers: &HeaderMap, email: &str, failure: Option<&ApiError>) -> Response {
    door(state, headers, (paths::LOGIN, email), failure, |entry| entry.login())
}

/// A door's page: the form bound to this visitor, and what was wrong with what was typed before.
pub fn door(
    state: &AppState,
    headers: &HeaderMap,
    (here, email): (&str, &str),
    failure: Option<&ApiError>,
    render: impl Fn(&Entry<'_>) -> maud::Markup,
) -> Response {
    let (binding, is_new) = visitor_binding(state, headers);
    let form_token = state.secrets.form_token(&binding);
    let message = failure.map(|error| error.message.as_ref());
    let look = look(state, headers, here);
    let markup = render(&Entry { look: &look, form_token: &form_token, email, failure: message });
    let mut response = answer::page(failure.map_or(StatusCode::OK, |error| error.status), markup);
    if let Some(error) = failure {
        error.add_headers(response.headers_mut());
    }
    if is_new {
        let cookie = Cookie::Visitor.set(&binding, state.settings.secure_cookies());
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}
