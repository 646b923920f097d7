//! Reads the credentials of a request. A bearer token decides alone; cookies speak only when there is none.

use axum::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    http::{HeaderMap, header, request::Parts},
};
use domain::{
    id::{RequestId, TenantId},
    tenant::{ApiKey, Role},
};
use store::identity::PlatformRole;

use super::{
    Caller, FoundSession, api_key,
    cookie::Cookie,
    csrf::{self, CSRF_HEADER},
    view::View,
};
use crate::{
    error::{ApiError, ApiResult, ErrorCode},
    request::RequestContext,
    state::AppState,
};

impl FromRequestParts<AppState> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> ApiResult<Self> {
        let Ok(RequestContext { request_id }) = RequestContext::from_request_parts(parts, state).await;
        let caller = match bearer(&parts.headers)? {
            Some(key) if key.starts_with("zk_") => by_api_key(state, key, request_id)?,
            Some(token) => by_session(state, by_token(state, token).await?, None, request_id)?,
            None => {
                let session = by_cookie(parts, state).await?;
                check_csrf_header(parts, state, &session)?;
                by_session(state, session, View::of(&parts.headers, state), request_id)?
            }
        };
        record(&caller);
        Ok(caller)
    }
}

/// The API key that calls a route for anybody. Who sends none, or logs in as a person, is nobody here.
impl OptionalFromRequestParts<AppState> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> ApiResult<Option<Self>> {
        let Ok(RequestContext { request_id }) = RequestContext::from_request_parts(parts, state).await;
        match bearer(&parts.headers) {
            Ok(Some(key)) if key.starts_with("zk_") => by_api_key(state, key, request_id).map(Some),
            _ => Ok(None),
        }
    }
}

/// A person with a session, whether or not it works in a tenant. For pages: their forms bring the CSRF token themselves.
#[derive(Clone, Debug)]
pub struct Person {
    /// The session and its person.
    pub session: FoundSession,
    view: Option<View>,
}

impl FromRequestParts<AppState> for Person {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> ApiResult<Self> {
        let session = match bearer(&parts.headers)? {
            Some(token) => by_token(state, token).await?,
            None => by_cookie(parts, state).await?,
        };
        Ok(Self { session, view: View::of(&parts.headers, state) })
    }
}

impl Person {
    /// As a caller within the tenant of the session.
    ///
    /// # Errors
    /// `forbidden` without a tenant, `suspended`.
    pub fn caller(&self, state: &AppState, request_id: RequestId) -> ApiResult<Caller> {
        by_session(state, self.session.clone(), self.view.clone(), request_id)
    }
}

/// Somebody who runs the platform.
#[derive(Clone, Debug)]
pub struct AdminCaller {
    /// The person.
    pub session: FoundSession,
    /// The request that asks.
    pub request_id: RequestId,
}

/// Somebody who may read all of the ledger.
#[derive(Clone, Debug)]
pub struct AuditorCaller {
    /// The person.
    pub session: FoundSession,
    /// The request that asks.
    pub request_id: RequestId,
}

impl AdminCaller {
    /// Who asked, for the metadata of events.
    #[must_use]
    pub fn context(&self) -> store::Context {
        store::Context { actor: self.session.user.id.to_string(), request_id: self.request_id.to_string() }
    }
}

impl FromRequestParts<AppState> for AdminCaller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> ApiResult<Self> {
        let (session, request_id) = with_role(parts, state, &[PlatformRole::Admin]).await?;
        Ok(Self { session, request_id })
    }
}

impl FromRequestParts<AppState> for AuditorCaller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> ApiResult<Self> {
        let roles = [PlatformRole::Admin, PlatformRole::Auditor];
        let (session, request_id) = with_role(parts, state, &roles).await?;
        Ok(Self { session, request_id })
    }
}

async fn with_role(
    parts: &mut Parts,
    state: &AppState,
    roles: &[PlatformRole],
) -> ApiResult<(FoundSession, RequestId)> {
    let Ok(RequestContext { request_id }) = RequestContext::from_request_parts(parts, state).await;
    let session = match bearer(&parts.headers)? {
        Some(key) if key.starts_with("zk_") => return Err(lacks_role()),
        Some(token) => by_token(state, token).await?,
        None => {
            let session = by_cookie(parts, state).await?;
            check_csrf_header(parts, state, &session)?;
            session
        }
    };
    tracing::Span::current().record("user_id", session.user.id.as_str());
    let granted = session.user.platform_role.is_some_and(|role| roles.contains(&role));
    if granted { Ok((session, request_id)) } else { Err(lacks_role()) }
}

/// The refusal of whoever has no role on the platform, or one that does not go that far.
#[must_use]
pub fn lacks_role() -> ApiError {
    ApiError::new(ErrorCode::Forbidden, "this needs a role on the platform")
}

fn bearer(headers: &HeaderMap) -> ApiResult<Option<&str>> {
    let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(None) };
    let malformed =
        || ApiError::new(ErrorCode::Unauthenticated, "the Authorization header must be Bearer with a token");
    let (scheme, token) = value.to_str().ok().and_then(|text| text.split_once(' ')).ok_or_else(malformed)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(Some(token.trim())) } else { Err(malformed()) }
}

fn by_api_key(state: &AppState, key: &str, request_id: RequestId) -> ApiResult<Caller> {
    let refused = || ApiError::new(ErrorCode::InvalidApiKey, "the API key is unknown, revoked or expired");
    if !api_key::is_well_formed(key) {
        return Err(refused());
    }
    let tenants = state.live.tenants();
    let holder = tenants.key(&api_key::hash(key)).ok_or_else(refused)?;
    if holder.api_key.expires_at.is_some_and(|at| at <= state.store.now()) {
        return Err(refused());
    }
    refuse_suspended(tenants.suspended(&holder.tenant_id))?;
    Ok(Caller {
        tenant_id: holder.tenant_id.clone(),
        user_id: None,
        api_key: Some(ApiKey::clone(&holder.api_key)),
        role: Role::Member,
        platform_role: None,
        session_id: None,
        request_id,
        viewing: false,
    })
}

async fn by_token(state: &AppState, token: &str) -> ApiResult<FoundSession> {
    let now = state.store.now();
    let (_, session_id) = state.secrets.verify(token, now)?;
    Ok(state.sessions.find(&state.identity, session_id, now).await?)
}

async fn by_cookie(parts: &Parts, state: &AppState) -> ApiResult<FoundSession> {
    let token = Cookie::Access.read(&parts.headers, state.settings.secure_cookies());
    let nobody = || ApiError::new(ErrorCode::Unauthenticated, "log in, or send an API key as a bearer token");
    by_token(state, token.ok_or_else(nobody)?).await
}

fn check_csrf_header(parts: &Parts, state: &AppState, session: &FoundSession) -> ApiResult<()> {
    if !csrf::changes_state(&parts.method) {
        return Ok(());
    }
    csrf::check_origin(&parts.headers, &state.settings)?;
    let token = parts.headers.get(CSRF_HEADER).and_then(|value| value.to_str().ok());
    csrf::check_token(&state.secrets, &session.session_id.to_string(), token)
}

fn by_session(state: &AppState, session: FoundSession, view: Option<View>, request_id: RequestId) -> ApiResult<Caller> {
    let tenants = state.live.tenants();
    let user = &session.user;
    let seen = view.filter(|view| user.platform_role == Some(PlatformRole::Admin) && view.tenant_is_in(&tenants));
    if let Some(View { tenant_id, .. }) = seen {
        return Ok(Caller {
            tenant_id,
            user_id: Some(user.id.clone()),
            api_key: None,
            role: Role::Member,
            platform_role: user.platform_role,
            session_id: Some(session.session_id),
            request_id,
            viewing: true,
        });
    }
    let first = || tenants.of_user(&user.id).next().cloned();
    let outside = || ApiError::new(ErrorCode::Forbidden, "this needs a tenant, and you belong to none");
    let tenant_id: TenantId = session.tenant_id.clone().or_else(first).ok_or_else(outside)?;
    let role = tenants.role(&tenant_id, &user.id).ok_or_else(outside)?;
    refuse_suspended(tenants.suspended(&tenant_id))?;
    Ok(Caller {
        tenant_id,
        user_id: Some(user.id.clone()),
        api_key: None,
        role,
        platform_role: user.platform_role,
        session_id: Some(session.session_id),
        request_id,
        viewing: false,
    })
}

fn refuse_suspended(reason: Option<&str>) -> ApiResult<()> {
    let refused = |reason| ApiError::new(ErrorCode::Suspended, format!("the tenant is suspended: {reason}"));
    reason.map_or(Ok(()), |reason| Err(refused(reason)))
}

fn record(caller: &Caller) {
    let span = tracing::Span::current();
    span.record("tenant_id", caller.tenant_id.as_str());
    if let Some(user_id) = &caller.user_id {
        span.record("user_id", user_id.as_str());
    }
    if let Some(api_key_id) = caller.api_key_id() {
        span.record("api_key_id", api_key_id.as_str());
    }
}
