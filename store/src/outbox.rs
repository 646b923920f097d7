//! The outbox: messages that were written with their events, and wait for the relay to send them.
//!
//! A row is leased, sent, and deleted once the broker has confirmed it. A relay that dies leaves its lease to lapse,
//! so a message may go out twice and never not at all.

use chrono::{DateTime, Utc};
use sqlx::PgPool;

/// A message that was leased.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct OutboxMessage {
    /// Its number: also the message id at the broker.
    pub id: i64,
    /// Where to: `jobs` or `events`.
    pub topic: String,
    /// What it is about.
    #[sqlx(rename = "ref")]
    pub reference: String,
    /// Its body, as JSON.
    pub payload: String,
}

/// Leases the oldest messages that nobody else sends now.
///
/// # Errors
/// When the database is out of reach.
pub async fn lease(
    pool: &PgPool,
    limit: i64,
    now: DateTime<Utc>,
    lease_until: DateTime<Utc>,
) -> Result<Vec<OutboxMessage>, sqlx::Error> {
    let sql = "update outbox set lease_until = $3
                where id in (select id from outbox where lease_until is null or lease_until < $2
                              order by id limit $1 for update skip locked)
            returning id, topic, ref, payload::text as payload";
    sqlx::query_as(sql).bind(limit).bind(now).bind(lease_until).fetch_all(pool).await
}

/// Writes a message by itself, for work that is sent again without an event.
///
/// # Errors
/// When the database is out of reach.
pub async fn insert(pool: &PgPool, topic: &str, reference: &str, payload: &str) -> Result<(), sqlx::Error> {
    let sql = "insert into outbox (topic, ref, payload) values ($1, $2, $3::json)";
    sqlx::query(sql).bind(topic).bind(reference).bind(payload).execute(pool).await.map(|_| ())
}

/// Deletes messages that the broker has confirmed.
///
/// # Errors
/// When the database is out of reach.
pub async fn delete(pool: &PgPool, ids: &[i64]) -> Result<(), sqlx::Error> {
    sqlx::query("delete from outbox where id = any($1)").bind(ids).execute(pool).await.map(|_| ())
}

/// Gives messages back that could not be sent.
///
/// # Errors
/// When the database is out of reach.
pub async fn give_back(pool: &PgPool, ids: &[i64]) -> Result<(), sqlx::Error> {
    let sql = "update outbox set lease_until = null where id = any($1)";
    sqlx::query(sql).bind(ids).execute(pool).await.map(|_| ())
}

/// How many messages wait.
///
/// # Errors
/// When the database is out of reach.
pub async fn waiting(pool: &PgPool) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("select count(*) from outbox").fetch_one(pool).await
}
