//! Who people are, and that they are still logged in: users, passwords, sessions, rotating refresh tokens.
//!
//! | file | what |
//! |---|---|
//! | `user` | the rows of people: made, found, changed |
//! | `password` | argon2id within a bound, taking as long for an unknown address |
//! | `session` | one log-in: opened, renewed by its refresh token, revoked |
//!
//! It never knows tenants' members nor accounts: those are events. It never keeps a password or a token in plain.

mod email;
mod error;
mod password;
mod refresh_token;
mod session;
mod user;

use std::sync::Arc;

use secrecy::SecretString;
use sqlx::PgPool;

pub use error::IdentityError;
pub use password::{PASSWORD_MAX_CHARS, PASSWORD_MIN_CHARS, Passwords};
pub use refresh_token::{REFRESH_GRACE, REFRESH_TOKEN_LIFETIME};
pub use session::{NewSession, Opened, Rotated, SESSION_LIFETIME, SESSIONS_LISTED, Session, SessionId};
pub use user::{NewUser, PlatformRole, USERS_LISTED, User};

/// The people of this installation and their sessions; cheap to clone.
#[derive(Clone)]
pub struct Identity {
    pool: PgPool,
    passwords: Arc<Passwords>,
    refresh_secret: Arc<SecretString>,
}

impl Identity {
    /// Over a database, with the server's secret from which the successors of refresh tokens are derived.
    ///
    /// Every process must have the same secret.
    #[must_use]
    pub fn new(pool: PgPool, refresh_secret: SecretString) -> Self {
        Self { pool, passwords: Arc::new(Passwords::default()), refresh_secret: Arc::new(refresh_secret) }
    }

    /// The hashing of passwords, bounded for the whole process.
    #[must_use]
    pub fn passwords(&self) -> &Passwords {
        &self.passwords
    }
}
