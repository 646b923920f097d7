//! What the database is: its release, its size, its clock, and which migrations it has. For those who run it.

use chrono::{DateTime, Utc};
use sqlx::PgPool;

/// What a database says of itself.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct About {
    /// Its release.
    pub server_version: String,
    /// How many bytes it holds.
    pub bytes: i64,
    /// What time it is there.
    pub clock: DateTime<Utc>,
    /// How many migrations it has.
    pub migrations: i64,
    /// The number of the last one.
    pub last_migration: i64,
}

/// Asks the database about itself.
///
/// # Errors
/// When it is out of reach.
pub async fn about(pool: &PgPool) -> Result<About, sqlx::Error> {
    let sql = "select current_setting('server_version') server_version, pg_database_size(current_database()) bytes,
                      clock_timestamp() clock, count(*) migrations, coalesce(max(version), 0) last_migration
                 from _sqlx_migrations where success";
    sqlx::query_as(sql).fetch_one(pool).await
}
