//! Flight records: why each attempt of a job went where it went, as JSON that this crate does not look into. They are
//! kept beside the job for a while, and are no part of the truth.

use chrono::{DateTime, Utc};
use sqlx::PgPool;

/// The most records of a job that are read.
const READ_AT_MOST: i64 = 100;
/// How many old records one purge deletes.
const PURGED_AT_ONCE: i64 = 10_000;

/// One record.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct FlightRow {
    /// The job.
    pub job_id: String,
    /// The attempt, or another name under which the last record stays.
    pub attempt: String,
    /// When it was recorded.
    pub recorded_at: DateTime<Utc>,
    /// What was recorded, as JSON.
    pub body: String,
}

/// Keeps records; of two with the same name, the later one.
///
/// # Errors
/// When the database is out of reach.
pub async fn put(pool: &PgPool, rows: &[FlightRow]) -> Result<(), sqlx::Error> {
    let sql = "insert into job_flights (job_id, attempt, recorded_at, body)
               select distinct on (u.job_id, u.attempt) u.job_id, u.attempt, u.recorded_at, u.body::json
                 from unnest($1::text[], $2::text[], $3::timestamptz[], $4::text[])
                      with ordinality u(job_id, attempt, recorded_at, body, nth)
                order by u.job_id, u.attempt, u.nth desc
               on conflict (job_id, attempt) do update set recorded_at = excluded.recorded_at, body = excluded.body";
    let column = |of: fn(&FlightRow) -> &str| rows.iter().map(of).collect::<Vec<_>>();
    let recorded: Vec<DateTime<Utc>> = rows.iter().map(|row| row.recorded_at).collect();
    let query = sqlx::query(sql).bind(column(|row| &row.job_id)).bind(column(|row| &row.attempt));
    query.bind(recorded).bind(column(|row| &row.body)).execute(pool).await.map(|_| ())
}

/// The records of a job, the oldest first.
///
/// # Errors
/// When the database is out of reach.
pub async fn of_job(pool: &PgPool, job_id: &str) -> Result<Vec<FlightRow>, sqlx::Error> {
    let sql = "select job_id, attempt, recorded_at, body::text as body from job_flights where job_id = $1
                order by recorded_at, attempt limit $2";
    sqlx::query_as(sql).bind(job_id).bind(READ_AT_MOST).fetch_all(pool).await
}

/// Deletes some records of before a moment; answers how many.
///
/// # Errors
/// When the database is out of reach.
pub async fn purge(pool: &PgPool, before: DateTime<Utc>) -> Result<u64, sqlx::Error> {
    let sql = "delete from job_flights where (job_id, attempt) in
               (select job_id, attempt from job_flights where recorded_at < $1 limit $2)";
    Ok(sqlx::query(sql).bind(before).bind(PURGED_AT_ONCE).execute(pool).await?.rows_affected())
}
