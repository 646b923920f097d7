//! Who stands at a page, and how it is to look for them: read once from the request, before any handler.
//!
//! Nobody without a session gets past a [`Desk`]: they are shown the door, and a fragment sends the whole page there.

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse as _, Response},
};
use domain::{account::Account, id::RequestId};
use templates_maud::{Look, Theme, Viewing, Visitor, Words, paths, words::zone_named};

use super::{answer, as_page};
use crate::{
    caller::{Caller, Person, csrf, view::View},
    error::{ApiError, ApiResult, ErrorCode},
    request::RequestContext,
    state::AppState,
};

/// The cookie of the theme.
pub const THEME: &str = "zephyr_theme";
/// The cookie of the language.
pub const LANGUAGE: &str = "zephyr_lang";
/// The cookie of the zone in which times are told; scripts set it, and the settings.
pub const ZONE: &str = "zephyr_zone";
/// Says that htmx asks.
const HX_REQUEST: &str = "hx-request";

/// How a page is to look for whoever asks.
#[must_use]
pub fn look(state: &AppState, headers: &HeaderMap, here: &str) -> Look {
    let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    let preferred = || Words::preferred(accepted.unwrap_or_default());
    let words = chosen(headers, LANGUAGE).and_then(Words::tagged).unwrap_or_else(preferred);
    let words = chosen(headers, ZONE).and_then(zone_named).map_or(words, |zone| words.in_zone(zone));
    let theme = Theme::named(chosen(headers, THEME).unwrap_or_default());
    Look { words, theme, here: here.to_owned(), viewing: viewing(state, headers) }
}

/// The tenant as which an admin sees the portal, if one does.
fn viewing(state: &AppState, headers: &HeaderMap) -> Option<Viewing> {
    let view = View::of(headers, state)?;
    let tenant = state.live.tenants().tenant(&view.tenant_id)?.name.clone();
    let form_token = state.secrets.form_token(&view.session_id.to_string());
    Some(Viewing { tenant, form_token, until: view.until })
}

fn chosen<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(found, _)| *found == name).map(|(_, value)| value)
}

/// Whether htmx asks for a part of a page.
#[must_use]
pub fn is_fragment(headers: &HeaderMap) -> bool {
    headers.contains_key(HX_REQUEST)
}

/// Somebody logged in, at a page of their tenant.
#[derive(Clone, Debug)]
pub struct Desk {
    /// How the page is to look.
    pub look: Look,
    /// Who looks.
    pub visitor: Visitor,
    /// The same, as a caller within the tenant.
    pub caller: Caller,
    headers: HeaderMap,
}

/// Anybody, at a page that is open to all.
#[derive(Clone, Debug)]
pub struct Hall {
    /// How the page is to look.
    pub look: Look,
    /// Who looks, if they are logged in and belong to a tenant.
    pub desk: Option<Desk>,
}

impl Desk {
    /// A form of this page came from our own page.
    ///
    /// # Errors
    /// `csrf_refused`.
    pub fn check_form(&self, state: &AppState, token: &str) -> ApiResult<()> {
        csrf::check_origin(&self.headers, &state.settings)?;
        let session = self.caller.session_id.map(|id| id.to_string()).unwrap_or_default();
        csrf::check_token(&state.secrets, &session, Some(token))
    }

    /// Reads what the tenant has, which fragments do not know by themselves. A page opens also while it can't be read.
    pub async fn read_balance(&mut self, state: &AppState) {
        let account: Option<Account> = state.store.read(self.caller.tenant_id.as_str()).await.ok();
        self.visitor.balance = account.map(|account| (account.available().micro(), account.held().micro()));
    }

    /// What was made of a page, or why it could not be.
    pub fn answered(&self, made: ApiResult<Response>) -> Response {
        made.unwrap_or_else(|error| self.failed(&error))
    }

    /// Whether htmx asks for a part of a page.
    #[must_use]
    pub fn wants_fragment(&self) -> bool {
        is_fragment(&self.headers)
    }

    /// An error as people read it: a page, or a part of the page that stays.
    #[must_use]
    pub fn failed(&self, error: &ApiError) -> Response {
        failed(&self.headers, &self.look, &self.caller.request_id, error)
    }
}

/// An error as people read it: a page, or a part of the page that stays.
pub fn failed(headers: &HeaderMap, look: &Look, request_id: &RequestId, error: &ApiError) -> Response {
    if !is_fragment(headers) {
        return as_page(error.clone(), look, request_id);
    }
    let within = templates_maud::failure::within(look, &error.message, request_id.as_str());
    let mut response = answer::page(error.status, within);
    error.add_headers(response.headers_mut());
    response
}

impl FromRequestParts<AppState> for Desk {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Response> {
        let look = look(state, &parts.headers, here(parts));
        let Ok(RequestContext { request_id }) = RequestContext::from_request_parts(parts, state).await;
        let person = Person::from_request_parts(parts, state).await;
        let caller = person.and_then(|person| Ok((person.caller(state, request_id.clone())?, person)));
        match caller {
            Ok((caller, person)) => Ok(seat(state, parts, look, caller, &person).await),
            Err(error) if error.status == StatusCode::UNAUTHORIZED => Err(to_the_door(&parts.headers)),
            Err(error) => Err(as_page(error, &look, &request_id)),
        }
    }
}

impl FromRequestParts<AppState> for Hall {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Response> {
        let look = look(state, &parts.headers, here(parts));
        match Desk::from_request_parts(parts, state).await {
            Ok(desk) => Ok(Self { look, desk: Some(desk) }),
            Err(refused) if is_nobody(refused.status()) => Ok(Self { look, desk: None }),
            Err(refused) => Err(refused),
        }
    }
}

/// Whether a refusal says that somebody is not known, or is of no tenant.
fn is_nobody(status: StatusCode) -> bool {
    status.is_redirection() || matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
}

/// Path and query of what is asked for.
pub fn here(parts: &Parts) -> &str {
    parts.uri.path_and_query().map_or("/", |here| here.as_str())
}

async fn seat(state: &AppState, parts: &Parts, look: Look, caller: Caller, person: &Person) -> Desk {
    let session_id = person.session.session_id;
    let binding = match caller.viewing {
        true => View::form_binding(&session_id, &caller.tenant_id),
        false => session_id.to_string(),
    };
    let visitor = Visitor {
        display_name: person.session.user.display_name.clone(),
        form_token: state.secrets.form_token(&binding),
        balance: None,
        console: person.session.user.platform_role.is_some(),
    };
    let mut desk = Desk { look, visitor, caller, headers: parts.headers.clone() };
    if !desk.wants_fragment() {
        desk.read_balance(state).await;
    }
    desk
}

/// A part of a page never becomes a login form: the whole page goes there.
pub fn to_the_door(headers: &HeaderMap) -> Response {
    if !is_fragment(headers) {
        return answer::see(paths::LOGIN);
    }
    let redirect = (HeaderName::from_static("hx-redirect"), HeaderValue::from_static(paths::LOGIN));
    (StatusCode::UNAUTHORIZED, [redirect]).into_response()
}

/// The cursor of a list: none on its first page.
///
/// # Errors
/// `invalid_parameter`.
pub fn cursor_of(name: &str, text: Option<String>) -> ApiResult<Option<String>> {
    Ok(Some(bounded(name, text)?).filter(|cursor| !cursor.is_empty()))
}

/// A query's text, no longer than a filter needs.
///
/// # Errors
/// `invalid_parameter`.
pub fn bounded(name: &str, text: Option<String>) -> ApiResult<String> {
    let text = text.unwrap_or_default();
    let too_long = || ApiError::new(ErrorCode::InvalidParameter, format!("{name} is too long")).of(name);
    if text.len() > FILTER_MAX_BYTES { Err(too_long()) } else { Ok(text) }
}

/// The longest filter.
const FILTER_MAX_BYTES: usize = 200;
