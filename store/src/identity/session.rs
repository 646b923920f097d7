//! Sessions: one log-in each, and the family of its refresh tokens. A session never outlives its last day by renewal.

use std::{fmt, str::FromStr, time::Duration};

use chrono::{DateTime, Utc};
use domain::id::{TenantId, UserId};
use secrecy::SecretString;
use sqlx::{FromRow, PgConnection, PgPool};
use uuid::Uuid;

use super::{
    Identity, IdentityError,
    refresh_token::{self, REFRESH_GRACE, REFRESH_TOKEN_LIFETIME},
};

/// How long a session can be renewed.
pub const SESSION_LIFETIME: Duration = Duration::from_secs(90 * 24 * 3600);
/// The most sessions that are listed of one user.
pub const SESSIONS_LISTED: i64 = 100;
/// The longest user agent that is kept.
const USER_AGENT_MAX_CHARS: usize = 256;
/// How many ended sessions one purge deletes.
const PURGED_AT_ONCE: i64 = 1_000;

/// A session's id, `ses_` and a UUIDv7 in hexadecimal; the token's `sid`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(Uuid);

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ses_{}", self.0.simple())
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for SessionId {
    type Err = IdentityError;

    fn from_str(text: &str) -> Result<Self, IdentityError> {
        let digits = text.strip_prefix("ses_").ok_or(IdentityError::SessionEnded)?;
        Uuid::try_parse(digits).map(Self).map_err(|_| IdentityError::SessionEnded)
    }
}

/// One log-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Which.
    pub id: SessionId,
    /// Whose.
    pub user_id: UserId,
    /// The tenant that it works in, if any.
    pub tenant_id: Option<TenantId>,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// When it can no longer be renewed.
    pub expires_at: DateTime<Utc>,
    /// When it was ended.
    pub revoked_at: Option<DateTime<Utc>>,
    /// What the browser or client called itself.
    pub user_agent: String,
}

/// A log-in to be recorded.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// Whose.
    pub user_id: UserId,
    /// The tenant that it works in, if any.
    pub tenant_id: Option<TenantId>,
    /// What the browser or client calls itself; cut at 256 characters.
    pub user_agent: String,
}

/// A session just opened.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The session.
    pub session: Session,
    /// Its first refresh token.
    pub refresh_token: SecretString,
}

/// A session just renewed.
#[derive(Clone, Debug)]
pub struct Rotated {
    /// The session.
    pub session: Session,
    /// The refresh token that replaces the one given.
    pub new_token: SecretString,
}

impl Identity {
    /// Opens a session for somebody whose password was verified.
    ///
    /// # Errors
    /// `UnknownUser`.
    pub async fn open_session(&self, new: NewSession, now: DateTime<Utc>) -> Result<Opened, IdentityError> {
        let session = Session {
            id: SessionId(Uuid::now_v7()),
            user_id: new.user_id,
            tenant_id: new.tenant_id,
            created_at: now,
            expires_at: now + SESSION_LIFETIME,
            revoked_at: None,
            user_agent: new.user_agent.chars().filter(|c| *c != '\0').take(USER_AGENT_MAX_CHARS).collect(),
        };
        let refresh_token = refresh_token::generate();
        let mut tx = self.pool.begin().await?;
        insert_session(&mut tx, &session).await?;
        insert_token(&mut tx, &session, &refresh_token, now).await?;
        tx.commit().await?;
        Ok(Opened { session, refresh_token })
    }

    /// Renews a session: its refresh token is used up and a successor given.
    ///
    /// Within [`REFRESH_GRACE`] of its first use a token gives the same successor again (two tabs). Later it is taken for
    /// stolen, and the whole session is revoked.
    ///
    /// # Errors
    /// `SessionEnded`, `Disabled`, `Reused`.
    pub async fn rotate(&self, token: &SecretString, now: DateTime<Utc>) -> Result<Rotated, IdentityError> {
        let hash = refresh_token::hash(token);
        let mut tx = self.pool.begin().await?;
        let found = lock_token(&mut tx, &hash).await?.ok_or(IdentityError::SessionEnded)?;
        if found.session.revoked_at.is_some() || found.session.expires_at <= now {
            return Err(IdentityError::SessionEnded);
        }
        if found.disabled_at.is_some() {
            return Err(IdentityError::Disabled);
        }
        if found.used_at.is_some_and(|at| now > at + REFRESH_GRACE) {
            revoke_one(&mut *tx, &found.session.id, now).await?;
            tx.commit().await?;
            return Err(IdentityError::Reused);
        }
        if found.token_expires_at <= now {
            return Err(IdentityError::SessionEnded);
        }
        let session = found.session.into_session()?;
        let new_token = refresh_token::successor(&self.refresh_secret, token);
        insert_token(&mut tx, &session, &new_token, now).await?;
        mark_used(&mut tx, &hash, now).await?;
        tx.commit().await?;
        Ok(Rotated { session, new_token })
    }

    /// The session of an id, also when it has ended.
    ///
    /// # Errors
    /// Only the database's.
    pub async fn session(&self, id: &SessionId) -> Result<Option<Session>, IdentityError> {
        select_session(&self.pool, id).await?.map(SessionRow::into_session).transpose()
    }

    /// The live sessions of a user, the newest first; at most [`SESSIONS_LISTED`].
    ///
    /// # Errors
    /// Only the database's.
    pub async fn sessions_of(&self, user: &UserId, now: DateTime<Utc>) -> Result<Vec<Session>, IdentityError> {
        let rows = select_sessions_of(&self.pool, user, now).await?;
        rows.into_iter().map(SessionRow::into_session).collect()
    }

    /// Ends a session and with it the family of its refresh tokens; one that has ended stays as it is.
    ///
    /// # Errors
    /// Only the database's.
    pub async fn revoke_session(&self, id: &SessionId, now: DateTime<Utc>) -> Result<(), IdentityError> {
        Ok(revoke_one(&self.pool, &id.to_string(), now).await?)
    }

    /// Ends all sessions of a user but `except`; answers how many.
    ///
    /// # Errors
    /// Only the database's.
    pub async fn revoke_sessions_of(
        &self,
        user: &UserId,
        except: Option<&SessionId>,
        now: DateTime<Utc>,
    ) -> Result<u64, IdentityError> {
        Ok(revoke_all(&self.pool, user, except, now).await?)
    }

    /// Deletes some sessions that can no longer be renewed; answers how many, zero when none is left.
    ///
    /// # Errors
    /// Only the database's.
    pub async fn purge_sessions(&self, now: DateTime<Utc>) -> Result<u64, IdentityError> {
        Ok(delete_expired(&self.pool, now).await?)
    }
}

#[derive(FromRow)]
struct SessionRow {
    id: String,
    user_id: String,
    tenant_id: Option<String>,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    revoked_at: Option<DateTime<Utc>>,
    user_agent: String,
}

impl SessionRow {
    fn into_session(self) -> Result<Session, IdentityError> {
        Ok(Session {
            id: self.id.parse()?,
            user_id: self.user_id.parse().map_err(undecodable)?,
            tenant_id: self.tenant_id.map(|id| id.parse()).transpose().map_err(undecodable)?,
            created_at: self.created_at,
            expires_at: self.expires_at,
            revoked_at: self.revoked_at,
            user_agent: self.user_agent,
        })
    }
}

#[derive(FromRow)]
struct TokenRow {
    #[sqlx(flatten)]
    session: SessionRow,
    used_at: Option<DateTime<Utc>>,
    token_expires_at: DateTime<Utc>,
    disabled_at: Option<DateTime<Utc>>,
}

fn undecodable(error: domain::id::IdError) -> IdentityError {
    IdentityError::Database(sqlx::Error::Decode(Box::new(error)))
}

async fn insert_session(tx: &mut PgConnection, session: &Session) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into sessions (id, user_id, tenant_id, created_at, expires_at, user_agent)
         values ($1, $2, $3, $4, $5, $6)",
    )
    .bind(session.id.to_string())
    .bind(session.user_id.as_str())
    .bind(session.tenant_id.as_ref().map(TenantId::as_str))
    .bind(session.created_at)
    .bind(session.expires_at)
    .bind(&session.user_agent)
    .execute(tx)
    .await?;
    Ok(())
}

/// A successor may be there already: the other tab's request wrote it.
async fn insert_token(
    tx: &mut PgConnection,
    session: &Session,
    token: &SecretString,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into refresh_tokens (token_hash, session_id, expires_at) values ($1, $2, $3)
         on conflict (token_hash) do nothing",
    )
    .bind(refresh_token::hash(token))
    .bind(session.id.to_string())
    .bind(session.expires_at.min(now + REFRESH_TOKEN_LIFETIME))
    .execute(tx)
    .await?;
    Ok(())
}

/// The token with its session, locked: of two tabs one goes first.
async fn lock_token(tx: &mut PgConnection, hash: &[u8]) -> Result<Option<TokenRow>, sqlx::Error> {
    sqlx::query_as(
        "select s.*, t.used_at, t.expires_at as token_expires_at, u.disabled_at
         from refresh_tokens t
         join sessions s on s.id = t.session_id
         join users u on u.id = s.user_id
         where t.token_hash = $1
         for update of t, s",
    )
    .bind(hash)
    .fetch_optional(tx)
    .await
}

async fn mark_used(tx: &mut PgConnection, hash: &[u8], now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    let update = sqlx::query("update refresh_tokens set used_at = $2 where token_hash = $1 and used_at is null");
    update.bind(hash).bind(now).execute(tx).await?;
    Ok(())
}

async fn select_session(pool: &PgPool, id: &SessionId) -> Result<Option<SessionRow>, sqlx::Error> {
    sqlx::query_as("select * from sessions where id = $1").bind(id.to_string()).fetch_optional(pool).await
}

async fn select_sessions_of(pool: &PgPool, user: &UserId, now: DateTime<Utc>) -> Result<Vec<SessionRow>, sqlx::Error> {
    sqlx::query_as(
        "select * from sessions where user_id = $1 and revoked_at is null and expires_at > $2
         order by created_at desc, id desc limit $3",
    )
    .bind(user.as_str())
    .bind(now)
    .bind(SESSIONS_LISTED)
    .fetch_all(pool)
    .await
}

async fn revoke_one(executor: impl sqlx::PgExecutor<'_>, id: &str, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    let update = sqlx::query("update sessions set revoked_at = $2 where id = $1 and revoked_at is null");
    update.bind(id).bind(now).execute(executor).await?;
    Ok(())
}

pub(super) async fn revoke_all(
    pool: &PgPool,
    user: &UserId,
    except: Option<&SessionId>,
    now: DateTime<Utc>,
) -> Result<u64, sqlx::Error> {
    let update = sqlx::query(
        "update sessions set revoked_at = $3
         where user_id = $1 and revoked_at is null and id is distinct from $2",
    );
    let except = except.map(ToString::to_string);
    Ok(update.bind(user.as_str()).bind(except).bind(now).execute(pool).await?.rows_affected())
}

async fn delete_expired(pool: &PgPool, now: DateTime<Utc>) -> Result<u64, sqlx::Error> {
    let delete =
        sqlx::query("delete from sessions where id in (select id from sessions where expires_at <= $1 limit $2)");
    Ok(delete.bind(now).bind(PURGED_AT_ONCE).execute(pool).await?.rows_affected())
}
