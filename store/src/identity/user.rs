//! The rows of people. What a person may do within a tenant is not here: membership is an event.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::id::UserId;
use secrecy::SecretString;
use sqlx::{FromRow, PgPool};

use super::{Identity, IdentityError, email};
use crate::identity::session;

/// The most users that one page lists.
pub const USERS_LISTED: u32 = 100;

/// What somebody may do on the whole platform, beside what tenants allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlatformRole {
    /// Runs it: the console.
    Admin,
    /// Reads the ledger, and all of it.
    Auditor,
}

impl PlatformRole {
    /// The role as it is stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Auditor => "auditor",
        }
    }

    fn from_stored(text: &str) -> Option<Self> {
        [Self::Admin, Self::Auditor].into_iter().find(|role| role.as_str() == text)
    }
}

/// A person who can log in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Who.
    pub id: UserId,
    /// The address, as it was written at registration.
    pub email: String,
    /// How to call them.
    pub display_name: String,
    /// What they may do on the whole platform.
    pub platform_role: Option<PlatformRole>,
    /// The language of their pages, as a BCP 47 tag.
    pub locale: String,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// Since when they may not log in.
    pub disabled_at: Option<DateTime<Utc>>,
}

/// A person to be registered.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// The id, made by the caller.
    pub id: UserId,
    /// The address; blanks around it are dropped.
    pub email: String,
    /// The password; only its hash is stored.
    pub password: SecretString,
    /// How to call them.
    pub display_name: String,
    /// What they may do on the whole platform.
    pub platform_role: Option<PlatformRole>,
    /// The language of their pages, as a BCP 47 tag.
    pub locale: String,
}

impl Identity {
    /// Adds a person.
    ///
    /// # Errors
    /// `InvalidEmail`, `WeakPassword`, `EmailTaken` (by any spelling in upper or lower case).
    pub async fn create_user(&self, new: NewUser, now: DateTime<Utc>) -> Result<User, IdentityError> {
        let email = email::checked(&new.email)?.to_owned();
        let hash = self.passwords.hash(&new.password).await?;
        let NewUser { id, display_name, platform_role, locale, .. } = new;
        let user = User { id, email, display_name, platform_role, locale, created_at: now, disabled_at: None };
        insert_user(&self.pool, &user, &hash).await?;
        Ok(user)
    }

    /// The user whose address and password these are, in the same time whether the address is known or not.
    ///
    /// # Errors
    /// `WrongCredentials`; `Disabled` only to who knows the password; `Busy`.
    pub async fn verify_password(&self, email: &str, password: &SecretString) -> Result<User, IdentityError> {
        let found = match email::checked(email) {
            Ok(email) => select_by_email(&self.pool, email).await?,
            Err(_) => None,
        };
        let stored = found.as_ref().map(|row| row.password_hash.clone());
        let right = self.passwords.verify(password, stored).await?;
        let user = found.filter(|_| right).ok_or(IdentityError::WrongCredentials)?.into_user()?;
        if user.disabled_at.is_some() { Err(IdentityError::Disabled) } else { Ok(user) }
    }

    /// The user of an address, if there is one.
    ///
    /// # Errors
    /// Only the database's.
    pub async fn user_by_email(&self, email: &str) -> Result<Option<User>, IdentityError> {
        let Ok(email) = email::checked(email) else { return Ok(None) };
        select_by_email(&self.pool, email).await?.map(UserRow::into_user).transpose()
    }

    /// The user of an id, if there is one.
    ///
    /// # Errors
    /// Only the database's.
    pub async fn user_by_id(&self, id: &UserId) -> Result<Option<User>, IdentityError> {
        select_by_id(&self.pool, id).await?.map(UserRow::into_user).transpose()
    }

    /// The users of some ids, by id; ids of nobody are left out.
    ///
    /// # Errors
    /// Only the database's.
    pub async fn users_by_ids(&self, ids: &[UserId]) -> Result<BTreeMap<UserId, User>, IdentityError> {
        let users = select_by_ids(&self.pool, ids).await?.into_iter().map(UserRow::into_user);
        users.map(|user| user.map(|user| (user.id.clone(), user))).collect()
    }

    /// Users, the newest first, those before `before`; at most [`USERS_LISTED`].
    ///
    /// # Errors
    /// Only the database's.
    pub async fn users(&self, before: Option<&UserId>, limit: u32) -> Result<Vec<User>, IdentityError> {
        let rows = select_page(&self.pool, before, limit.min(USERS_LISTED)).await?;
        rows.into_iter().map(UserRow::into_user).collect()
    }

    /// Replaces the password. Sessions go on: [`Identity::revoke_sessions_of`] ends them.
    ///
    /// # Errors
    /// `WeakPassword`, `UnknownUser`.
    pub async fn set_password(&self, id: &UserId, password: &SecretString) -> Result<(), IdentityError> {
        let hash = self.passwords.hash(password).await?;
        known(update_password(&self.pool, id, &hash).await?)
    }

    /// Gives or takes a role on the whole platform.
    ///
    /// # Errors
    /// `UnknownUser`.
    pub async fn set_role(&self, id: &UserId, role: Option<PlatformRole>) -> Result<(), IdentityError> {
        known(update_role(&self.pool, id, role).await?)
    }

    /// Changes how a person is called and the language of their pages.
    ///
    /// # Errors
    /// `UnknownUser`.
    pub async fn set_profile(&self, id: &UserId, display_name: &str, locale: &str) -> Result<(), IdentityError> {
        known(update_profile(&self.pool, id, display_name, locale).await?)
    }

    /// Keeps a person out and revokes all their sessions.
    ///
    /// # Errors
    /// `UnknownUser`.
    pub async fn disable_user(&self, id: &UserId, now: DateTime<Utc>) -> Result<(), IdentityError> {
        known(update_disabled(&self.pool, id, Some(now)).await?)?;
        session::revoke_all(&self.pool, id, None, now).await?;
        Ok(())
    }

    /// Lets a person in again.
    ///
    /// # Errors
    /// `UnknownUser`.
    pub async fn enable_user(&self, id: &UserId) -> Result<(), IdentityError> {
        known(update_disabled(&self.pool, id, None).await?)
    }
}

#[derive(FromRow)]
struct UserRow {
    id: String,
    email: String,
    password_hash: String,
    display_name: String,
    platform_role: Option<String>,
    locale: String,
    created_at: DateTime<Utc>,
    disabled_at: Option<DateTime<Utc>>,
}

impl UserRow {
    fn into_user(self) -> Result<User, IdentityError> {
        let id = self.id.parse().map_err(|error| IdentityError::Database(sqlx::Error::Decode(Box::new(error))))?;
        Ok(User {
            id,
            email: self.email,
            display_name: self.display_name,
            platform_role: self.platform_role.as_deref().and_then(PlatformRole::from_stored),
            locale: self.locale,
            created_at: self.created_at,
            disabled_at: self.disabled_at,
        })
    }
}

fn known(rows: u64) -> Result<(), IdentityError> {
    if rows == 0 { Err(IdentityError::UnknownUser) } else { Ok(()) }
}

async fn insert_user(pool: &PgPool, user: &User, hash: &str) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into users (id, email, password_hash, display_name, platform_role, locale, created_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(user.id.as_str())
    .bind(&user.email)
    .bind(hash)
    .bind(&user.display_name)
    .bind(user.platform_role.map(PlatformRole::as_str))
    .bind(&user.locale)
    .bind(user.created_at)
    .execute(pool)
    .await?;
    Ok(())
}

async fn select_by_email(pool: &PgPool, email: &str) -> Result<Option<UserRow>, sqlx::Error> {
    sqlx::query_as("select * from users where lower(email) = lower($1)").bind(email).fetch_optional(pool).await
}

async fn select_by_id(pool: &PgPool, id: &UserId) -> Result<Option<UserRow>, sqlx::Error> {
    sqlx::query_as("select * from users where id = $1").bind(id.as_str()).fetch_optional(pool).await
}

async fn select_by_ids(pool: &PgPool, ids: &[UserId]) -> Result<Vec<UserRow>, sqlx::Error> {
    let ids: Vec<&str> = ids.iter().map(UserId::as_str).collect();
    sqlx::query_as("select * from users where id = any($1)").bind(ids).fetch_all(pool).await
}

async fn select_page(pool: &PgPool, before: Option<&UserId>, limit: u32) -> Result<Vec<UserRow>, sqlx::Error> {
    sqlx::query_as("select * from users where $1::text is null or id < $1 order by id desc limit $2")
        .bind(before.map(UserId::as_str))
        .bind(i64::from(limit))
        .fetch_all(pool)
        .await
}

async fn update_password(pool: &PgPool, id: &UserId, hash: &str) -> Result<u64, sqlx::Error> {
    let update = sqlx::query("update users set password_hash = $2 where id = $1").bind(id.as_str()).bind(hash);
    Ok(update.execute(pool).await?.rows_affected())
}

async fn update_role(pool: &PgPool, id: &UserId, role: Option<PlatformRole>) -> Result<u64, sqlx::Error> {
    let update = sqlx::query("update users set platform_role = $2 where id = $1").bind(id.as_str());
    Ok(update.bind(role.map(PlatformRole::as_str)).execute(pool).await?.rows_affected())
}

async fn update_profile(pool: &PgPool, id: &UserId, name: &str, locale: &str) -> Result<u64, sqlx::Error> {
    let update = sqlx::query("update users set display_name = $2, locale = $3 where id = $1").bind(id.as_str());
    Ok(update.bind(name).bind(locale).execute(pool).await?.rows_affected())
}

async fn update_disabled(pool: &PgPool, id: &UserId, at: Option<DateTime<Utc>>) -> Result<u64, sqlx::Error> {
    let update = sqlx::query("update users set disabled_at = $2 where id = $1").bind(id.as_str()).bind(at);
    Ok(update.execute(pool).await?.rows_affected())
}
