//! The generations of the read models: schemas `read_v<N>`, of which a pointer names the active one.
//!
//! A switch drops the old schema in the same transaction, so a query that still asks it fails, and asks again.

use std::sync::{
    Arc,
    atomic::{AtomicI32, Ordering},
};

use futures::future::BoxFuture;
use sqlx::{PgConnection, PgExecutor, PgPool};

use crate::table::ReadError;

/// The shape of the tables that this code makes. Raised with `sql/tables.sql`.
pub const VERSION: i32 = 1;
/// Whoever moves or switches the read models holds this advisory lock for the length of a transaction.
const MOVING: i64 = 0x7a65_7068_7972_0001;

const TABLES: &str = include_str!("sql/tables.sql");

/// The read models, as one process asks them. Cloning it is cheap.
#[derive(Clone, Debug)]
pub struct ReadModels {
    pool: PgPool,
    active: Arc<AtomicI32>,
}

impl ReadModels {
    /// Opens the read models, making the first generation if there is none.
    ///
    /// # Errors
    /// When the database is out of reach.
    pub async fn open(pool: PgPool) -> Result<Self, ReadError> {
        let mut moving = pool.begin().await?;
        lock_moving(&mut moving).await?;
        let active = match active_generation(&mut *moving).await? {
            Some(active) => active,
            None => {
                create(&mut moving, &schema_of(1)).await?;
                point_to(&mut moving, 1).await?;
                1
            }
        };
        moving.commit().await?;
        Ok(Self { pool, active: Arc::new(AtomicI32::new(active)) })
    }

    /// The pool that they are asked through.
    #[must_use]
    pub const fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// Asks the active schema; when it was just switched away, the next one.
    pub(crate) async fn ask<'a, T>(
        &'a self,
        ask: impl Fn(&'a PgPool, String) -> BoxFuture<'a, Result<T, ReadError>>,
    ) -> Result<T, ReadError> {
        let known = self.active.load(Ordering::Relaxed);
        match ask(&self.pool, schema_of(known)).await {
            Err(ReadError::Database(error)) if is_gone(&error) => {
                let active = active_generation(&self.pool).await?.ok_or(ReadError::Missing)?;
                self.active.store(active, Ordering::Relaxed);
                ask(&self.pool, schema_of(active)).await
            }
            answer => answer,
        }
    }
}

/// The schema of a generation.
pub(crate) fn schema_of(generation: i32) -> String {
    format!("read_v{generation}")
}

/// Waits until nobody else moves the read models, until the end of the transaction.
pub(crate) async fn lock_moving(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("select pg_advisory_xact_lock($1)").bind(MOVING).execute(connection).await?;
    Ok(())
}

/// The active generation, if there is one.
pub(crate) async fn active_generation(executor: impl PgExecutor<'_>) -> Result<Option<i32>, sqlx::Error> {
    sqlx::query_scalar("select active from read_models where id = 1").fetch_optional(executor).await
}

/// The shape of the active generation.
pub(crate) async fn active_shape(executor: impl PgExecutor<'_>) -> Result<Option<i32>, sqlx::Error> {
    sqlx::query_scalar("select shape from read_models where id = 1").fetch_optional(executor).await
}

/// Makes the tables, empty, at position zero.
pub(crate) async fn create(connection: &mut PgConnection, schema: &str) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(&TABLES.replace("{schema}", schema)).execute(connection).await?;
    Ok(())
}

/// Drops a schema with all in it, if it is there.
pub(crate) async fn discard(connection: &mut PgConnection, schema: &str) -> Result<(), sqlx::Error> {
    let sql = format!("drop schema if exists {schema} cascade");
    sqlx::query(&sql).persistent(false).execute(connection).await?;
    Ok(())
}

/// Makes a generation the one that is asked.
pub(crate) async fn point_to(connection: &mut PgConnection, generation: i32) -> Result<(), sqlx::Error> {
    let sql = "insert into read_models (id, active, shape) values (1, $1, $2)
               on conflict (id) do update set active = excluded.active, shape = excluded.shape,
                                              switched_at = clock_timestamp()";
    sqlx::query(sql).bind(generation).bind(VERSION).execute(connection).await?;
    Ok(())
}

/// Where a generation stands in the log.
pub(crate) async fn checkpoint(executor: impl PgExecutor<'_>, schema: &str) -> Result<i64, sqlx::Error> {
    let sql = format!("select position from {schema}.checkpoint where name = 'log'");
    sqlx::query_scalar(&sql).fetch_one(executor).await
}

/// Moves a generation's place in the log.
pub(crate) async fn move_checkpoint(connection: &mut PgConnection, schema: &str, to: i64) -> Result<(), sqlx::Error> {
    let sql = format!("update {schema}.checkpoint set position = $1 where name = 'log'");
    sqlx::query(&sql).bind(to).execute(connection).await?;
    Ok(())
}

/// No such table, or no such schema.
fn is_gone(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    matches!(code.as_deref(), Some("42P01" | "3F000"))
}
