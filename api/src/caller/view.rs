//! An admin who sees the portal as a tenant does: a signed cookie, bound to their session, for a short while.
//!
//! It only ever narrows. Nothing can be changed under it, on no route: [`read_only`] refuses before any handler looks.
//! Entering and leaving are events of the tenant, so the log tells of both.

use std::time::Duration;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use chrono::{DateTime, Utc};
use domain::id::TenantId;
use projections::live::Tenants;
use store::identity::SessionId;
use templates_maud::paths;

use super::{Secrets, cookie::Cookie, csrf};
use crate::{
    error::{ApiError, ErrorCode},
    pages::desk,
    request::RequestContext,
    state::AppState,
};

/// How long an admin sees the portal as a tenant does, at most.
pub const VIEW_LIFETIME: Duration = Duration::from_secs(15 * 60);
/// What can be done all the same: leave, log out, keep the session.
const ALLOWED: [&str; 4] = [paths::CONSOLE_VIEW_LEAVE, paths::LOGOUT, "/auth/logout", "/auth/refresh"];

/// Whose portal an admin sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// The tenant.
    pub tenant_id: TenantId,
    /// The session that it belongs to.
    pub session_id: SessionId,
    /// Until when.
    pub until: DateTime<Utc>,
}

impl View {
    /// As the cookie carries it.
    #[must_use]
    pub fn seal(&self, secrets: &Secrets) -> String {
        let terms = format!("{}.{}.{}", self.tenant_id, self.session_id, self.until.timestamp());
        let signature = hex::encode(secrets.view_signature(&terms));
        format!("{terms}.{signature}")
    }

    /// What a cookie says, when we signed it and it still holds.
    #[must_use]
    pub fn open(text: &str, secrets: &Secrets, now: DateTime<Utc>) -> Option<Self> {
        let (terms, signature) = text.rsplit_once('.')?;
        if !secrets.is_view_signature(terms, &hex::decode(signature).ok()?) {
            return None;
        }
        let mut parts = terms.split('.');
        let (tenant_id, session_id) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        let until = DateTime::from_timestamp(parts.next()?.parse().ok()?, 0)?;
        (now < until).then_some(Self { tenant_id, session_id, until })
    }

    /// What the cookies of a request say, for the session that they speak for. A bearer token decides alone.
    #[must_use]
    pub fn of(headers: &HeaderMap, state: &AppState) -> Option<Self> {
        if headers.contains_key(header::AUTHORIZATION) {
            return None;
        }
        let (secure, now) = (state.settings.secure_cookies(), state.parts.store.now());
        let view = Self::open(Cookie::View.read(headers, secure)?, &state.secrets, now)?;
        let (_, session_id) = state.secrets.verify(Cookie::Access.read(headers, secure)?, now).ok()?;
        (view.session_id == session_id).then_some(view)
    }

    /// Whether there is such a tenant.
    #[must_use]
    pub fn tenant_is_in(&self, tenants: &Tenants) -> bool {
        tenants.tenant(&self.tenant_id).is_some()
    }

    /// What the portal's forms are bound to while it is seen so: none of them is good afterwards.
    #[must_use]
    pub fn form_binding(session_id: &SessionId, tenant_id: &TenantId) -> String {
        format!("{session_id} as {tenant_id}")
    }
}

/// Refuses whatever might change something while an admin sees the portal as a tenant does.
pub async fn read_only(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let harmless = !csrf::changes_state(request.method()) || ALLOWED.contains(&path);
    if harmless || View::of(request.headers(), &state).is_none() {
        return next.run(request).await;
    }
    let message = "you see the portal as a tenant does, and can change nothing; leave first";
    let refused = ApiError::new(ErrorCode::ViewOnly, message);
    let script = ["/v1/", "/admin/api/", "/auth/"].iter().any(|prefix| path.starts_with(prefix));
    if script {
        return refused.into_response();
    }
    let request_id = request.extensions().get::<RequestContext>().map(|context| context.request_id.clone());
    let Some(request_id) = request_id else { return refused.into_response() };
    let look = desk::look(&state, request.headers(), paths::OVERVIEW);
    desk::failed(request.headers(), &look, &request_id, &refused)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_view_holds_for_a_while_and_only_with_our_signature() {
        let secrets = Secrets::derive(&"secret".into());
        let now = DateTime::from_timestamp(1_000, 0).expect("a moment");
        let view = View {
            tenant_id: TenantId::from_uuid(Uuid::from_u128(1)),
            session_id: format!("ses_{}", Uuid::from_u128(2).simple()).parse().expect("a session"),
            until: now + VIEW_LIFETIME,
        };
        let text = view.seal(&secrets);
        assert_eq!(View::open(&text, &secrets, now), Some(view.clone()));
        assert_eq!(View::open(&text, &secrets, view.until), None, "its time is over");
        assert_eq!(View::open(&text, &Secrets::derive(&"other".into()), now), None);
        let other = TenantId::from_uuid(Uuid::from_u128(9)).to_string();
        assert_eq!(View::open(&text.replace(view.tenant_id.as_str(), &other), &secrets, now), None);
        assert_eq!(View::open("", &secrets, now), None);
    }
}
