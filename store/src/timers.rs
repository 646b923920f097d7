//! Timers: the next duty of each job, claimed by one process at a time, fenced by the attempt that it belongs to.
//!
//! A claim is a lease: who dies with it leaves it to lapse. Whoever sets a job's timer anew, in an append, ends every
//! claim on the old one.

use chrono::{DateTime, Utc};
use sqlx::PgPool;

/// How many holders of duties are told of.
const HOLDERS_SHOWN: i64 = 50;

/// A duty that was claimed.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct DueTimer {
    /// The job (or delivery).
    #[sqlx(rename = "ref")]
    pub reference: String,
    /// Which duty.
    pub kind: String,
    /// When it was due.
    pub due: DateTime<Utc>,
    /// The attempt it belongs to, or empty.
    pub attempt: String,
    /// How often it was put off before.
    pub tries: i32,
}

/// Claims what is due and nobody else handles, the longest due first.
///
/// # Errors
/// When the database is out of reach.
pub async fn claim(
    pool: &PgPool,
    owner: &str,
    limit: i64,
    now: DateTime<Utc>,
    lease_until: DateTime<Utc>,
) -> Result<Vec<DueTimer>, sqlx::Error> {
    let sql = "update timers set lease_owner = $2, lease_until = $4
                where ref in (select ref from timers where due <= $3 and (lease_until is null or lease_until < $3)
                               order by due limit $1 for update skip locked)
            returning ref, kind, due, attempt, tries";
    sqlx::query_as(sql).bind(limit).bind(owner).bind(now).bind(lease_until).fetch_all(pool).await
}

/// Renews the claims of an owner that still handles these duties. Those that it has closed are no claims of its any more.
///
/// # Errors
/// When the database is out of reach.
pub async fn renew_claims(
    pool: &PgPool,
    owner: &str,
    claimed: &[String],
    lease_until: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let sql = "update timers set lease_until = $3 where ref = any($1) and lease_owner = $2";
    sqlx::query(sql).bind(claimed).bind(owner).bind(lease_until).execute(pool).await.map(|_| ())
}

/// Puts a claimed duty off. Does nothing when it was set anew in the meantime.
///
/// # Errors
/// When the database is out of reach.
pub async fn put_off(pool: &PgPool, timer: &DueTimer, owner: &str, due: DateTime<Utc>) -> Result<(), sqlx::Error> {
    let sql = "update timers set due = $5, tries = tries + 1, lease_owner = null, lease_until = null
                where ref = $1 and kind = $2 and attempt = $3 and lease_owner = $4";
    let query = sqlx::query(sql).bind(&timer.reference).bind(&timer.kind).bind(&timer.attempt).bind(owner);
    query.bind(due).execute(pool).await.map(|_| ())
}

/// Drops a claimed duty that turned out to be none. Does nothing when it was set anew in the meantime.
///
/// # Errors
/// When the database is out of reach.
pub async fn drop_duty(pool: &PgPool, timer: &DueTimer, owner: &str) -> Result<(), sqlx::Error> {
    let sql = "delete from timers where ref = $1 and kind = $2 and attempt = $3 and lease_owner = $4";
    let query = sqlx::query(sql).bind(&timer.reference).bind(&timer.kind).bind(&timer.attempt).bind(owner);
    query.execute(pool).await.map(|_| ())
}

/// Renews the lease of an attempt that is under way here. Does nothing when the job's duty is another by now.
///
/// # Errors
/// When the database is out of reach.
pub async fn renew(pool: &PgPool, job: &str, attempt: &str, due: DateTime<Utc>) -> Result<(), sqlx::Error> {
    let sql = "update timers set due = $3 where ref = $1 and attempt = $2 and kind = 'lease'";
    sqlx::query(sql).bind(job).bind(attempt).bind(due).execute(pool).await.map(|_| ())
}

/// Sets when a job's duty of this kind is due, and ends a claim on it. Does nothing when its duty is another by now.
///
/// # Errors
/// When the database is out of reach.
pub async fn reschedule(pool: &PgPool, job: &str, kind: &str, due: DateTime<Utc>) -> Result<(), sqlx::Error> {
    let sql = "update timers set due = $3, lease_owner = null, lease_until = null where ref = $1 and kind = $2";
    sqlx::query(sql).bind(job).bind(kind).bind(due).execute(pool).await.map(|_| ())
}

/// Makes all duties of a kind due, such as after a start that lost what was in memory.
///
/// # Errors
/// When the database is out of reach.
pub async fn hasten_all(pool: &PgPool, kind: &str, now: DateTime<Utc>) -> Result<u64, sqlx::Error> {
    let sql = "update timers set due = $2 where kind = $1 and due > $2";
    Ok(sqlx::query(sql).bind(kind).bind(now).execute(pool).await?.rows_affected())
}

/// Makes the duty of an attempt's job due, because somebody says that something changed.
///
/// # Errors
/// When the database is out of reach.
pub async fn hasten_attempt(pool: &PgPool, attempt: &str, kind: &str, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    let sql = "update timers set due = $3 where attempt = $1 and kind = $2 and due > $3";
    sqlx::query(sql).bind(attempt).bind(kind).bind(now).execute(pool).await.map(|_| ())
}

/// When the next duty is due, for a process that wants to sleep until then.
///
/// # Errors
/// When the database is out of reach.
pub async fn next_due(pool: &PgPool) -> Result<Option<DateTime<Utc>>, sqlx::Error> {
    let sql = "select min(greatest(due, coalesce(lease_until, due))) from timers";
    sqlx::query_scalar(sql).fetch_one(pool).await
}

/// The duty of a job, and who holds it.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct SetTimer {
    /// Which duty.
    pub kind: String,
    /// When it is due.
    pub due: DateTime<Utc>,
    /// How often it was put off.
    pub tries: i32,
    /// Who holds it, or held it last.
    pub lease_owner: Option<String>,
}

/// What a job has to do next, if anything.
///
/// # Errors
/// When the database is out of reach.
pub async fn of(pool: &PgPool, job: &str) -> Result<Option<SetTimer>, sqlx::Error> {
    let sql = "select kind, due, tries, lease_owner from timers where ref = $1";
    sqlx::query_as(sql).bind(job).fetch_optional(pool).await
}

/// How many duties of each kind there are, and how many of them are due.
///
/// # Errors
/// When the database is out of reach.
pub async fn by_kind(pool: &PgPool, now: DateTime<Utc>) -> Result<Vec<(String, i64, i64)>, sqlx::Error> {
    let sql = "select kind, count(*), count(*) filter (where due <= $1) from timers group by kind order by kind";
    sqlx::query_as(sql).bind(now).fetch_all(pool).await
}

/// Who holds duties now, and how many; those with the most.
///
/// # Errors
/// When the database is out of reach.
pub async fn holders(pool: &PgPool, now: DateTime<Utc>) -> Result<Vec<(String, i64)>, sqlx::Error> {
    let sql = "select lease_owner, count(*) from timers where lease_owner is not null and lease_until > $1
                group by lease_owner order by count(*) desc, lease_owner limit $2";
    sqlx::query_as(sql).bind(now).bind(HOLDERS_SHOWN).fetch_all(pool).await
}

/// How many duties there are, and how many of them are due.
///
/// # Errors
/// When the database is out of reach.
pub async fn count(pool: &PgPool, now: DateTime<Utc>) -> Result<(i64, i64), sqlx::Error> {
    let sql = "select count(*), count(*) filter (where due <= $1) from timers";
    sqlx::query_as(sql).bind(now).fetch_one(pool).await
}
