//! Reading the log in the order of its positions, which is the order in which everything happened.
//!
//! It never skips: positions are dense, and a hole is an error.

use chrono::{DateTime, Utc};
use domain::stream::Event;
use sqlx::{PgExecutor, Row, postgres::PgRow};

use crate::{load::LoadError, work::Recorded};

/// The most events that one read returns.
pub const READ_AT_MOST: i64 = 5_000;

/// Where the log ends.
///
/// # Errors
/// When the database is out of reach.
pub async fn head(executor: impl PgExecutor<'_>) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("select position from ledger_head where id = 1").fetch_one(executor).await
}

/// When the last event was recorded, if there is one.
///
/// # Errors
/// When the database is out of reach.
pub async fn last_recorded_at(executor: impl PgExecutor<'_>) -> Result<Option<DateTime<Utc>>, sqlx::Error> {
    let sql = "select recorded_at from ledger_head where id = 1 and position > 0";
    sqlx::query_scalar(sql).fetch_optional(executor).await
}

/// The events after a position, at most `limit` of them, in order and without a hole.
///
/// # Errors
/// When the database is out of reach, an event can't be understood, or a position is missing.
pub async fn read_after(executor: impl PgExecutor<'_>, position: i64, limit: i64) -> Result<Vec<Recorded>, LoadError> {
    let sql = "select position, aggregate_type, aggregate_id, sequence, payload::text, metadata::text, recorded_at
                 from events where position > $1 order by position limit $2";
    let rows = sqlx::query(sql).bind(position).bind(limit.min(READ_AT_MOST)).fetch_all(executor).await?;
    let events = rows.iter().map(read_event).collect::<Result<Vec<_>, _>>()?;
    let hole = (position + 1..).zip(&events).find(|(expected, event)| event.position != *expected);
    match hole {
        None => Ok(events),
        Some((expected, _)) => Err(sqlx::Error::Protocol(format!("the log has no position {expected}")).into()),
    }
}

/// The events of one stream after a sequence number, in order.
///
/// # Errors
/// When the database is out of reach, or an event can't be understood.
pub async fn read_stream(
    executor: impl PgExecutor<'_>,
    aggregate_type: &str,
    aggregate_id: &str,
    after: i64,
) -> Result<Vec<Recorded>, LoadError> {
    let sql = "select position, aggregate_type, aggregate_id, sequence, payload::text, metadata::text, recorded_at
                 from events where aggregate_type = $1 and aggregate_id = $2 and sequence > $3
                order by sequence limit $4";
    let query = sqlx::query(sql).bind(aggregate_type).bind(aggregate_id).bind(after).bind(READ_AT_MOST);
    query.fetch_all(executor).await?.iter().map(read_event).collect()
}

/// The last events of one stream, the newest first, at most `limit` of them.
///
/// # Errors
/// When the database is out of reach, or an event can't be understood.
pub async fn read_latest(
    executor: impl PgExecutor<'_>,
    aggregate_type: &str,
    aggregate_id: &str,
    limit: i64,
) -> Result<Vec<Recorded>, LoadError> {
    let sql = "select position, aggregate_type, aggregate_id, sequence, payload::text, metadata::text, recorded_at
                 from events where aggregate_type = $1 and aggregate_id = $2 order by sequence desc limit $3";
    let query = sqlx::query(sql).bind(aggregate_type).bind(aggregate_id).bind(limit.min(READ_AT_MOST));
    query.fetch_all(executor).await?.iter().map(read_event).collect()
}

pub(crate) fn read_event(row: &PgRow) -> Result<Recorded, LoadError> {
    let aggregate_type: &str = row.try_get("aggregate_type")?;
    Ok(Recorded {
        position: row.try_get("position")?,
        aggregate_type: aggregate_type.into(),
        aggregate_id: row.try_get::<&str, _>("aggregate_id")?.into(),
        sequence: row.try_get("sequence")?,
        event: Event::decode(aggregate_type, row.try_get("payload")?)?,
        metadata: row.try_get::<&str, _>("metadata")?.into(),
        recorded_at: row.try_get("recorded_at")?,
    })
}
