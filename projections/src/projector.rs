//! The projector: moves the active read models on, rows and checkpoint in one transaction.
//!
//! Several processes may run it: a lock makes each step happen once.

use std::{pin::pin, time::Duration};

use sqlx::PgPool;
use store::follow::Follower;

use crate::{
    fold::advance,
    generation::{active_generation, lock_moving, schema_of},
    table::ReadError,
};

/// The most events of one step, so that no transaction is long.
pub const EVENTS_A_STEP: i64 = 1_000;
/// After this long the log is looked at all the same.
const LOOK_ANYWAY: Duration = Duration::from_secs(2);
/// The pause after a failure.
const PAUSE: Duration = Duration::from_millis(500);

/// One step. Gives the position that was reached, and whether more events wait.
///
/// # Errors
/// When the database is out of reach or the log can't be understood. Nothing was written then.
pub async fn step(pool: &PgPool) -> Result<(i64, bool), ReadError> {
    let mut moving = pool.begin().await?;
    lock_moving(&mut moving).await?;
    let active = active_generation(&mut *moving).await?.ok_or(ReadError::Missing)?;
    let (position, read) = advance(&mut moving, &schema_of(active), EVENTS_A_STEP, i64::MAX).await?;
    moving.commit().await?;
    Ok((position, read > 0))
}

/// Moves the read models on to the end of the log, and says where that is.
///
/// # Errors
/// As [`step`].
pub async fn catch_up_once(pool: &PgPool) -> Result<i64, ReadError> {
    loop {
        if let (position, false) = step(pool).await? {
            return Ok(position);
        }
    }
}

/// Keeps the read models up with the log until `shutdown` completes.
pub async fn run(pool: PgPool, follower: Follower, shutdown: impl Future<Output = ()>) {
    let projecting = async {
        loop {
            match catch_up_once(&pool).await {
                Ok(position) => {
                    follower.reached(position + 1, LOOK_ANYWAY).await;
                }
                Err(error) => {
                    tracing::error!(%error, "the read models can't be moved on");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    };
    tokio::select! {
        () = projecting => {}
        () = pin!(shutdown) => {}
    }
}
