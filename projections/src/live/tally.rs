//! How the last calls with a provider key went: answered or not, and the last failure. Small, and never longer.

use chrono::{DateTime, Utc};

/// The last calls with a key, at most 128 of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// One bit a call, the newest lowest; set when it was answered.
    bits: u128,
    calls: u32,
    last_failure: Option<(String, DateTime<Utc>)>,
}

impl Tally {
    /// How many calls are remembered.
    #[must_use]
    pub const fn calls(&self) -> u32 {
        self.calls
    }

    /// How many of them the provider answered, also with a refusal that was the request's own fault.
    #[must_use]
    pub const fn answers(&self) -> u32 {
        self.bits.count_ones()
    }

    /// Our code of the last failure, and when it was.
    #[must_use]
    pub fn last_failure(&self) -> Option<(&str, DateTime<Utc>)> {
        self.last_failure.as_ref().map(|(code, at)| (code.as_str(), *at))
    }

    pub(super) fn answered(&mut self) {
        self.take(true);
    }

    pub(super) fn failed(&mut self, code: &str, at: DateTime<Utc>) {
        self.take(false);
        self.last_failure = Some((code.to_owned(), at));
    }

    fn take(&mut self, answered: bool) {
        self.bits = self.bits << 1 | u128::from(answered);
        self.calls = (self.calls + 1).min(u128::BITS);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_calls_are_remembered() {
        let mut tally = Tally::default();
        tally.failed("upstream_error", DateTime::UNIX_EPOCH);
        tally.answered();
        assert_eq!((tally.answers(), tally.calls()), (1, 2));
        (0..200).for_each(|_| tally.answered());
        assert_eq!((tally.answers(), tally.calls()), (128, 128));
        assert_eq!(tally.last_failure(), Some(("upstream_error", DateTime::UNIX_EPOCH)));
    }
}
