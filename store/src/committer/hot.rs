//! The streams in memory, each at two points: what is durable, and what the batches not yet durable make of it.
//!
//! A cache: whatever is dropped here is read again from the log.

use std::collections::{HashMap, HashSet};

use domain::stream::State;
use sqlx::PgPool;

use crate::{
    snapshot,
    version::{StreamKey, Version},
};

/// The most streams in memory. Above it those that were not touched for longest go.
pub const HOT_STREAMS: usize = 50_000;
/// A stream gets a snapshot with the append that passes a multiple of this, wherever it was loaded from.
pub const SNAPSHOT_EVERY: i64 = 1_000;

/// The versions that a batch leaves.
pub(super) type After = Vec<(StreamKey, Version)>;

struct Entry {
    durable: Version,
    working: Version,
    touched: u64,
}

pub(super) struct HotStreams {
    streams: HashMap<StreamKey, Entry>,
    /// Streams whose working version is ahead of the durable one.
    ahead: HashSet<StreamKey>,
    round: u64,
    pool: PgPool,
}

impl HotStreams {
    pub(super) fn new(pool: PgPool) -> Self {
        Self { streams: HashMap::new(), ahead: HashSet::new(), round: 0, pool }
    }

    /// The version to decide on.
    pub(super) fn working(&self, key: &StreamKey) -> Option<&Version> {
        self.streams.get(key).map(|entry| &entry.working)
    }

    /// The version that clients may see.
    pub(super) fn durable(&self, key: &StreamKey) -> Option<Version> {
        self.streams.get(key).map(|entry| entry.durable.clone())
    }

    /// Takes what a caller or the locked path read, unless something as new is known.
    pub(super) fn admit(&mut self, key: StreamKey, version: Version) {
        if self.streams.get(&key).is_none_or(|entry| entry.working.sequence < version.sequence) {
            let (durable, working) = (version.clone(), version);
            self.ahead.remove(&key);
            self.streams.insert(key, Entry { durable, working, touched: self.round });
        }
    }

    /// The same of all that a caller brought.
    pub(super) fn admit_all(&mut self, brought: &mut Vec<(StreamKey, Version)>) {
        for (key, version) in brought.drain(..) {
            self.admit(key, version);
        }
    }

    /// Takes what was read under the lock: the log's last word, whatever was known.
    pub(super) fn replace_all(&mut self, read: Vec<(StreamKey, Version)>) {
        for (key, version) in read {
            self.streams.remove(&key);
            self.admit(key, version);
        }
    }

    /// Takes the version to decide on, to move it on: whoever holds it alone changes it in place. Until
    /// [`work_on`](Self::work_on) the stream is where the log has it.
    pub(super) fn take_working(&mut self, key: &StreamKey) -> Version {
        let Some(entry) = self.streams.get_mut(key) else {
            let initial = key.initial();
            self.admit(key.clone(), initial.clone());
            return initial;
        };
        std::mem::replace(&mut entry.working, entry.durable.clone())
    }

    /// Sets the version that a decided unit leaves.
    pub(super) fn work_on(&mut self, key: &StreamKey, version: Version) {
        let round = self.round;
        let entry = self.streams.get_mut(key).expect("a stream was admitted before it is worked on");
        entry.working = version;
        entry.touched = round;
        if !self.ahead.contains(key) {
            self.ahead.insert(key.clone());
        }
    }

    /// A batch departs that moves these streams: the versions that it leaves. A new round begins for the measure of
    /// what was touched.
    pub(super) fn depart<'a>(&mut self, moved: impl Iterator<Item = &'a StreamKey>) -> After {
        self.round += 1;
        moved.filter_map(|key| Some((key.clone(), self.working(key)?.clone()))).collect()
    }

    /// The batch that left these versions is durable.
    pub(super) fn promote(&mut self, after: &After) {
        for (key, version) in after {
            let Some(entry) = self.streams.get_mut(key) else { continue };
            let passed = version.sequence / SNAPSHOT_EVERY > entry.durable.sequence / SNAPSHOT_EVERY;
            if version.sequence > entry.durable.sequence {
                entry.durable = version.clone();
            }
            let settled = entry.working.same_point(version);
            if settled {
                self.ahead.remove(key);
            }
            if passed {
                snapshot::write_behind(self.pool.clone(), key.clone(), version.clone());
            }
            if settled && is_over(&version.state) {
                self.streams.remove(key);
            }
        }
        self.evict();
    }

    /// Drops the overlay: every working version becomes the durable one again.
    pub(super) fn roll_back(&mut self) {
        for key in self.ahead.drain() {
            if let Some(entry) = self.streams.get_mut(&key) {
                entry.working = entry.durable.clone();
            }
        }
    }

    pub(super) fn forget(&mut self, keys: impl Iterator<Item = StreamKey>) {
        for key in keys {
            self.ahead.remove(&key);
            self.streams.remove(&key);
        }
    }

    pub(super) fn clear(&mut self) {
        self.streams.clear();
        self.ahead.clear();
    }

    fn evict(&mut self) {
        if self.streams.len() <= HOT_STREAMS {
            return;
        }
        let mut rounds: Vec<u64> = self.streams.values().map(|entry| entry.touched).collect();
        let middle = rounds.len() / 2;
        let (_, median, _) = rounds.select_nth_unstable(middle);
        let oldest_kept = *median;
        let ahead = &self.ahead;
        self.streams.retain(|key, entry| entry.touched >= oldest_kept || ahead.contains(key));
    }
}

/// Streams that nothing will be asked of soon: they need not stay.
fn is_over(state: &State) -> bool {
    match state {
        State::Once(_) => true,
        State::Job(job) => job.ending().is_some(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: usize) -> StreamKey {
        StreamKey { aggregate_type: "account", aggregate_id: number.to_string().into() }
    }

    #[tokio::test]
    async fn the_streams_that_were_not_touched_for_longest_go() {
        let pool = PgPool::connect_lazy("postgres://nobody@127.0.0.1:1/none").expect("a URL");
        let mut hot = HotStreams::new(pool);
        for number in 0..=HOT_STREAMS {
            if number % 1_000 == 0 {
                hot.depart(std::iter::empty());
            }
            hot.admit(key(number), Version::initial("account").expect("a type"));
        }
        hot.work_on(&key(0), Version::initial("account").expect("a type"));
        hot.promote(&After::new());
        assert!(hot.streams.len() <= HOT_STREAMS);
        assert!(hot.working(&key(HOT_STREAMS)).is_some(), "the latest stays");
        assert!(hot.working(&key(0)).is_some(), "what is not durable yet stays");
        assert!(hot.working(&key(1)).is_none(), "the oldest went");
    }
}
