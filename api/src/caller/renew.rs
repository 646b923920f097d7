//! Renews a browser's session on the way: an access token that is about to be missed is replaced before the handler looks.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, header},
    middleware::Next,
    response::Response,
};
use secrecy::SecretString;

use super::cookie::Cookie;
use crate::{
    auth::{Tokens, refresh::renew},
    error::ErrorCode,
    state::AppState,
};

/// Hands a request on, with a fresh access token when the browser only has a refresh token that is good.
pub async fn renew_session(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let secure = state.settings.secure_cookies();
    let Some(refresh) = needed(&state, request.headers(), secure) else { return next.run(request).await };
    match renew(&state, &SecretString::from(refresh)).await {
        Ok(tokens) => {
            let line = format!("{}={}", Cookie::Access.name(secure), tokens.access_token);
            replace(request.headers_mut(), Cookie::Access.name(secure), &line);
            let mut response = next.run(request).await;
            if !response.headers().contains_key(header::SET_COOKIE) {
                set(response.headers_mut(), &tokens, secure);
            }
            response
        }
        Err(error) => {
            let mut response = next.run(request).await;
            if error.code == ErrorCode::SessionEnded && !response.headers().contains_key(header::SET_COOKIE) {
                clear(response.headers_mut(), secure);
            }
            response
        }
    }
}

/// Sets the cookies of a session.
pub fn set(headers: &mut HeaderMap, tokens: &Tokens, secure: bool) {
    headers.append(header::SET_COOKIE, Cookie::Access.set(&tokens.access_token, secure));
    headers.append(header::SET_COOKIE, Cookie::Refresh.set(&tokens.refresh_token, secure));
}

/// Removes the cookies of a session.
pub fn clear(headers: &mut HeaderMap, secure: bool) {
    headers.append(header::SET_COOKIE, Cookie::Access.clear(secure));
    headers.append(header::SET_COOKIE, Cookie::Refresh.clear(secure));
    headers.append(header::SET_COOKIE, Cookie::View.clear(secure));
}

/// The refresh token, when there is one and the access token is no good.
fn needed(state: &AppState, headers: &HeaderMap, secure: bool) -> Option<String> {
    if headers.contains_key(header::AUTHORIZATION) {
        return None;
    }
    let refresh = Cookie::Refresh.read(headers, secure).filter(|token| !token.is_empty())?;
    let access = Cookie::Access.read(headers, secure);
    let good = access.is_some_and(|token| state.secrets.verify(token, state.store.now()).is_ok());
    (!good).then(|| refresh.to_owned())
}

fn replace(headers: &mut HeaderMap, name: &str, line: &str) {
    let old: Vec<String> =
        headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok()).map(str::to_owned).collect();
    let kept = old.iter().flat_map(|line| line.split(';')).map(str::trim);
    let kept = kept.filter(|pair| pair.split('=').next() != Some(name));
    let all = std::iter::once(line).chain(kept).collect::<Vec<_>>().join("; ");
    headers.insert(header::COOKIE, HeaderValue::from_str(&all).expect("cookies were header values"));
}
