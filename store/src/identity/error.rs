//! Why something about a person or a session is refused. Messages never repeat an address or a secret.

/// Why something about a person or a session is refused.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// Another user has the address.
    #[error("the e-mail address is taken")]
    EmailTaken,
    /// The address can't be one.
    #[error("the e-mail address is not valid")]
    InvalidEmail,
    /// The password is too short or too long.
    #[error("the password must have {} to {} characters", super::PASSWORD_MIN_CHARS, super::PASSWORD_MAX_CHARS)]
    WeakPassword,
    /// Address or password are wrong; which of them is not said.
    #[error("the e-mail address or the password is wrong")]
    WrongCredentials,
    /// The user was disabled.
    #[error("the user is disabled")]
    Disabled,
    /// There is no such user.
    #[error("there is no such user")]
    UnknownUser,
    /// The refresh token is unknown or expired, or its session is over.
    #[error("the session has ended")]
    SessionEnded,
    /// The refresh token was used before and replaced: its session is revoked now.
    #[error("the refresh token was used before; its session is revoked")]
    Reused,
    /// Too many passwords are being checked at this moment.
    #[error("too many passwords are being checked; try again")]
    Busy,
    /// A password could not be hashed, or a stored hash not read.
    #[error("the password could not be processed: {0}")]
    Hashing(String),
    /// The database could not answer.
    #[error("the database failed: {0}")]
    Database(#[source] sqlx::Error),
}

/// A constraint's name becomes a domain error here.
impl From<sqlx::Error> for IdentityError {
    fn from(error: sqlx::Error) -> Self {
        match error.as_database_error().and_then(sqlx::error::DatabaseError::constraint) {
            Some("users_email_key") => Self::EmailTaken,
            Some("sessions_user_id_fkey") => Self::UnknownUser,
            _ => Self::Database(error),
        }
    }
}
