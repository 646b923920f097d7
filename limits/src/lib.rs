//! Who may do how much: sliding windows and concurrency leases, in Redis or in the memory of one process.
//!
//! A window is an exact log of what was admitted, in milliseconds: no stretch of time as long as the period ever holds
//! more than the limit. A call is taken by all of its rules or by none. This crate never decides what a limit is worth,
//! never queues or sleeps, and never guesses when Redis is away: it says so within [`CALL_TIMEOUT`], and the caller decides.

mod correct;
mod line;
mod memory;
mod shared;
mod take;

use std::{sync::Arc, time::Duration};

pub use correct::Correction;
pub use take::{Busy, LOOK_COUNTS, Place, Take, Taken};

/// The longest that one call to Redis takes before it counts as unavailable.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(1);
/// The most that a limit or a cost may be; above it counts as this. Lua counts exactly up to here.
pub const UNITS_MAX: u64 = 1 << 53;

/// One rule: at most `limit` units in any `period`, of which this call takes `cost`.
///
/// A window's log has at most as many entries as its limit has units, or its period has milliseconds, whichever is less.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// How many units any stretch of `period` may hold.
    pub limit: u64,
    /// How long a unit counts, from a millisecond up.
    pub period: Duration,
    /// How many units this call takes. 0 only looks.
    pub cost: u64,
}

/// What one rule has left after an admitted call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Units that may still be taken now.
    pub remaining: u64,
    /// When the oldest units come back; zero when none are taken.
    pub reset_after: Duration,
}

/// Whether a call may go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It may, and every rule has counted it. One room per rule, in their order.
    Allowed(Vec<Room>),
    /// It may not, and no rule has counted it.
    Limited {
        /// When the same call would be admitted, if nobody else takes the room.
        retry_after: Duration,
        /// The place of the rule that makes it wait longest.
        rule: usize,
    },
}

/// A place among those who may work on something at the same time. Whoever knows key and holder may renew or release it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// What is worked on.
    pub key: String,
    /// Who works.
    pub holder: String,
}

/// Why a limit could not be asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LimitError {
    /// The shared counters can't be reached. Nothing is known of whether the call was counted.
    #[error("the limits are unavailable: {0}")]
    Unavailable(String),
    /// The call costs more than the rule ever admits: waiting is of no use.
    #[error("the call costs {cost} and the limit is {limit}")]
    NeverAdmitted {
        /// The place of the rule.
        rule: usize,
        /// The call's cost.
        cost: u64,
        /// The rule's limit.
        limit: u64,
    },
}

/// Windows and leases, shared by cloning.
#[derive(Debug, Clone)]
pub struct Limits(Backend);

#[derive(Debug, Clone)]
enum Backend {
    Memory(Arc<memory::Memory>),
    Redis(shared::Redis),
}

impl Limits {
    /// Limits of this process alone.
    #[must_use]
    pub fn in_memory() -> Self {
        let start = std::time::Instant::now();
        Self::in_memory_with_clock(move || start.elapsed())
    }

    /// Limits of this process alone, by a clock that tells the time since some fixed moment.
    #[must_use]
    pub fn in_memory_with_clock(clock: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        Self(Backend::Memory(Arc::new(memory::Memory::new(clock))))
    }

    /// Limits shared by all processes on one Redis. Fails only when the URL is none; an absent server shows in
    /// [`Limits::ready`] and in each call, until it is back.
    pub async fn redis(url: &str) -> Result<Self, LimitError> {
        Self::redis_with_prefix(url, "zephyr").await
    }

    /// As [`Limits::redis`], with other key names, for several installations on one Redis.
    pub async fn redis_with_prefix(url: &str, prefix: &str) -> Result<Self, LimitError> {
        Ok(Self(Backend::Redis(shared::Redis::connect(url, prefix)?)))
    }

    /// Asks all rules for their cost, and takes it from all of them or from none.
    ///
    /// A window is known by its key, its period, and its place among the rules of the same period: give the rules of
    /// one key in the same order each time. Limits may change between calls.
    pub async fn check(&self, key: &str, rules: &[Window]) -> Result<Decision, LimitError> {
        let rules = rules
            .iter()
            .enumerate()
            .map(|(place, rule)| Rule::new(place, rule, rules))
            .collect::<Result<Vec<_>, _>>()?;
        match &self.0 {
            Backend::Memory(memory) => memory.check(key, &rules),
            Backend::Redis(redis) => redis.check(key, &rules).await,
        }
    }

    /// Takes one of `max` places for `ttl`, unless all are taken. A holder who already has one keeps it, for `ttl` from now.
    pub async fn lease(&self, key: &str, max: u32, holder: &str, ttl: Duration) -> Result<Option<Lease>, LimitError> {
        let lease = Lease { key: key.to_owned(), holder: holder.to_owned() };
        let taken = match &self.0 {
            Backend::Memory(memory) => memory.lease(&lease, max, millis(ttl))?,
            Backend::Redis(redis) => redis.lease(&lease, max, millis(ttl)).await?,
        };
        Ok(taken.then_some(lease))
    }

    /// Keeps a place for `ttl` from now. False when it has lapsed: somebody else may have it.
    pub async fn renew(&self, lease: &Lease, ttl: Duration) -> Result<bool, LimitError> {
        match &self.0 {
            Backend::Memory(memory) => Ok(memory.renew(lease, millis(ttl))),
            Backend::Redis(redis) => redis.renew(lease, millis(ttl)).await,
        }
    }

    /// Gives a place back; harmless when it is gone.
    pub async fn release(&self, lease: &Lease) -> Result<(), LimitError> {
        match &self.0 {
            Backend::Memory(memory) => memory.release(lease),
            Backend::Redis(redis) => redis.release(lease).await?,
        }
        Ok(())
    }

    /// Whether limits can be asked now; else the reason.
    pub async fn ready(&self) -> Result<(), LimitError> {
        match &self.0 {
            Backend::Memory(_) => Ok(()),
            Backend::Redis(redis) => redis.ready().await,
        }
    }
}

/// A window in whole milliseconds, with its number among the rules of the same period.
#[derive(Debug, Clone, Copy)]
struct Rule {
    limit: u64,
    period_ms: u64,
    cost: u64,
    twin: usize,
}

impl Rule {
    fn new(place: usize, rule: &Window, all: &[Window]) -> Result<Self, LimitError> {
        let (limit, cost) = (rule.limit.min(UNITS_MAX), rule.cost.min(UNITS_MAX));
        if cost > limit {
            return Err(LimitError::NeverAdmitted { rule: place, cost, limit });
        }
        let period_ms = millis(rule.period);
        let earlier = all.iter().take(place);
        Ok(Self { limit, period_ms, cost, twin: earlier.filter(|r| millis(r.period) == period_ms).count() })
    }
}

/// Whole milliseconds, at least one, and few enough for Lua to count.
fn millis(duration: Duration) -> u64 {
    let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    millis.clamp(1, UNITS_MAX >> 10)
}
