//! Taking from a key all at once: a place among those at work, room in its windows, and one's turn among those who wait.
//!
//! Who is refused and says who it is keeps its turn: a later comer gets only what is left over for it, in any process.

use std::time::Duration;

use crate::{Backend, Lease, LimitError, Limits, Rule, Window, millis};

/// For how long a waiter keeps its turn after its last look. Look more often than that.
pub const LOOK_COUNTS: Duration = Duration::from_millis(250);

/// What a call takes of a key.
#[derive(Clone, Copy, Debug, Default)]
pub struct Take<'a> {
    /// The windows that it has to fit in.
    pub rules: &'a [Window],
    /// The place that it needs.
    pub place: Option<Place<'a>>,
    /// Who waits, if it wants to keep its turn when it is refused. A newcomer says nothing.
    pub waiter: Option<&'a str>,
}

/// A place that is needed.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// How many there are.
    pub of: u32,
    /// Who needs it.
    pub holder: &'a str,
    /// How long it lasts without renewal.
    pub ttl: Duration,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// All of it was taken; with the lease of the place, if one was needed.
    Yes(Option<Lease>),
    /// Nothing was taken.
    No(Busy),
}

/// Why nothing was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Busy {
    /// All places are taken. When one is free depends on its holder.
    Places,
    /// A window is full.
    Window {
        /// Which rule makes it wait longest.
        rule: usize,
        /// When it would fit, if nobody else takes the room.
        retry_after: Duration,
    },
    /// There is room, and others have waited longer for it.
    Turn,
}

impl Limits {
    /// Takes all that a call needs of a key, or nothing.
    pub async fn take(&self, key: &str, take: Take<'_>) -> Result<Taken, LimitError> {
        let rules = rules(take.rules)?;
        let lease = take.place.map(|place| Lease { key: key.to_owned(), holder: place.holder.to_owned() });
        let refused = match &self.0 {
            Backend::Memory(memory) => memory.take(key, &rules, &take)?,
            Backend::Redis(redis) => redis.take(key, &rules, &take).await?,
        };
        Ok(refused.map_or(Taken::Yes(lease), Taken::No))
    }

    /// Counts a call again from now on: it goes later than it was admitted, and windows have to know.
    pub async fn record(&self, key: &str, counted: &[Window]) -> Result<(), LimitError> {
        let rules = rules(counted)?;
        match &self.0 {
            Backend::Memory(memory) => memory.record(key, &rules),
            Backend::Redis(redis) => redis.record(key, &rules).await,
        }
    }

    /// Gives up a waiter's turn at a key; harmless when it has none.
    pub async fn leave(&self, key: &str, waiter: &str) -> Result<(), LimitError> {
        match &self.0 {
            Backend::Memory(memory) => memory.leave(key, waiter),
            Backend::Redis(redis) => redis.leave(key, waiter).await?,
        }
        Ok(())
    }

    /// How many places of a key are taken now.
    pub async fn places_taken(&self, key: &str) -> Result<u32, LimitError> {
        match &self.0 {
            Backend::Memory(memory) => Ok(memory.places_taken(key)),
            Backend::Redis(redis) => redis.places_taken(key).await,
        }
    }
}

fn rules(windows: &[Window]) -> Result<Vec<Rule>, LimitError> {
    windows.iter().enumerate().map(|(place, rule)| Rule::new(place, rule, windows)).collect()
}

impl Place<'_> {
    pub(crate) fn ttl_ms(&self) -> u64 {
        millis(self.ttl)
    }
}
