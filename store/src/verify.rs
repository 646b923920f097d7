//! Verifying the log from its first event: every leaf, root and chain hash is computed again from the stored bytes.
//!
//! It names the first place that diverges and goes no further. It reads in pages, so that it never holds a snapshot
//! for long, and it never writes.

use std::collections::VecDeque;

use sqlx::{PgPool, Row};

use crate::{
    log::READ_AT_MOST,
    proof::{self, Hash, LeafParts},
};

/// The most batches of one read.
const BATCHES_AT_MOST: i64 = 1_000;

/// A log that was found to be whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Its last position when the verification began.
    pub position: i64,
    /// Its chain hash there.
    pub hash: Hash,
    /// How many batches it was written in.
    pub batches: u64,
}

/// Why a log is not shown to be whole.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The database is out of reach.
    #[error("the log can't be read: {0}")]
    Database(#[from] sqlx::Error),
    /// Its bytes are not those that its hashes promise.
    #[error("the log diverges at position {position}: {what}")]
    Diverges {
        /// The first position that does not fit.
        position: i64,
        /// What does not fit there.
        what: String,
    },
}

/// Verifies the whole log as it stands now: dense positions and sequences, leaves, roots, chain and head.
///
/// # Errors
/// The first divergence, or that the database is out of reach.
pub async fn verify(pool: &PgPool) -> Result<Verified, VerifyError> {
    let (end, head): (i64, Vec<u8>) =
        sqlx::query_as("select position, hash from ledger_head where id = 1").fetch_one(pool).await?;
    let mut walk = Walk { pool, read: 0, end, leaves: VecDeque::new() };
    let (mut position, mut hash, mut batches) = (0, proof::genesis(), 0);
    while position < end {
        for batch in select_batches(pool, position, end).await? {
            hash = walk.check_batch(position, &hash, &batch).await?;
            position = batch.last_position;
            batches += 1;
        }
    }
    if head != hash {
        return Err(diverges(end, "the head has another chain hash"));
    }
    match select_broken_stream(pool, end).await? {
        None => Ok(Verified { position, hash, batches }),
        Some((position, stream)) => Err(diverges(position, format!("the numbers of {stream} have a gap"))),
    }
}

fn diverges(position: i64, what: impl Into<String>) -> VerifyError {
    VerifyError::Diverges { position, what: what.into() }
}

#[derive(sqlx::FromRow)]
struct StoredBatch {
    last_position: i64,
    n: i32,
    root: Vec<u8>,
    hash: Vec<u8>,
}

/// The leaves of the log, read in pages and checked one by one.
struct Walk<'a> {
    pool: &'a PgPool,
    read: i64,
    end: i64,
    leaves: VecDeque<Hash>,
}

impl Walk<'_> {
    /// Checks the batch that follows a position. Returns the chain hash after it.
    async fn check_batch(&mut self, after: i64, before: &[u8], batch: &StoredBatch) -> Result<Hash, VerifyError> {
        let n = i64::from(batch.n);
        if batch.last_position != after + n {
            return Err(diverges(
                after + 1,
                format!("no batch begins here; one of {n} ends at {}", batch.last_position),
            ));
        }
        let count = usize::try_from(n).map_err(|_| diverges(after + 1, "a batch has a negative size"))?;
        while self.leaves.len() < count {
            self.read_page().await?;
        }
        let leaves: Vec<Hash> = self.leaves.drain(..count).collect();
        let root = proof::root(&leaves);
        if batch.root != root {
            return Err(diverges(after + 1, "the root of the batch is another"));
        }
        let hash = proof::chain(before, &root, n);
        if batch.hash != hash {
            return Err(diverges(after + 1, "the chain hash after the batch is another"));
        }
        Ok(hash)
    }

    async fn read_page(&mut self) -> Result<(), VerifyError> {
        let sql = "select position, aggregate_type, aggregate_id, sequence, event_type, event_version,
                          payload::text as payload, metadata::text as metadata, leaf_hash
                     from events where position > $1 and position <= $2 order by position limit $3";
        let rows = sqlx::query(sql).bind(self.read).bind(self.end).bind(READ_AT_MOST).fetch_all(self.pool).await?;
        if rows.is_empty() {
            return Err(diverges(self.read + 1, "the event is missing"));
        }
        for row in rows {
            let expected = self.read + 1;
            if row.try_get::<i64, _>("position")? != expected {
                return Err(diverges(expected, "the event is missing"));
            }
            let leaf = proof::leaf(&LeafParts {
                aggregate_type: row.try_get("aggregate_type")?,
                aggregate_id: row.try_get("aggregate_id")?,
                sequence: row.try_get("sequence")?,
                event_type: row.try_get("event_type")?,
                event_version: row.try_get("event_version")?,
                payload: row.try_get("payload")?,
                metadata: row.try_get("metadata")?,
            });
            if row.try_get::<&[u8], _>("leaf_hash")? != leaf {
                return Err(diverges(expected, "the event is not the one that its leaf hash was made of"));
            }
            self.leaves.push_back(leaf);
            self.read = expected;
        }
        Ok(())
    }
}

async fn select_batches(pool: &PgPool, after: i64, end: i64) -> Result<Vec<StoredBatch>, VerifyError> {
    let sql = "select last_position, n, root, hash from ledger_batches
                where not fenced and last_position > $1 and last_position <= $2
                order by last_position limit $3";
    let batches: Vec<StoredBatch> =
        sqlx::query_as(sql).bind(after).bind(end).bind(BATCHES_AT_MOST).fetch_all(pool).await?;
    if batches.is_empty() { Err(diverges(after + 1, "its batch is missing")) } else { Ok(batches) }
}

/// The first event whose predecessor in its own stream is missing.
async fn select_broken_stream(pool: &PgPool, end: i64) -> Result<Option<(i64, String)>, sqlx::Error> {
    let sql = "select min(position), aggregate_type || '/' || aggregate_id from events where position <= $1
                group by aggregate_type, aggregate_id having count(*) <> max(sequence)
                order by 1 limit 1";
    sqlx::query_as(sql).bind(end).fetch_optional(pool).await
}
