//! Rotation: every secret comes under the first encryption key, in small steps beside the running system.
//!
//! A row is exchanged only for exactly the ciphertext that was read, so whoever writes meanwhile wins. It may end anywhere and
//! be started again: what is done is passed over. A row that can't be read is told and left as it is.

use sqlx::PgPool;

use super::{Vault, VaultError};

/// How many rows one step reads.
const ROWS_A_STEP: i64 = 100;
/// How many unreadable rows, and how many ids of keys, are told by name.
const TOLD_AT_MOST: usize = 20;

/// What a rotation did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rotation {
    /// Secrets that came under the first key.
    pub reencrypted: u64,
    /// Secrets that were under it already.
    pub current: u64,
    /// Secrets that somebody else wrote or erased meanwhile.
    pub overtaken: u64,
    /// Secrets that can't be read, and so stay as they are.
    pub unreadable: u64,
    /// The first of those, with the reason.
    pub problems: Vec<String>,
}

/// How many secrets are encrypted with one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyUse {
    /// The key's id.
    pub key_id: String,
    /// How many secrets.
    pub secrets: u64,
    /// Whether this process has the key.
    pub known: bool,
    /// Whether it is the one that encrypts.
    pub current: bool,
}

impl Vault {
    /// Encrypts with the first key whatever is still encrypted with another.
    ///
    /// # Errors
    /// Only the database's; what was done until then stays done.
    pub async fn rotate(&self) -> Result<Rotation, VaultError> {
        let (mut after, mut done) = (String::new(), Rotation::default());
        loop {
            let rows = select_step(&self.pool, &after).await?;
            let Some((last, _)) = rows.last() else { return Ok(done) };
            after.clone_from(last);
            for (id, old) in &rows {
                self.rotate_one(id, old, &mut done).await?;
            }
        }
    }

    async fn rotate_one(&self, id: &str, old: &[u8], done: &mut Rotation) -> Result<(), VaultError> {
        if self.keyring.is_current(old) {
            done.current += 1;
            return Ok(());
        }
        let new = self.keyring.open(id, old).and_then(|plain| self.keyring.seal(id, &plain));
        match new {
            Ok(new) if exchange_ciphertext(&self.pool, id, old, &new).await? => done.reencrypted += 1,
            Ok(_) => done.overtaken += 1,
            Err(problem) => {
                done.unreadable += 1;
                if done.problems.len() < TOLD_AT_MOST {
                    done.problems.push(format!("{id}: {problem}"));
                }
            }
        }
        Ok(())
    }

    /// How many secrets are encrypted with which key, those with most first.
    ///
    /// # Errors
    /// Only the database's.
    pub async fn key_use(&self) -> Result<Vec<KeyUse>, VaultError> {
        let counted = count_by_key(&self.pool).await?;
        let uses = counted.into_iter().map(|(key_id, secrets)| KeyUse {
            known: self.keyring.knows(&key_id),
            current: key_id == self.keyring.current_id(),
            secrets: u64::try_from(secrets).unwrap_or_default(),
            key_id,
        });
        Ok(uses.collect())
    }
}

async fn select_step(pool: &PgPool, after: &str) -> Result<Vec<(String, Vec<u8>)>, sqlx::Error> {
    sqlx::query_as(
        "select provider_key_id, ciphertext from provider_secrets where provider_key_id > $1
         order by provider_key_id limit $2",
    )
    .bind(after)
    .bind(ROWS_A_STEP)
    .fetch_all(pool)
    .await
}

/// Leaves a row alone that somebody else wrote meanwhile.
async fn exchange_ciphertext(pool: &PgPool, id: &str, old: &[u8], new: &[u8]) -> Result<bool, sqlx::Error> {
    let update =
        sqlx::query("update provider_secrets set ciphertext = $3 where provider_key_id = $1 and ciphertext = $2");
    Ok(update.bind(id).bind(old).bind(new).execute(pool).await?.rows_affected() == 1)
}

/// By the id in the header of each ciphertext; what has no header counts under an empty id.
async fn count_by_key(pool: &PgPool) -> Result<Vec<(String, i64)>, sqlx::Error> {
    sqlx::query_as(
        "select case when length(ciphertext) < 2 then ''
                else encode(substring(ciphertext from 3 for get_byte(ciphertext, 1)), 'escape') end as key_id, count(*)
         from provider_secrets group by 1 order by 2 desc, 1 limit $1",
    )
    .bind(i64::try_from(TOLD_AT_MOST).unwrap_or(i64::MAX))
    .fetch_all(pool)
    .await
}
