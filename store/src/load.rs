//! Reading one stream: its snapshot, when this code wrote one, and the events after it.
//!
//! Snapshots are a cache: one that other code wrote, or whose leaf is not in the log, is passed over.

use std::{collections::HashMap, sync::Arc};

use domain::stream::{DecodeError, Event, State};
use sqlx::{PgConnection, Row};

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
    let mut versions = advance_by_tails(connection, known).await?;
    Ok(versions.pop().expect("one stream in, one stream out").1)
}

/// Moves a version of a stream on to its last event.
///
/// # Errors
/// As [`load`].
pub async fn advance(connection: &mut PgConnection, key: &StreamKey, known: Version) -> Result<Version, LoadError> {
    let mut versions = advance_by_tails(connection, vec![(key.clone(), known)]).await?;
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

/// Reads the events after each known version, all in one statement, and applies them.
pub(crate) async fn advance_by_tails(
    connection: &mut PgConnection,
    mut known: Vec<(StreamKey, Version)>,
) -> Result<Vec<(StreamKey, Version)>, LoadError> {
    let places: HashMap<(String, String), usize> = known
        .iter()
        .enumerate()
        .map(|(place, (key, _))| ((key.aggregate_type.to_owned(), key.aggregate_id.to_string()), place))
        .collect();
    for row in select_tails(connection, &known).await? {
        let stream: (String, String) = (row.try_get(0)?, row.try_get(1)?);
        let (key, version) = &mut known[places[&stream]];
        let found: i64 = row.try_get(2)?;
        if found != version.sequence + 1 {
            return Err(LoadError::Gap { key: key.clone(), after: version.sequence, found });
        }
        let event = Event::decode(key.aggregate_type, row.try_get::<&str, _>(3)?)?;
        version.advance(event, to_hash(row.try_get::<&[u8], _>(4)?)?);
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
) -> Result<Vec<sqlx::postgres::PgRow>, sqlx::Error> {
    // Lateral and ordered, so that each stream is read by the primary key: as a plain join, the plan for unknown
    // parameters read the whole log, with the head locked meanwhile.
    let sql = "select e.aggregate_type, e.aggregate_id, e.sequence, e.payload::text, e.leaf_hash
                 from unnest($1::text[], $2::text[], $3::int8[]) with ordinality g(a, i, s, ord)
                cross join lateral (
                      select * from events e
                       where e.aggregate_type = g.a and e.aggregate_id = g.i and e.sequence > g.s
                       order by e.sequence) e
                order by g.ord, e.sequence";
    sqlx::query(sql)
        .bind(known.iter().map(|(key, _)| key.aggregate_type).collect::<Vec<_>>())
        .bind(known.iter().map(|(key, _)| &*key.aggregate_id).collect::<Vec<_>>())
        .bind(known.iter().map(|(_, version)| version.sequence).collect::<Vec<_>>())
        .fetch_all(connection)
        .await
}
