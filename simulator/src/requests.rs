//! The log of what arrived, so that a test can see what an upstream saw and what it would have charged.
//! A ring of 100,000 entries: the oldest fall out. Keys are shown by their last six characters only.

use std::collections::VecDeque;
use std::sync::Mutex;

use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

/// How many requests are remembered.
pub const CAPACITY: usize = 100_000;
/// The outcome of what is under way.
pub const PENDING: &str = "pending";

/// One call as the upstream saw it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Entry {
    /// Counts arrivals from 1; never reused, also not after a reset.
    pub seq: u64,
    /// When it arrived (RFC 3339, UTC).
    pub at: String,
    /// When its answer had left or it was given up (RFC 3339, UTC); null while it is under way.
    #[serde(default)]
    pub ended_at: Option<String>,
    /// `ark`, `runway`, …
    pub provider: String,
    /// `chat`, `images`, `video_create`, …
    pub op: String,
    /// The HTTP method.
    pub method: String,
    /// The path and query.
    pub path: String,
    /// The last six characters of the API key.
    pub key: String,
    /// The model or endpoint id that was asked for.
    pub model: Option<String>,
    /// The `X-Client-Request-Id` header.
    pub client_request_id: Option<String>,
    /// The end user's hash, when the body or its `user` gave one.
    pub safety_identifier: Option<String>,
    /// The task that was made or asked about.
    pub task_id: Option<String>,
    /// Whether work was done that the provider would charge for.
    pub accepted: bool,
    /// The HTTP status answered; null while pending, and when no answer left.
    pub status: Option<u16>,
    /// `pending`, `answered`, `cut`, `lost`, `hung` or `client_gone`.
    pub outcome: String,
}

#[derive(Debug, Default)]
struct Ring {
    last_seq: u64,
    entries: VecDeque<Entry>,
}

/// The ring of entries.
#[derive(Debug, Default)]
pub struct Requests {
    ring: Mutex<Ring>,
    changed: Notify,
}

impl Requests {
    /// A log that goes on after these entries.
    pub fn restore(entries: Vec<Entry>) -> Self {
        let last_seq = entries.iter().map(|entry| entry.seq).max().unwrap_or(0);
        let skip = entries.len().saturating_sub(CAPACITY);
        let ring = Mutex::new(Ring { last_seq, entries: entries.into_iter().skip(skip).collect() });
        Self { ring, changed: Notify::new() }
    }

    /// Logs an arrival and returns its number.
    pub fn begin(&self, mut entry: Entry) -> u64 {
        let mut ring = self.lock();
        ring.last_seq += 1;
        entry.seq = ring.last_seq;
        if ring.entries.len() == CAPACITY {
            ring.entries.pop_front();
        }
        ring.entries.push_back(entry);
        self.changed.notify_waiters();
        ring.last_seq
    }

    /// Changes one entry and returns it as it is now; none when it has fallen out.
    pub fn update(&self, seq: u64, change: impl FnOnce(&mut Entry)) -> Option<Entry> {
        let mut ring = self.lock();
        let place = ring.entries.binary_search_by_key(&seq, |entry| entry.seq).ok()?;
        let entry = ring.entries.get_mut(place)?;
        change(entry);
        self.changed.notify_waiters();
        Some(entry.clone())
    }

    /// The entries after `since`, of one operation when `op` is given, oldest first, and the last number.
    pub fn list(&self, op: Option<&str>, since: u64) -> (Vec<Entry>, u64) {
        let ring = self.lock();
        let wanted = |entry: &&Entry| entry.seq > since && op.is_none_or(|op| entry.op == op);
        (ring.entries.iter().filter(wanted).cloned().collect(), ring.last_seq)
    }

    /// Waits until there is an entry after `since`, of one operation when `op` is given, and none of them is under way.
    pub async fn settled(&self, op: Option<&str>, since: u64) {
        loop {
            // From here on no change is missed.
            let changed = self.changed.notified();
            if self.is_settled(op, since) {
                return;
            }
            changed.await;
        }
    }

    fn is_settled(&self, op: Option<&str>, since: u64) -> bool {
        let ring = self.lock();
        let mut wanted = ring.entries.iter().filter(|entry| entry.seq > since && op.is_none_or(|op| entry.op == op));
        let settled = |entry: &Entry| entry.outcome != PENDING;
        wanted.next().is_some_and(settled) && wanted.all(settled)
    }

    /// Forgets the entries; numbers go on.
    pub fn clear(&self) {
        self.lock().entries.clear();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    #[test]
    fn who_waits_for_calls_to_settle_is_woken_when_the_last_of_them_does() {
        let requests = Requests::default();
        let call = |op: &str| requests.begin(Entry { op: op.into(), outcome: PENDING.into(), ..Entry::default() });
        let mut chats = Box::pin(requests.settled(Some("chat"), 0));
        assert!(chats.as_mut().now_or_never().is_none(), "there is none yet");
        let (chat, _) = (call("chat"), call("images"));
        assert!(chats.as_mut().now_or_never().is_none(), "it is under way");
        requests.update(chat, |entry| entry.outcome = "answered".into());
        assert!(chats.now_or_never().is_some(), "another operation's call is none of its business");
        assert!(requests.settled(None, 0).now_or_never().is_none());
    }
}
