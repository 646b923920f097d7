//! Building the read models again from zero, beside the live ones, and switching when both are equal.
//!
//! | phase | what it does |
//! |---|---|
//! | build | a new schema follows the log in small steps, until it is near the end |
//! | meet | the projector is held; both schemas go to the same position |
//! | compare | every table, row for row, byte for byte |
//! | switch | the pointer moves and the old schema goes, in the transaction that held the projector |

use sqlx::{PgConnection, PgPool};

pub use crate::compare::Difference;
use crate::{
    compare::compare_schemas,
    fold::advance,
    generation::{
        VERSION, active_generation, active_shape, checkpoint, create, discard, lock_moving, point_to, schema_of,
    },
    projector::EVENTS_A_STEP,
    table::ReadError,
};

/// Only one rebuild or audit runs at a time; its connection holds this advisory lock.
const REBUILDING: i64 = 0x7a65_7068_7972_0002;
/// Where an audit builds.
const AUDIT_SCHEMA: &str = "read_audit";

/// What a rebuild or an audit found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RebuildReport {
    /// The position at which both were compared.
    pub position: i64,
    /// How many rows are equal. None when the live tables have another shape, so that there is nothing to compare.
    pub rows: Option<u64>,
    /// The generation that is active now.
    pub active: i32,
}

/// Why the read models were not switched.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// The database or the log can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The live read models are not what the log says. They stay active; the rebuilt ones are kept for a look.
    #[error("at position {position}, {difference}")]
    Differs {
        /// Where both stood.
        position: i64,
        /// The first difference.
        difference: Box<Difference>,
    },
    /// Another rebuild or audit is under way.
    #[error("another rebuild is under way")]
    UnderWay,
}

impl From<sqlx::Error> for RebuildError {
    fn from(error: sqlx::Error) -> Self {
        Self::Read(error.into())
    }
}

/// Rebuilds the read models from zero and switches to them when they equal the live ones. `progress` hears positions.
///
/// # Errors
/// When they differ, another rebuild is under way, or the database is out of reach. The live ones stay active then.
pub async fn rebuild(pool: &PgPool, progress: impl FnMut(i64)) -> Result<RebuildReport, RebuildError> {
    let rebuilding = async {
        let generation = active_generation(pool).await?.ok_or(ReadError::Missing)? + 1;
        build(pool, &schema_of(generation), progress).await?;
        finish(pool, &schema_of(generation), Some(generation)).await
    };
    alone(pool, rebuilding).await
}

/// Rebuilds the read models from zero and compares them with the live ones, which stay active.
///
/// # Errors
/// As [`rebuild`].
pub async fn compare(pool: &PgPool, progress: impl FnMut(i64)) -> Result<RebuildReport, RebuildError> {
    let comparing = async {
        build(pool, AUDIT_SCHEMA, progress).await?;
        finish(pool, AUDIT_SCHEMA, None).await
    };
    alone(pool, comparing).await
}

/// Does this work under the lock. When it is dropped half-way, its connection's closing gives the lock back.
async fn alone<T>(pool: &PgPool, work: impl Future<Output = Result<T, RebuildError>>) -> Result<T, RebuildError> {
    let mut connection = pool.acquire().await?.detach();
    let sql = "select pg_try_advisory_lock($1)";
    let taken: bool = sqlx::query_scalar(sql).bind(REBUILDING).fetch_one(&mut connection).await?;
    if !taken {
        return Err(RebuildError::UnderWay);
    }
    let done = work.await;
    // By hand: the server hears late of a closed connection, and whoever comes next would be refused.
    drop(sqlx::query("select pg_advisory_unlock($1)").bind(REBUILDING).execute(&mut connection).await);
    done
}

async fn build(pool: &PgPool, schema: &str, mut progress: impl FnMut(i64)) -> Result<(), RebuildError> {
    let mut making = pool.begin().await?;
    discard(&mut making, schema).await?;
    create(&mut making, schema).await?;
    making.commit().await?;
    loop {
        let mut building = pool.begin().await?;
        let (position, read) = advance(&mut building, schema, EVENTS_A_STEP, i64::MAX).await?;
        building.commit().await?;
        progress(position);
        if i64::try_from(read).unwrap_or(i64::MAX) < EVENTS_A_STEP {
            return Ok(());
        }
    }
}

/// Meets, compares and, when there is a generation to switch to, switches.
async fn finish(pool: &PgPool, schema: &str, switch_to: Option<i32>) -> Result<RebuildReport, RebuildError> {
    let mut holding = pool.begin().await?;
    lock_moving(&mut holding).await?;
    let active = active_generation(&mut *holding).await?.ok_or(ReadError::Missing)?;
    let live = schema_of(active);
    let same_shape = active_shape(&mut *holding).await? == Some(VERSION);
    let position = match same_shape {
        true => meet(&mut holding, &live, schema).await?,
        false => checkpoint(&mut *holding, schema).await?,
    };
    let compared = match same_shape {
        true => Some(compare_schemas(&mut holding, &live, schema).await?),
        false => None,
    };
    if let Some(Err(difference)) = compared {
        holding.commit().await?;
        return Err(RebuildError::Differs { position, difference: Box::new(difference) });
    }
    match switch_to {
        Some(generation) => {
            point_to(&mut holding, generation).await?;
            discard(&mut holding, &live).await?;
        }
        None => discard(&mut holding, schema).await?,
    }
    holding.commit().await?;
    let rows = compared.and_then(Result::ok);
    Ok(RebuildReport { position, rows, active: switch_to.unwrap_or(active) })
}

/// Brings both to where the log ended when the projector was held: nobody waits for a log that goes on and on.
async fn meet(holding: &mut PgConnection, live: &str, rebuilt: &str) -> Result<i64, RebuildError> {
    let rebuilt_at = checkpoint(&mut *holding, rebuilt).await?;
    let target = rebuilt_at.max(checkpoint(&mut *holding, live).await?);
    for schema in [live, rebuilt] {
        while advance(&mut *holding, schema, EVENTS_A_STEP, target).await?.0 < target {}
    }
    Ok(target)
}
