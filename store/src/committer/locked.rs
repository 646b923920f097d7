//! The locked path: the head is locked, the tails of the touched streams are read *in a second statement* of the same
//! call, and only then is anything decided. No conflict can happen here, so that no caller ever sees one.

use std::collections::HashSet;

use sqlx::{Executor, PgConnection};

use super::{
    Clock,
    batch::{Batch, Waiting},
    decide::key_of,
    flush::{APPEND_TIMEOUT, Done, Flushed, Verdict, Writer, append_and_verify, in_time, judge},
    hot::{After, HotStreams},
};
use crate::{
    load::{self, Head, LoadError},
    version::{StreamKey, Version},
};

/// A connection that holds the lock of the head.
pub(super) struct Locked {
    connection: PgConnection,
    /// The streams that were read under the lock, and their last versions.
    read: Vec<(StreamKey, Version)>,
}

/// The streams that are to be read under the lock.
pub(super) struct Wanted {
    /// From the version that this process knows.
    known: Vec<(StreamKey, Version)>,
    /// From their snapshots.
    cold: Vec<StreamKey>,
}

impl Wanted {
    /// The streams of these units, but for those that were read under the lock already.
    pub(super) fn of(hot: &HotStreams, units: &[Waiting], read: &[(StreamKey, Version)]) -> Self {
        let mut met: HashSet<StreamKey> = read.iter().map(|(key, _)| key.clone()).collect();
        let mut wanted = Self { known: Vec::new(), cold: Vec::new() };
        for step in units.iter().flat_map(|pending| &pending.work.unit.steps) {
            let key = key_of(step);
            if met.insert(key.clone()) {
                match hot.durable(&key) {
                    Some(version) => wanted.known.push((key, version)),
                    // A stream that is expected not to exist has no snapshot worth a look.
                    None if step.fresh => wanted.known.push((key.clone(), key.initial())),
                    None => wanted.cold.push(key),
                }
            }
        }
        wanted
    }

    fn is_nothing(&self) -> bool {
        self.known.is_empty() && self.cold.is_empty()
    }

    /// Reads all of them in one statement: the head is locked meanwhile, or will be.
    async fn read(self, connection: &mut PgConnection, head: Head) -> Result<Vec<(StreamKey, Version)>, LoadError> {
        let mut known = self.known;
        known.extend(load::snapshots_or_initial(connection, self.cold).await?);
        load::advance_by_tails(connection, known, head).await
    }
}

/// Locks the head, once whoever holds it lets it go, and reads what came meanwhile to these streams.
pub(super) async fn lock_head(mut writer: Writer, wanted: Wanted) -> (Writer, Result<Locked, Flushed>) {
    let mut connection = match writer.connection().await {
        Ok(connection) => connection,
        Err(flushed) => return (writer, Err(flushed)),
    };
    let locking = async {
        connection.execute("begin").await?;
        wanted.read(&mut connection, Head::Locked).await
    };
    let locked = match in_time(locking).await {
        Ok(read) => Ok(Locked { connection, read }),
        // The transaction ends with the connection.
        Err(error) => Err(Flushed::NeverHappened(error.to_string())),
    };
    (writer, locked)
}

/// Decides and appends these units under the lock, as many as a batch holds; the others stay undecided in it. Returns the
/// batch, the versions that it leaves, and what became of it.
pub(super) async fn resolve(
    writer: &mut Writer,
    locked: Result<Locked, Flushed>,
    hot: &mut HotStreams,
    units: Vec<Waiting>,
    clock: &Clock,
) -> (Batch, After, Flushed) {
    let mut batch = Batch::with_room(units.len());
    let mut connection = match take_what_came(locked, hot, &units).await {
        Ok(connection) => connection,
        Err(flushed) => {
            batch.park(units);
            return (batch, After::new(), flushed);
        }
    };
    let now = clock();
    let mut units = units.into_iter();
    while !batch.is_full()
        && let Some(pending) = units.next()
    {
        batch.decide(hot, pending, now);
    }
    batch.park(units);
    let after = hot.depart(batch.moved());
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
    (batch, after, flushed)
}

/// Takes what was read with the lock, and reads the streams of those units that came later.
async fn take_what_came(
    locked: Result<Locked, Flushed>,
    hot: &mut HotStreams,
    units: &[Waiting],
) -> Result<PgConnection, Flushed> {
    let Locked { mut connection, read } = locked?;
    let unread = Wanted::of(hot, units, &read);
    hot.replace_all(read);
    if !unread.is_nothing() {
        let read = in_time(unread.read(&mut connection, Head::Free)).await;
        // Nothing was appended: the transaction ends with the connection.
        hot.replace_all(read.map_err(|error| Flushed::NeverHappened(error.to_string()))?);
    }
    Ok(connection)
}

async fn append_and_commit(connection: &mut PgConnection, batch: &Batch) -> Result<Option<Done>, sqlx::Error> {
    let done = append_and_verify(connection, batch).await?;
    connection.execute("commit").await?;
    Ok(done)
}
