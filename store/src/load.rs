//! Reading one stream: its snapshot, when this code wrote one, and the events after it.
//!
//! Snapshots are a cache: one that other code wrote, or whose leaf is not in the log, is passed over.

use std::{collections::HashMap, sync::Arc};

use domain::stream::{DecodeError, Event, State};
use sqlx::{FromRow, PgConnection, postgres::PgRow};

use crate::{
    proof::Hash,
    snapshot::CODE_VERSION,
    version::{StreamKey, Version},
};

/// Why a stream can't be read.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The database is out of reach, or refuses.
    #[error("the log can't be read: {0}")]
    Database(#[from] sqlx::Error),
    /// The log holds what this code does not know.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The numbers of a stream have a gap.
    #[error("the stream {key:?} goes from event {after} to {found}")]
    Gap {
        /// Which stream.
        key: StreamKey,
        /// The last number before the gap.
        after: i64,
        /// The number that was found.
        found: i64,
    },
    /// A leaf hash has not 32 bytes.
    #[error("a leaf hash is malformed")]
    Leaf,
}

/// The last version of a stream.
///
/// # Errors
/// When the database is out of reach, or the log can't be understood.
pub async fn load(connection: &mut PgConnection, key: &StreamKey) -> Result<Version, LoadError> {
    let known = snapshots_or_initial(connection, vec![key.clone()]).await?;
    let mut versions = advance_by_tails(connection, known, Head::Free).await?;
    Ok(versions.pop().expect("one stream in, one stream out").1)
}

/// Moves a version of a stream on to its last event.
///
/// # Errors
/// As [`load`].
pub async fn advance(connection: &mut PgConnection, key: &StreamKey, known: Version) -> Result<Version, LoadError> {
    let mut versions = advance_by_tails(connection, vec![(key.clone(), known)], Head::Free).await?;
    Ok(versions.pop().expect("one stream in, one stream out").1)
}

/// What the snapshots know of these streams, in one statement.
pub(crate) async fn snapshots_or_initial(
    connection: &mut PgConnection,
    keys: Vec<StreamKey>,
) -> Result<Vec<(StreamKey, Version)>, LoadError> {
    if keys.is_empty() {
        return Ok(vec![]);
    }
    let rows = select_snapshots(connection, &keys).await?;
    let mut snapshots: HashMap<i64, _> =
        rows.into_iter().map(|(place, sequence, leaf, state)| (place, (sequence, leaf, state))).collect();
    let version = |(place, key): (i64, StreamKey)| {
        let version = match snapshots.remove(&place) {
            Some(row) => from_snapshot(&key, row)?,
            None => Version::initial(key.aggregate_type)?,
        };
        Ok((key, version))
    };
    (1..).zip(keys).map(version).collect()
}

fn from_snapshot(key: &StreamKey, (sequence, leaf, state): (i64, Vec<u8>, String)) -> Result<Version, LoadError> {
    match State::decode(key.aggregate_type, &state) {
        Ok(state) => Ok(Version { state: Arc::new(state), sequence, leaf: Some(to_hash(&leaf)?) }),
        Err(error) => {
            tracing::warn!(%error, ?key, "a snapshot is passed over");
            Ok(Version::initial(key.aggregate_type)?)
        }
    }
}

/// Whether the head of the log is locked before tails are read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Head {
    /// Others may append meanwhile, or the lock is had already.
    Free,
    /// Locked in the same call, once whoever holds it lets it go, for the rest of the transaction.
    Locked,
}

/// Reads the events after each known version, all in one statement, and applies them.
pub(crate) async fn advance_by_tails(
    connection: &mut PgConnection,
    mut known: Vec<(StreamKey, Version)>,
    head: Head,
) -> Result<Vec<(StreamKey, Version)>, LoadError> {
    for row in select_tails(connection, &known, head).await? {
        let (place, found, payload, leaf): (i64, i64, &str, &[u8]) = FromRow::from_row(&row)?;
        let (key, version) = &mut known[usize::try_from(place - 1).expect("a place is positive")];
        if found != version.sequence + 1 {
            return Err(LoadError::Gap { key: key.clone(), after: version.sequence, found });
        }
        version.advance(Event::decode(key.aggregate_type, payload)?, to_hash(leaf)?);
    }
    Ok(known)
}

pub(crate) fn to_hash(bytes: &[u8]) -> Result<Hash, LoadError> {
    Hash::try_from(bytes).map_err(|_| LoadError::Leaf)
}

async fn select_snapshots(
    connection: &mut PgConnection,
    keys: &[StreamKey],
) -> Result<Vec<(i64, i64, Vec<u8>, String)>, sqlx::Error> {
    let sql = "select g.ord, s.sequence, s.leaf_hash, s.state::text
                 from unnest($1::text[], $2::text[]) with ordinality g(a, i, ord)
                 join snapshots s on s.aggregate_type = g.a and s.aggregate_id = g.i
                 join events e using (aggregate_type, aggregate_id, sequence)
                where s.code_version = $3 and s.leaf_hash = e.leaf_hash";
    sqlx::query_as(sql)
        .bind(keys.iter().map(|key| key.aggregate_type).collect::<Vec<_>>())
        .bind(keys.iter().map(|key| &*key.aggregate_id).collect::<Vec<_>>())
        .bind(CODE_VERSION)
        .fetch_all(connection)
        .await
}

async fn select_tails(
    connection: &mut PgConnection,
    known: &[(StreamKey, Version)],
    head: Head,
) -> Result<Vec<PgRow>, sqlx::Error> {
    sqlx::query("select place, sequence, payload, leaf_hash from stream_tails($1, $2, $3, $4)")
        .bind(known.iter().map(|(key, _)| key.aggregate_type).collect::<Vec<_>>())
        .bind(known.iter().map(|(key, _)| &*key.aggregate_id).collect::<Vec<_>>())
        .bind(known.iter().map(|(_, version)| version.sequence).collect::<Vec<_>>())
        .bind(head == Head::Locked)
        .fetch_all(connection)
        .await
}
