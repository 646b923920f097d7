//! Logging in and out over JSON. The pages' own forms use the same steps, and set cookies.
//!
//! | file | route |
//! |---|---|
//! | `register` | `POST /auth/register` |
//! | `login` | `POST /auth/login` |
//! | `refresh` | `POST /auth/refresh` |
//! | `logout` | `POST /auth/logout` |
//! | `me` | `GET /auth/me` |

pub mod login;
pub mod logout;
pub mod me;
pub mod refresh;
pub mod register;

use axum::http::{HeaderMap, header};
use domain::{
    account::AccountCommand,
    id::TenantId,
    tenant::{Role, TenantCommand},
    unit::Unit,
};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use store::{
    Context, Side, Work,
    identity::{NewSession, PlatformRole, Session, User},
};
use utoipa::ToSchema;

use crate::{
    caller::token::{ACCESS_TOKEN_LIFETIME, Claims},
    error::ApiResult,
    freshness::PATIENCE,
    state::AppState,
};

/// What a log-in gives.
#[derive(Debug, Serialize, ToSchema)]
pub struct Tokens {
    /// Goes into `Authorization: Bearer …`.
    pub access_token: String,
    /// `Bearer`
    pub token_type: &'static str,
    /// For how many seconds the access token is good.
    pub expires_in: u64,
    /// Gives the next access token, once.
    pub refresh_token: String,
    /// Who logged in.
    pub user: UserView,
}

/// A person, as answers show them.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct UserView {
    /// `usr_…`
    pub id: String,
    /// The address they log in with.
    pub email: String,
    /// How to call them.
    pub display_name: String,
    /// The language of their pages.
    pub locale: String,
    /// `admin` or `auditor` of the platform.
    pub platform_role: Option<&'static str>,
    /// The tenants that they belong to.
    pub tenants: Vec<TenantView>,
}

/// A tenant of a person.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TenantView {
    /// `ten_…`
    pub id: String,
    /// What its people call it.
    pub name: String,
    /// `owner` or `member`.
    pub role: &'static str,
}

/// The name of a role in JSON.
#[must_use]
pub const fn role_name(role: Role) -> &'static str {
    match role {
        Role::Owner => "owner",
        Role::Member => "member",
    }
}

/// A person with the tenants that this process knows them in.
#[must_use]
pub fn view(state: &AppState, user: &User) -> UserView {
    let tenants = state.live.tenants();
    let of = |id: &TenantId| {
        let (entry, role) = (tenants.tenant(id)?, tenants.role(id, &user.id)?);
        Some(TenantView { id: id.to_string(), name: entry.name.clone(), role: role_name(role) })
    };
    UserView {
        id: user.id.to_string(),
        email: user.email.clone(),
        display_name: user.display_name.clone(),
        locale: user.locale.clone(),
        platform_role: user.platform_role.map(PlatformRole::as_str),
        tenants: tenants.of_user(&user.id).filter_map(of).collect(),
    }
}

/// Opens a session for somebody whose password was just verified or set.
///
/// # Errors
/// The store's.
pub async fn open_session(state: &AppState, user: &User, headers: &HeaderMap) -> ApiResult<Tokens> {
    let tenant_id = ensure_tenant(state, user).await?;
    let user_agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let new = NewSession { user_id: user.id.clone(), tenant_id, user_agent: user_agent.to_owned() };
    let opened = state.identity.open_session(new, state.store.now()).await?;
    tokens(state, user, &opened.session, &opened.refresh_token)
}

/// The tokens of a session.
///
/// # Errors
/// Only by a defect.
pub fn tokens(state: &AppState, user: &User, session: &Session, refresh_token: &SecretString) -> ApiResult<Tokens> {
    let tenant_role = || {
        let role = session.tenant_id.as_ref().and_then(|tenant| state.live.tenants().role(tenant, &user.id));
        role.map_or("member", role_name)
    };
    let claims = Claims {
        sub: user.id.clone(),
        sid: session.id.to_string(),
        ten: session.tenant_id.clone(),
        role: user.platform_role.map_or_else(tenant_role, PlatformRole::as_str).to_owned(),
        exp: (state.store.now() + ACCESS_TOKEN_LIFETIME).timestamp(),
    };
    Ok(Tokens {
        access_token: state.secrets.sign(&claims)?,
        token_type: "Bearer",
        expires_in: ACCESS_TOKEN_LIFETIME.as_secs(),
        refresh_token: refresh_token.expose_secret().to_owned(),
        user: view(state, user),
    })
}

/// The tenant that a person's new session works in. Who has none gets one of their own, with its account, in one unit
/// of work whose ids follow from the person's: so a registration that broke off half-way is completed by logging in.
async fn ensure_tenant(state: &AppState, user: &User) -> ApiResult<Option<TenantId>> {
    if let Some(known) = state.live.tenants().of_user(&user.id).next() {
        return Ok(Some(known.clone()));
    }
    if user.platform_role.is_some() {
        return Ok(None);
    }
    let tenant_id = TenantId::from_uuid(user.id.uuid());
    let unit = Unit::of(&tenant_id, TenantCommand::CreateTenant { name: user.display_name.clone() })
        .then(&tenant_id, TenantCommand::AddMember { user_id: user.id.clone(), role: Role::Owner })
        .then(&tenant_id, AccountCommand::OpenAccount);
    let context = Context { actor: user.id.to_string(), request_id: String::new() };
    let committed = state.store.execute(Work { unit, context, side: Side::default() }).await?;
    state.follower.reached(committed.position, PATIENCE).await;
    Ok(Some(tenant_id))
}
