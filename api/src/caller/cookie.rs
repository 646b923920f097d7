//! The browser's cookies: the access token, the refresh token, what a form is bound to before anybody
//! logged in, and whose portal an admin sees.
//!
//! All are HttpOnly and SameSite=Lax; over https they are Secure, with the `__Host-` prefix.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, header};
use store::identity::REFRESH_TOKEN_LIFETIME;

/// Which cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cookie {
    /// The access token.
    Access,
    /// The refresh token.
    Refresh,
    /// What forms are bound to before a session.
    Visitor,
    /// The tenant whose portal an admin sees.
    View,
}

impl Cookie {
    /// Its name in the browser.
    #[must_use]
    pub const fn name(self, secure: bool) -> &'static str {
        match (self, secure) {
            (Self::Access, true) => "__Host-zephyr_access",
            (Self::Access, false) => "zephyr_access",
            (Self::Refresh, true) => "__Host-zephyr_refresh",
            (Self::Refresh, false) => "zephyr_refresh",
            (Self::Visitor, true) => "__Host-zephyr_visitor",
            (Self::Visitor, false) => "zephyr_visitor",
            (Self::View, true) => "__Host-zephyr_view",
            (Self::View, false) => "zephyr_view",
        }
    }

    /// Its value in a request.
    #[must_use]
    pub fn read(self, headers: &HeaderMap, secure: bool) -> Option<&str> {
        let lines = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.into_iter().find(|(name, _)| *name == self.name(secure)).map(|(_, value)| value)
    }

    /// The header that sets it.
    #[must_use]
    pub fn set(self, value: &str, secure: bool) -> HeaderValue {
        self.header(value, REFRESH_TOKEN_LIFETIME, secure)
    }

    /// The header that sets it for so long.
    #[must_use]
    pub fn set_for(self, value: &str, lifetime: Duration, secure: bool) -> HeaderValue {
        self.header(value, lifetime, secure)
    }

    /// The header that removes it.
    #[must_use]
    pub fn clear(self, secure: bool) -> HeaderValue {
        self.header("", Duration::ZERO, secure)
    }

    fn header(self, value: &str, lifetime: Duration, secure: bool) -> HeaderValue {
        let name = self.name(secure);
        let secured = if secure { "; Secure" } else { "" };
        let text = format!("{name}={value}; Path=/; Max-Age={}; HttpOnly; SameSite=Lax{secured}", lifetime.as_secs());
        HeaderValue::from_str(&text).expect("tokens are ASCII")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_are_read_among_others_and_set_safely() {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, HeaderValue::from_static("a=b; zephyr_access=t=1; zephyr_refresh=r"));
        assert_eq!(Cookie::Access.read(&headers, false), Some("t=1"));
        assert_eq!(Cookie::Access.read(&headers, true), None);
        let set = Cookie::Refresh.set("x", true);
        let text = set.to_str().expect("ASCII");
        assert!(text.starts_with("__Host-zephyr_refresh=x; Path=/; "), "{text}");
        assert!(text.ends_with("; HttpOnly; SameSite=Lax; Secure"), "{text}");
    }
}
