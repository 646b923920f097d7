//! Who is asking: an API key, a bearer token, or a browser's session; and what they may do.
//!
//! | file | what |
//! |---|---|
//! | `extract` | reads a request's credentials and answers with a [`Caller`] |
//! | `api_key` | the form of API keys: made, checked, hashed |
//! | `scope` | what each route needs of an API key |
//! | `token` | access tokens: signed, verified |
//! | `session` | whether a session and its person are still welcome, remembered for moments |
//! | `cookie` | the browser's cookies |
//! | `csrf` | whether a request with cookies is the person's own |
//! | `renew` | renews a session on the way |
//! | `view` | an admin who sees the portal as a tenant does, and can change nothing |
//! | `secrets` | the keys that sign all of these, derived from one secret |

pub mod api_key;
pub mod cookie;
pub mod csrf;
mod extract;
pub mod renew;
pub mod scope;
mod secrets;
mod session;
pub mod token;
pub mod view;

use std::sync::Arc;

use domain::{
    id::{ApiKeyId, RequestId, TenantId, UserId},
    tenant::{ApiKey, Role},
};
use store::{
    Context,
    identity::{PlatformRole, SessionId},
};

pub use extract::{AdminCaller, AuditorCaller, Person, lacks_role};
pub use scope::SCOPES;
pub use secrets::Secrets;
pub use session::{KnownSession, SessionCache};

use crate::error::{ApiError, ApiResult, ErrorCode};

/// Who is asking, within one tenant.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The tenant whose things and credits are meant.
    pub tenant_id: TenantId,
    /// The person, unless an API key asks.
    pub user_id: Option<UserId>,
    /// The API key, if one asks.
    pub api_key: Option<ApiKey>,
    /// What the person may do in the tenant; an API key is a member.
    pub role: Role,
    /// What the person may do on the platform.
    pub platform_role: Option<PlatformRole>,
    /// The person's session.
    pub session_id: Option<SessionId>,
    /// The request that asks.
    pub request_id: RequestId,
    /// Whether an admin looks as if of the tenant: such a caller is never counted, and changes nothing.
    pub viewing: bool,
}

impl Caller {
    /// Who asked, for the metadata of events.
    #[must_use]
    pub fn context(&self) -> Context {
        Context { actor: self.actor().to_owned(), request_id: self.request_id.to_string() }
    }

    /// The id of the API key or of the person.
    #[must_use]
    pub fn actor(&self) -> &str {
        let person = || self.user_id.as_ref().map(UserId::as_str);
        self.api_key_id().map(ApiKeyId::as_str).or_else(person).unwrap_or_default()
    }

    /// The id of the API key, if one asks.
    #[must_use]
    pub fn api_key_id(&self) -> Option<&ApiKeyId> {
        self.api_key.as_ref().map(|key| &key.api_key_id)
    }

    /// Whether a model may be used.
    ///
    /// # Errors
    /// `model_not_allowed`.
    pub fn may_use(&self, model: &str) -> ApiResult<()> {
        let allowed = |key: &ApiKey| key.models.is_empty() || key.models.iter().any(|allowed| allowed == model);
        if self.api_key.as_ref().is_none_or(allowed) {
            return Ok(());
        }
        Err(ApiError::new(ErrorCode::ModelNotAllowed, "the API key may not use this model").of("model"))
    }

    /// Whether the caller manages the tenant: an owner in person, never an API key.
    ///
    /// # Errors
    /// `forbidden`.
    pub fn needs_owner(&self) -> ApiResult<()> {
        if self.api_key.is_none() && self.role == Role::Owner {
            return Ok(());
        }
        Err(ApiError::new(ErrorCode::Forbidden, "only an owner of the tenant may do this, and not with an API key"))
    }
}

/// What a session was found to be, shared.
pub type FoundSession = Arc<KnownSession>;
