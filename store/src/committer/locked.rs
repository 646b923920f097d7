//! The locked path: the head is locked, the tails of the touched streams are read *in a second statement*, and only
//! then is anything decided. No conflict can happen here, so that no caller ever sees one.

use std::collections::HashSet;

use sqlx::{Executor, PgConnection};

use super::{
    Clock,
    batch::{Batch, Waiting, key_of},
    flush::{APPEND_TIMEOUT, Done, Flushed, Verdict, Writer, append_and_verify, in_time, judge},
    hot::HotStreams,
};
use crate::{
    load::{self, LoadError},
    version::{StreamKey, Version},
};

/// A connection that holds the lock of the head.
pub(super) struct Locked(PgConnection);

/// Locks the head, once whoever holds it lets it go.
pub(super) async fn lock_head(writer: &mut Writer) -> Result<Locked, Flushed> {
    let mut connection = writer.connection().await?;
    let locking = async {
        connection.execute("begin; select position from ledger_head where id = 1 for update").await?;
        Ok::<_, sqlx::Error>(())
    };
    match in_time(locking).await {
        Ok(()) => Ok(Locked(connection)),
        // The transaction ends with the connection.
        Err(error) => Err(Flushed::NeverHappened(error.to_string())),
    }
}

/// Decides and appends these units under the lock, as many as a batch holds; the others stay undecided in it. Returns the
/// batch, and what became of it.
pub(super) async fn resolve(
    writer: &mut Writer,
    locked: Result<Locked, Flushed>,
    hot: &mut HotStreams,
    units: Vec<Waiting>,
    clock: &Clock,
) -> (Batch, Flushed) {
    let mut batch = Batch::new();
    let mut connection = match locked {
        Ok(Locked(connection)) => connection,
        Err(flushed) => return (undecided(batch, units), flushed),
    };
    if let Err(error) = in_time(read_tails(&mut connection, hot, &units)).await {
        // Nothing was appended: the transaction ends with the connection.
        return (undecided(batch, units), Flushed::NeverHappened(error.to_string()));
    }
    let now = clock();
    let mut units = units.into_iter();
    while !batch.is_full()
        && let Some(pending) = units.next()
    {
        batch.decide(hot, pending, now);
    }
    batch.park(units);
    let done = tokio::time::timeout(APPEND_TIMEOUT, append_and_commit(&mut connection, &batch)).await;
    let flushed = match done {
        Ok(Ok(Some(end))) => {
            writer.keep(connection);
            writer.remember(end)
        }
        Ok(Ok(None)) => Flushed::Conflict,
        Ok(Err(error)) => match judge(&error) {
            Verdict::Conflict => Flushed::Conflict,
            Verdict::Poisoned(why) => Flushed::Poisoned(why),
            Verdict::Diverged(why) => Flushed::Diverged(why),
            Verdict::Unknown(why) => writer.settle_unknown(&batch, &why).await,
        },
        Err(_) => writer.settle_unknown(&batch, "the locked append took too long").await,
    };
    (batch, flushed)
}

/// Keeps units that could not be decided together with their batch, for the caller to start over.
fn undecided(mut batch: Batch, units: Vec<Waiting>) -> Batch {
    batch.park(units);
    batch
}

async fn read_tails(connection: &mut PgConnection, hot: &mut HotStreams, units: &[Waiting]) -> Result<(), LoadError> {
    let mut known: Vec<(StreamKey, Version)> = Vec::new();
    let mut cold: Vec<StreamKey> = Vec::new();
    let mut met: HashSet<StreamKey> = HashSet::new();
    for step in units.iter().flat_map(|pending| &pending.work.unit.steps) {
        let key = key_of(step);
        if met.insert(key.clone()) {
            match hot.durable(&key) {
                Some(version) => known.push((key, version)),
                // A stream that is expected not to exist has no snapshot worth a look.
                None if step.fresh => known.push((key.clone(), Version::initial(key.aggregate_type)?)),
                None => cold.push(key),
            }
        }
    }
    // One statement for all of them: the head is locked meanwhile.
    known.extend(load::snapshots_or_initial(connection, cold).await?);
    for (key, version) in load::advance_by_tails(connection, known).await? {
        hot.replace(key, version);
    }
    Ok(())
}

async fn append_and_commit(connection: &mut PgConnection, batch: &Batch) -> Result<Option<Done>, sqlx::Error> {
    let done = append_and_verify(connection, batch).await?;
    connection.execute("commit").await?;
    Ok(done)
}
