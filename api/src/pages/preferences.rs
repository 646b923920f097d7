//! `POST /preferences`: theme, language and time zone, kept in the browser. Nothing of a person is changed.

use axum::{
    Form,
    extract::{State, rejection::FormRejection},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use serde::Deserialize;
use templates_maud::{Theme, Words, paths, words::zone_named};

use super::{as_page, desk, fields};
use crate::{caller::csrf, request::RequestContext, state::AppState};

/// How long a browser keeps them, in seconds.
const KEPT_SECONDS: u32 = 365 * 24 * 3_600;
/// The longest path to come back to.
const BACK_MAX_BYTES: usize = 2_000;

/// What the buttons send.
#[derive(Deserialize)]
pub struct Preferences {
    theme: Option<String>,
    lang: Option<String>,
    zone: Option<String>,
    #[serde(default)]
    back: String,
}

/// Keeps what was chosen, and goes back.
pub async fn submit(
    State(state): State<AppState>,
    context: RequestContext,
    headers: HeaderMap,
    form: Result<Form<Preferences>, FormRejection>,
) -> Response {
    let chosen = fields(form).and_then(|chosen| csrf::check_origin(&headers, &state.settings).map(|()| chosen));
    let chosen = match chosen {
        Ok(chosen) => chosen,
        Err(error) => return as_page(error, &desk::look(&state, &headers, paths::OVERVIEW), &context.request_id),
    };
    let mut response = (StatusCode::SEE_OTHER, [(header::CACHE_CONTROL, "no-store")]).into_response();
    let location = HeaderValue::from_str(back(&chosen.back)).unwrap_or(HeaderValue::from_static(paths::OVERVIEW));
    response.headers_mut().insert(header::LOCATION, location);
    let theme = chosen.theme.map(|name| (desk::THEME, Theme::named(&name).name()));
    let lang = chosen.lang.and_then(|lang| Words::tagged(&lang)).map(|words| (desk::LANGUAGE, words.lang));
    let zone = chosen.zone.and_then(|zone| zone_named(&zone)).map(|zone| (desk::ZONE, zone.name()));
    for (name, value) in theme.into_iter().chain(lang).chain(zone) {
        let secure = if state.settings.secure_cookies() { "; Secure" } else { "" };
        // A script sets the zone where nobody did.
        let hidden = if name == desk::ZONE { "" } else { "; HttpOnly" };
        let line = format!("{name}={value}; Path=/; Max-Age={KEPT_SECONDS}{hidden}; SameSite=Lax{secure}");
        response.headers_mut().append(header::SET_COOKIE, HeaderValue::from_str(&line).expect("both are ASCII names"));
    }
    response
}

/// A path of ours, never another site.
fn back(path: &str) -> &str {
    let ours = path.starts_with('/') && !path.starts_with("//") && !path.contains(['\\', '\r', '\n']);
    if ours && path.len() <= BACK_MAX_BYTES { path } else { paths::OVERVIEW }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_back_never_leads_elsewhere() {
        for path in ["//evil.example", "https://evil.example", "/\\evil.example", "", "evil"] {
            assert_eq!(back(path), paths::OVERVIEW, "{path}");
        }
        assert_eq!(back("/market?q=a"), "/market?q=a");
    }
}
