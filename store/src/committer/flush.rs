//! The writer: the process's one writing connection. It appends a batch and finds out what became of it.
//!
//! A lost answer is never taken for a failure: the batch is *fenced* by its id, and only then decided again.
//! A connection that was in doubt is thrown away.

use std::{collections::HashSet, time::Duration};

use chrono::{DateTime, Utc};
use sqlx::{Connection, PgConnection, PgPool, postgres::PgConnectOptions};
use uuid::Uuid;

use super::{
    batch::Batch,
    decide::Point,
    statement::{self, Appended},
};
use crate::version::StreamKey;

/// How long an append may take before its outcome counts as unknown.
pub const APPEND_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a new connection may take.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The pause between tries to fence a batch while the database is out of reach.
const FENCE_PAUSE: Duration = Duration::from_millis(200);

/// Where the log stands once a batch is durable.
#[derive(Clone, Debug)]
pub(super) struct End {
    pub(super) position: i64,
    pub(super) recorded_at: DateTime<Utc>,
    /// Streams on which an answer of the batch rests, and that another process has moved since.
    pub(super) stale: HashSet<StreamKey>,
}

/// What became of a batch.
pub(super) enum Flushed {
    Durable(End),
    /// A predecessor differs, or an event number was taken: another process wrote to one of the streams.
    Conflict,
    /// It is certain that nothing was written.
    NeverHappened(String),
    /// The database refuses what one of the units wants to write; nothing was written.
    Poisoned(String),
    /// The log is not the one that this process wrote to.
    Diverged(String),
}

/// What one pass over a batch came to.
pub(super) struct Done {
    /// The end of the append, if there was anything to append.
    appended: Option<Appended>,
    /// The streams that turned out stale.
    stale: HashSet<StreamKey>,
    /// The head of the log at the moment when the stale streams were looked for.
    seen: i64,
}

/// What an error of the database says about the batch.
pub(super) enum Verdict {
    Conflict,
    Poisoned(String),
    Diverged(String),
    Unknown(String),
}

pub(super) struct Writer {
    pool: PgPool,
    connection: Option<PgConnection>,
    /// The last (position, chain hash) that this process knows to be durable.
    last: Option<(i64, Vec<u8>)>,
}

impl Writer {
    pub(super) fn new(pool: PgPool) -> Self {
        Self { pool, connection: None, last: None }
    }

    pub(super) async fn flush(&mut self, batch: &Batch) -> Flushed {
        let mut connection = match self.connection().await {
            Ok(connection) => connection,
            Err(flushed) => return flushed,
        };
        let appended = tokio::time::timeout(APPEND_TIMEOUT, append_and_verify(&mut connection, batch)).await;
        match appended {
            Ok(Ok(Some(end))) => {
                self.connection = Some(connection);
                self.remember(end)
            }
            Ok(Ok(None)) => {
                self.connection = Some(connection);
                Flushed::Conflict
            }
            Ok(Err(error)) => match judge(&error) {
                Verdict::Conflict => {
                    self.connection = Some(connection);
                    Flushed::Conflict
                }
                Verdict::Poisoned(why) => {
                    self.connection = Some(connection);
                    Flushed::Poisoned(why)
                }
                Verdict::Diverged(why) => Flushed::Diverged(why),
                Verdict::Unknown(why) => self.settle_unknown(batch, &why).await,
            },
            Err(_) => self.settle_unknown(batch, "the append took too long").await,
        }
    }

    pub(super) fn remember(&mut self, Done { appended, stale, seen }: Done) -> Flushed {
        let Some(Appended { position, hash, recorded_at }) = appended else {
            return Flushed::Durable(End { position: seen, recorded_at: DateTime::<Utc>::MIN_UTC, stale });
        };
        self.last = Some((position, hash));
        Flushed::Durable(End { position, recorded_at, stale })
    }

    /// Takes the connection, or makes one; a new one first shows that the log still holds what was written.
    pub(super) async fn connection(&mut self) -> Result<PgConnection, Flushed> {
        if let Some(connection) = self.connection.take() {
            return Ok(connection);
        }
        match self.reconnect().await {
            Ok(Ok(connection)) => Ok(connection),
            Ok(Err(diverged)) => Err(Flushed::Diverged(diverged)),
            Err(error) => Err(Flushed::NeverHappened(error.to_string())),
        }
    }

    /// A new connection to a log that holds what was written before; the inner error says that it does not.
    async fn reconnect(&self) -> Result<Result<PgConnection, String>, sqlx::Error> {
        let mut connection = connect(&self.pool).await?;
        if let Some((position, hash)) = &self.last {
            let holds = in_time(log_holds(&mut connection, *position, hash)).await?;
            if !holds {
                return Ok(Err(format!("position {position} is gone or has another hash")));
            }
        }
        Ok(Ok(connection))
    }

    pub(super) fn keep(&mut self, connection: PgConnection) {
        self.connection = Some(connection);
    }

    /// Fences a batch in doubt, however long the database stays away: nobody may be answered before.
    pub(super) async fn settle_unknown(&mut self, batch: &Batch, why: &str) -> Flushed {
        if batch.events.is_empty() {
            return Flushed::NeverHappened(why.to_owned());
        }
        tracing::warn!(why, batch_id = %batch.id, "the outcome of an append is unknown; fencing it");
        loop {
            match in_time(self.fence(batch)).await {
                Ok(flushed) => return flushed,
                Err(error) => tracing::warn!(%error, batch_id = %batch.id, "the fence can't be set yet"),
            }
            tokio::time::sleep(FENCE_PAUSE).await;
        }
    }

    async fn fence(&mut self, batch: &Batch) -> Result<Flushed, sqlx::Error> {
        let mut connection = match self.reconnect().await? {
            Ok(connection) => connection,
            Err(diverged) => return Ok(Flushed::Diverged(diverged)),
        };
        if insert_fence(&mut connection, batch.id).await? {
            self.keep(connection);
            return Ok(Flushed::NeverHappened("it was fenced off".into()));
        }
        let Some((position, hash)) = committed_batch(&mut connection, batch.id).await? else {
            return Ok(Flushed::NeverHappened("it had been fenced off before".into()));
        };
        let recorded_at = recorded_at(&mut connection, position).await?;
        let (stale, seen) = stale_streams(&mut connection, &batch.unguarded_points()).await?;
        self.keep(connection);
        let appended = Some(Appended { position, hash, recorded_at });
        Ok(self.remember(Done { appended, stale, seen }))
    }
}

/// Appends what there is to append, then checks what the other answers rest on. `None` is a failed guard.
pub(super) async fn append_and_verify(
    connection: &mut PgConnection,
    batch: &Batch,
) -> Result<Option<Done>, sqlx::Error> {
    let appended = if batch.events.is_empty() {
        None
    } else {
        match statement::append(connection, batch).await? {
            None => return Ok(None),
            appended => appended,
        }
    };
    let (stale, seen) = stale_streams(connection, &batch.unguarded_points()).await?;
    Ok(Some(Done { appended, stale, seen }))
}

pub(super) fn judge(error: &sqlx::Error) -> Verdict {
    let Some(database_error) = error.as_database_error() else { return Verdict::Unknown(error.to_string()) };
    match database_error.constraint() {
        Some("events_pkey") => return Verdict::Conflict,
        Some("events_position_key") => return Verdict::Diverged("a position was taken already".into()),
        // The batch itself tells, by its fence.
        Some("ledger_batches_pkey") => return Verdict::Unknown(error.to_string()),
        _ => {}
    }
    // Malformed data or a broken constraint: the statement was refused as a whole, and would be again.
    match database_error.code().as_deref() {
        Some(code) if code.starts_with("22") || code.starts_with("23") => Verdict::Poisoned(error.to_string()),
        _ => Verdict::Unknown(error.to_string()),
    }
}

/// Bounds a short exchange with the database: a connection that hangs counts as lost.
pub(super) async fn in_time<T, E: From<sqlx::Error>>(exchange: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    tokio::time::timeout(APPEND_TIMEOUT, exchange).await.unwrap_or_else(|_| Err(sqlx::Error::PoolTimedOut.into()))
}

async fn connect(pool: &PgPool) -> Result<PgConnection, sqlx::Error> {
    let options = PgConnectOptions::clone(&pool.connect_options()).application_name("zephyr committer").options([
        ("default_transaction_isolation", "read\\ committed"),
        ("synchronous_commit", "on"),
        ("plan_cache_mode", "force_generic_plan"),
        // The estimates of a generic plan look worth compiling; it cost 5 to 300 ms with the head locked.
        ("jit", "off"),
        ("idle_in_transaction_session_timeout", "2000"),
    ]);
    let connecting = PgConnection::connect_with(&options);
    tokio::time::timeout(CONNECT_TIMEOUT, connecting).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
}

async fn log_holds(connection: &mut PgConnection, position: i64, hash: &[u8]) -> Result<bool, sqlx::Error> {
    let sql = "select exists (select 1 from ledger_batches where last_position = $1 and hash = $2 and not fenced)";
    sqlx::query_scalar(sql).bind(position).bind(hash).fetch_one(connection).await
}

async fn insert_fence(connection: &mut PgConnection, batch_id: Uuid) -> Result<bool, sqlx::Error> {
    let sql = "insert into ledger_batches (batch_id, last_position, n, root, hash, fenced)
               values ($1, 0, 0, '', '', true) on conflict do nothing returning true";
    let fenced: Option<bool> = sqlx::query_scalar(sql).bind(batch_id).fetch_optional(connection).await?;
    Ok(fenced.is_some())
}

async fn committed_batch(connection: &mut PgConnection, id: Uuid) -> Result<Option<(i64, Vec<u8>)>, sqlx::Error> {
    let sql = "select last_position, hash from ledger_batches where batch_id = $1 and not fenced";
    sqlx::query_as(sql).bind(id).fetch_optional(connection).await
}

async fn recorded_at(connection: &mut PgConnection, position: i64) -> Result<DateTime<Utc>, sqlx::Error> {
    sqlx::query_scalar("select recorded_at from events where position = $1").bind(position).fetch_one(connection).await
}

/// Which of these points are no longer the last of their streams, and where the log ended when that was so.
async fn stale_streams(
    connection: &mut PgConnection,
    points: &[Point],
) -> Result<(HashSet<StreamKey>, i64), sqlx::Error> {
    if points.is_empty() {
        return Ok((HashSet::new(), 0));
    }
    let sql = "select (select position from ledger_head where id = 1), array(select g.ord from unnest($1::text[], $2::text[], $3::int8[], $4::bytea[])
                      with ordinality g(a, i, s, l, ord)
                where (select p.leaf_hash from events p
                        where p.aggregate_type = g.a and p.aggregate_id = g.i and p.sequence = g.s)
                      is distinct from g.l
                   or exists (select 1 from events p
                        where p.aggregate_type = g.a and p.aggregate_id = g.i and p.sequence = g.s + 1))";
    let (head, places): (i64, Vec<i64>) = sqlx::query_as(sql)
        .bind(points.iter().map(|point| point.key.aggregate_type).collect::<Vec<_>>())
        .bind(points.iter().map(|point| &*point.key.aggregate_id).collect::<Vec<_>>())
        .bind(points.iter().map(|point| point.sequence).collect::<Vec<_>>())
        .bind(points.iter().map(|point| point.leaf.map(|leaf| leaf.to_vec())).collect::<Vec<_>>())
        .fetch_one(connection)
        .await?;
    let key = |ord: i64| points[usize::try_from(ord - 1).expect("an ordinal is positive")].key.clone();
    Ok((places.into_iter().map(key).collect(), head))
}
