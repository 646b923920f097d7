//! Passwords by argon2id, off the runtime's threads and within a bound. It never logs, keeps or compares one in plain.

use std::time::Duration;

use argon2::{
    Argon2,
    password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash},
};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::{sync::Semaphore, task::spawn_blocking, time::timeout};
use zeroize::Zeroizing;

use super::IdentityError;

/// The shortest password that is taken.
pub const PASSWORD_MIN_CHARS: usize = 8;
/// The longest password that is taken.
pub const PASSWORD_MAX_CHARS: usize = 200;
/// How many are hashed at once: each takes 19 MiB and some tens of milliseconds of a core.
const HASHED_AT_ONCE: usize = 4;
/// How long one waits for its turn before the caller is told to come back.
const TURN_WITHIN: Duration = Duration::from_secs(10);
/// Verified when there is no such user, so that the time taken tells nothing; nobody knows a password to it.
const NOBODYS_HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5LWhhcy10aGlz$0JmXv0r0qf5Xq1b8m3o2y6h7k9c4d1e5f6g7h8i9j0k";

/// Hashes and verifies passwords, a few at a time.
pub struct Passwords {
    turns: Semaphore,
}

impl Default for Passwords {
    fn default() -> Self {
        Self { turns: Semaphore::new(HASHED_AT_ONCE) }
    }
}

impl Passwords {
    /// The salted hash to store, as a PHC string.
    ///
    /// # Errors
    /// `WeakPassword` by its length; `Busy` when no turn came in time.
    pub async fn hash(&self, password: &SecretString) -> Result<String, IdentityError> {
        if !(PASSWORD_MIN_CHARS..=PASSWORD_MAX_CHARS).contains(&password.expose_secret().chars().count()) {
            return Err(IdentityError::WeakPassword);
        }
        let plain = plain(password);
        self.in_turn(move || Ok(Argon2::default().hash_password(&plain).map_err(hashing)?.to_string())).await
    }

    /// Whether it is the password of a stored hash; without one, it takes as long and is `false`.
    ///
    /// # Errors
    /// `Busy` when no turn came in time, `Hashing` when the stored hash can't be read.
    pub async fn verify(&self, password: &SecretString, stored: Option<String>) -> Result<bool, IdentityError> {
        if password.expose_secret().chars().count() > PASSWORD_MAX_CHARS {
            return Ok(false);
        }
        let plain = plain(password);
        self.in_turn(move || {
            let known = stored.is_some();
            let stored = stored.unwrap_or_else(|| NOBODYS_HASH.into());
            let hash = PasswordHash::new(&stored).map_err(hashing)?;
            Ok(Argon2::default().verify_password(&plain, &hash).is_ok() && known)
        })
        .await
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, IdentityError> + Send + 'static,
    ) -> Result<T, IdentityError> {
        let turn = timeout(TURN_WITHIN, self.turns.acquire()).await;
        let _turn = turn.map_err(|_| IdentityError::Busy)?.map_err(hashing)?;
        spawn_blocking(work).await.map_err(hashing)?
    }
}

fn plain(password: &SecretString) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(password.expose_secret().as_bytes().to_vec())
}

fn hashing(error: impl std::fmt::Display) -> IdentityError {
    IdentityError::Hashing(error.to_string())
}

#[cfg(test)]
mod tests {
    use argon2::Params;

    use super::*;

    #[tokio::test]
    async fn knows_a_password_again_and_no_other() {
        let passwords = Passwords::default();
        let hash = passwords.hash(&"correct horse".into()).await.expect("it is long enough");
        assert!(hash.starts_with("$argon2id$v=19$"), "{hash}");
        assert!(passwords.verify(&"correct horse".into(), Some(hash.clone())).await.expect("it verifies"));
        assert!(!passwords.verify(&"correct house".into(), Some(hash)).await.expect("it verifies"));
    }

    #[tokio::test]
    async fn counts_characters_not_bytes() {
        let passwords = Passwords::default();
        for (password, taken) in [("sevenx7", false), ("八个字的密码也行", true), ("七个字的密码呀", false)]
        {
            assert_eq!(passwords.hash(&password.into()).await.is_ok(), taken, "{password}");
        }
        assert!(passwords.hash(&"x".repeat(PASSWORD_MAX_CHARS + 1).into()).await.is_err());
    }

    #[tokio::test]
    async fn does_the_same_work_for_an_unknown_user() {
        let nobody = PasswordHash::new(NOBODYS_HASH).expect("it is a hash");
        let (ours, theirs) = (Params::default(), Params::try_from(&nobody).expect("it has parameters"));
        assert_eq!((ours.m_cost(), ours.t_cost(), ours.p_cost()), (theirs.m_cost(), theirs.t_cost(), theirs.p_cost()));
        assert_eq!(nobody.hash.expect("it has an output").len(), Params::DEFAULT_OUTPUT_LEN);
        assert!(!Passwords::default().verify(&"anything".into(), None).await.expect("it verifies"));
    }
}
