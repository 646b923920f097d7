//! The pages of a browser: forms that work without scripts, under a policy that allows nothing within the markup.
//!
//! | file | route |
//! |---|---|
//! | `login` | `GET|POST /login` |
//! | `register` | `GET|POST /register` |
//! | `logout` | `POST /logout` |
//! | `overview` | `GET /` |
//! | `market`, `model` | the models, and a model with its playground |
//! | `jobs`, `job`, `tray` | the tenant's jobs, one of them, and those under way |
//! | `assets` | the tenant's files |
//! | `billing`, `ledger` | balance and spending, and the statement |
//! | `keys`, `quickstart` | API keys, and the first steps with them |
//! | `console/` | those who run the platform, and those who check its books |
//! | `settings` | the person: profile, password, sessions |
//! | `preferences` | `POST /preferences`: theme, language and time zone |
//! | `files` | `GET /static/{file}` |
//! | `desk` | who stands at a page, and how it is to look for them |
//! | `key_form` | the form of a new API key |
//! | `filled` | multipart forms, whose files become assets |
//! | `selection` | rows of a list that are acted on together |
//! | `shown` | a job with all that its pages show |
//! | `answer` | the headers of every page |

pub mod answer;
pub mod assets;
pub mod billing;
pub mod console;
pub mod desk;
pub mod files;
mod filled;
pub mod job;
pub mod jobs;
mod key_form;
pub mod keys;
pub mod ledger;
pub mod login;
pub mod logout;
pub mod market;
pub mod model;
pub mod overview;
pub mod preferences;
pub mod quickstart;
pub mod register;
mod selection;
pub mod settings;
mod shown;
pub mod tray;

use axum::http::HeaderMap;
use domain::id::RequestId;
use rand::Rng as _;
use serde::{Deserialize, de::DeserializeOwned};
use templates_maud::Look;

use crate::{
    caller::{cookie::Cookie, csrf},
    error::{ApiError, ApiResult, ErrorCode},
    state::AppState,
};

/// What the forms of somebody who is not logged in are bound to: theirs from before, or a new one to be set.
fn visitor_binding(state: &AppState, headers: &HeaderMap) -> (String, bool) {
    let known = Cookie::Visitor.read(headers, state.settings.secure_cookies());
    match known.filter(|value| value.len() == 32 && value.bytes().all(|byte| byte.is_ascii_hexdigit())) {
        Some(known) => (known.to_owned(), false),
        None => {
            let mut bytes = [0_u8; 16];
            rand::rng().fill_bytes(&mut bytes);
            (hex::encode(bytes), true)
        }
    }
}

/// A form of a door came from our own page.
fn check_entry(state: &AppState, headers: &HeaderMap, token: &str) -> ApiResult<()> {
    csrf::check_origin(headers, &state.settings)?;
    let binding = Cookie::Visitor.read(headers, state.settings.secure_cookies()).unwrap_or_default();
    csrf::check_token(&state.secrets, binding, Some(token).filter(|_| !binding.is_empty()))
}

/// A form that only says that it is ours.
#[derive(Deserialize)]
pub struct Confirmed {
    csrf_token: String,
}

/// The fields of a form.
fn fields<T: DeserializeOwned>(form: Result<axum::Form<T>, axum::extract::rejection::FormRejection>) -> ApiResult<T> {
    let malformed = |_| ApiError::new(ErrorCode::InvalidRequest, "the form can't be read");
    form.map(|form| form.0).map_err(malformed)
}

/// An error as a page, for people.
fn as_page(error: ApiError, look: &Look, request_id: &RequestId) -> axum::response::Response {
    let page = templates_maud::failure::failure(look, &error.message, request_id.as_str());
    let mut response = answer::page(error.status, page);
    error.add_headers(response.headers_mut());
    response
}
