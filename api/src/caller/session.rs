//! Whether a session and its person are still welcome: asked of the database, remembered for moments.
//!
//! So a disabled person is out, in every process, at most [`REMEMBERED_FOR`] later; in the process that ends a session, at once.

use std::{collections::HashMap, sync::Mutex, time::Duration};

use chrono::{DateTime, Utc};
use domain::id::TenantId;
use store::identity::{Identity, IdentityError, SessionId, User};

use super::FoundSession;

/// For how long a session is taken to be as it was found.
pub const REMEMBERED_FOR: Duration = Duration::from_secs(5);
/// How many sessions are remembered.
const REMEMBERED_AT_MOST: usize = 20_000;

/// A session that was alive when it was looked at.
#[derive(Clone, Debug)]
pub struct KnownSession {
    /// Which.
    pub session_id: SessionId,
    /// Whose.
    pub user: User,
    /// The tenant that it works in.
    pub tenant_id: Option<TenantId>,
    seen_at: DateTime<Utc>,
}

/// Sessions that were lately seen alive.
#[derive(Debug, Default)]
pub struct SessionCache(Mutex<HashMap<SessionId, FoundSession>>);

impl SessionCache {
    /// The session, when it and its person are welcome.
    ///
    /// # Errors
    /// `SessionEnded`, `Disabled`, and the database's.
    pub async fn find(
        &self,
        identity: &Identity,
        id: SessionId,
        now: DateTime<Utc>,
    ) -> Result<FoundSession, IdentityError> {
        if let Some(known) = self.remembered(&id, now) {
            return Ok(known);
        }
        let session = identity.session(&id).await?.ok_or(IdentityError::SessionEnded)?;
        if session.revoked_at.is_some() || session.expires_at <= now {
            return Err(IdentityError::SessionEnded);
        }
        let user = identity.user_by_id(&session.user_id).await?.ok_or(IdentityError::SessionEnded)?;
        if user.disabled_at.is_some() {
            return Err(IdentityError::Disabled);
        }
        let found = KnownSession { session_id: id, user, tenant_id: session.tenant_id, seen_at: now };
        let found = FoundSession::new(found);
        self.remember(found.clone(), now);
        Ok(found)
    }

    /// Forgets a session that was just ended here.
    ///
    /// # Panics
    /// Never: nothing panics while the map is locked.
    pub fn forget(&self, id: &SessionId) {
        self.0.lock().expect("nothing panics while it is locked").remove(id);
    }

    fn remembered(&self, id: &SessionId, now: DateTime<Utc>) -> Option<FoundSession> {
        let known = self.0.lock().expect("nothing panics while it is locked").get(id).cloned()?;
        (known.seen_at <= now && now < known.seen_at + REMEMBERED_FOR).then_some(known)
    }

    fn remember(&self, found: FoundSession, now: DateTime<Utc>) {
        let mut known = self.0.lock().expect("nothing panics while it is locked");
        if known.len() >= REMEMBERED_AT_MOST {
            known.retain(|_, other| now < other.seen_at + REMEMBERED_FOR);
        }
        if known.len() < REMEMBERED_AT_MOST {
            known.insert(found.session_id, found);
        }
    }
}
