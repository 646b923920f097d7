//! Correcting what a call took of a window, once it is known what it should have been.
//!
//! It never makes room that was not there: less is given back from the oldest units on, so that what is left counts no
//! shorter than it should. More counts from now on, above the limit if need be.

use std::time::Duration;

use crate::{Backend, LimitError, Limits, UNITS_MAX, millis};

/// What a call took, and what it should have taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Correction {
    /// The period of the window. It is the first rule of this period at its key.
    pub period: Duration,
    /// What was taken.
    pub taken: u64,
    /// What it should have been.
    pub right: u64,
}

impl Limits {
    /// Counts an admitted call of a key as more or less than it took. What has lapsed is not given back.
    pub async fn correct(&self, key: &str, correction: Correction) -> Result<(), LimitError> {
        let Correction { period, taken, right } = correction;
        let (period_ms, taken, right) = (millis(period), taken.min(UNITS_MAX), right.min(UNITS_MAX));
        if taken == right {
            return Ok(());
        }
        match &self.0 {
            Backend::Memory(memory) => memory.correct(key, period_ms, (taken, right)),
            Backend::Redis(redis) => redis.correct(key, period_ms, (taken, right)).await,
        }
    }
}
