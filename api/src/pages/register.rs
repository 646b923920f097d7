//! `GET|POST /register`: the form, and what it posts to itself.

use axum::{
    Form,
    extract::{State, rejection::FormRejection},
    http::HeaderMap,
    response::Response,
};
use secrecy::SecretString;
use serde::Deserialize;
use templates_maud::paths;

use super::{check_entry, desk::look, fields, login};
use crate::{
    auth::{
        open_session,
        register::{Registration, create},
    },
    error::ApiError,
    request::{ClientAddress, throttle},
    state::AppState,
};

/// What the form sends.
#[derive(Deserialize)]
pub struct RegisterForm {
    email: String,
    password: SecretString,
    #[serde(default)]
    display_name: String,
    csrf_token: String,
}

/// Shows the form.
pub async fn show(State(state): State<AppState>, headers: HeaderMap) -> Response {
    form(&state, &headers, "", None)
}

/// Registers and logs in, or shows the form again with what was wrong.
pub async fn submit(
    State(state): State<AppState>,
    ClientAddress(address): ClientAddress,
    headers: HeaderMap,
    registration: Result<Form<RegisterForm>, FormRejection>,
) -> Response {
    let RegisterForm { email, password, display_name, csrf_token } = match fields(registration) {
        Ok(registration) => registration,
        Err(error) => return form(&state, &headers, "", Some(&error)),
    };
    let entered = async {
        check_entry(&state, &headers, &csrf_token)?;
        throttle::take_auth(&state.limits, address, Some(&email)).await?;
        let locale = Some(look(&state, &headers, paths::REGISTER).words.lang.to_owned());
        let new = Registration { email: email.clone(), password, display_name: Some(display_name), locale };
        let user = create(&state, new).await?;
        open_session(&state, &user, &headers).await
    };
    match entered.await {
        Ok(tokens) => login::enter(&state, &tokens),
        Err(error) => form(&state, &headers, &email, Some(&error)),
    }
}

fn form(state: &AppState, headers: &HeaderMap, email: &str, failure: Option<&ApiError>) -> Response {
    login::door(state, headers, (paths::REGISTER, email), failure, |entry| entry.register())
}
