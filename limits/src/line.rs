//! Who waits for a key, the longest first, in the memory of one process. Who stops looking loses its turn.

use crate::{LOOK_COUNTS, millis};

/// Those who wait, each with its last look.
#[derive(Debug, Default)]
pub(crate) struct Line(Vec<(String, u64)>);

impl Line {
    /// How many come before a waiter, or before a newcomer.
    pub(crate) fn ahead_of(&mut self, waiter: Option<&str>, now: u64) -> u64 {
        self.0.retain(|(who, look)| look + millis(LOOK_COUNTS) >= now || Some(who.as_str()) == waiter);
        let place = self.0.iter().position(|(who, _)| Some(who.as_str()) == waiter);
        place.unwrap_or(self.0.len()) as u64
    }

    /// Keeps a waiter's turn, or gives it the last one.
    pub(crate) fn join(&mut self, waiter: &str, now: u64) {
        match self.0.iter_mut().find(|(who, _)| who == waiter) {
            Some((_, look)) => *look = now,
            None => self.0.push((waiter.to_owned(), now)),
        }
    }

    /// Ends a waiter's turn.
    pub(crate) fn leave(&mut self, waiter: &str) {
        self.0.retain(|(who, _)| who != waiter);
    }
}
