//! Windows and leases in the memory of one process.
//!
//! What has lapsed is swept away now and then, so memory follows use. Never more than [`KEYS_MAX`] windows or leased keys.

use crate::{Busy, Decision, Lease, LimitError, Room, Rule, Take, line::Line};
use std::{
    collections::{HashMap, VecDeque},
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// How many windows, and how many leased keys, are held at most.
pub(crate) const KEYS_MAX: usize = 500_000;
/// After how many calls the lapsed are swept away.
const SWEEP_EVERY: u32 = 4_096;

/// Windows and leases in the memory of one process.
pub(crate) struct Memory {
    clock: Box<dyn Fn() -> Duration + Send + Sync>,
    state: Mutex<State>,
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").finish_non_exhaustive()
    }
}

impl Memory {
    pub(crate) fn new(clock: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        Self { clock: Box::new(clock), state: Mutex::default() }
    }

    pub(crate) fn check(&self, key: &str, rules: &[Rule]) -> Result<Decision, LimitError> {
        let (mut state, now) = self.lock()?;
        if let Some((retry_after, rule)) = state.longest_wait(key, rules, now) {
            return Ok(Decision::Limited { retry_after, rule });
        }
        state.count(key, rules, now);
        let rooms = rules.iter().map(|rule| state.log(key, rule).room(now, rule));
        Ok(Decision::Allowed(rooms.collect()))
    }

    /// Takes all or nothing; answers why nothing was taken.
    pub(crate) fn take(&self, key: &str, rules: &[Rule], take: &Take<'_>) -> Result<Option<Busy>, LimitError> {
        let (mut state, now) = self.lock()?;
        let refused = state.refusal(key, rules, take, now);
        let line = state.lines.entry(key.to_owned()).or_default();
        match (refused, take.waiter) {
            (Some(_), Some(waiter)) => line.join(waiter, now),
            (None, Some(waiter)) => line.leave(waiter),
            (_, None) => {}
        }
        if refused.is_none() {
            if let Some(place) = &take.place {
                let holders = state.leases.entry(key.to_owned()).or_default();
                holders.insert(place.holder.to_owned(), now + place.ttl_ms());
            }
            state.count(key, rules, now);
        }
        Ok(refused)
    }

    pub(crate) fn record(&self, key: &str, rules: &[Rule]) -> Result<(), LimitError> {
        let (mut state, now) = self.lock()?;
        state.count(key, rules, now);
        Ok(())
    }

    pub(crate) fn leave(&self, key: &str, waiter: &str) {
        let (mut state, _) = self.guard();
        if let Some(line) = state.lines.get_mut(key) {
            line.leave(waiter);
        }
    }

    pub(crate) fn places_taken(&self, key: &str) -> u32 {
        let (state, now) = self.guard();
        let taken = state.leases.get(key).map_or(0, |holders| holders.values().filter(|until| **until > now).count());
        u32::try_from(taken).unwrap_or(u32::MAX)
    }

    pub(crate) fn lease(&self, lease: &Lease, max: u32, ttl_ms: u64) -> Result<bool, LimitError> {
        let (mut state, now) = self.lock()?;
        let holders = state.leases.entry(lease.key.clone()).or_default();
        holders.retain(|_, until| *until > now);
        let has_room = holders.len() < max as usize || holders.contains_key(&lease.holder);
        if has_room {
            holders.insert(lease.holder.clone(), now + ttl_ms);
        }
        Ok(has_room)
    }

    pub(crate) fn renew(&self, lease: &Lease, ttl_ms: u64) -> bool {
        let (mut state, now) = self.guard();
        let holders = state.leases.get_mut(&lease.key);
        match holders.and_then(|h| h.get_mut(&lease.holder)) {
            Some(until) if *until > now => {
                *until = now + ttl_ms;
                true
            }
            _ => false,
        }
    }

    pub(crate) fn release(&self, lease: &Lease) {
        let (mut state, _) = self.guard();
        if let Some(holders) = state.leases.get_mut(&lease.key) {
            holders.remove(&lease.holder);
            if holders.is_empty() {
                state.leases.remove(&lease.key);
            }
        }
    }

    /// The state and the time, for a call that may add a key.
    fn lock(&self) -> Result<(MutexGuard<'_, State>, u64), LimitError> {
        let (mut state, now) = self.guard();
        state.calls = state.calls.wrapping_add(1);
        if state.calls.is_multiple_of(SWEEP_EVERY) || state.is_full() {
            state.sweep(now);
        }
        if state.is_full() {
            return Err(LimitError::Unavailable("too many keys are limited".into()));
        }
        Ok((state, now))
    }

    fn guard(&self) -> (MutexGuard<'_, State>, u64) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let now = u64::try_from((self.clock)().as_millis()).unwrap_or(u64::MAX >> 1);
        // A clock that steps back stands still here.
        state.now = state.now.max(now);
        let now = state.now;
        (state, now)
    }
}

#[derive(Debug, Default)]
struct State {
    now: u64,
    calls: u32,
    windows: HashMap<WindowId, Log>,
    leases: HashMap<String, HashMap<String, u64>>,
    lines: HashMap<String, Line>,
}

impl State {
    fn is_full(&self) -> bool {
        [self.windows.len(), self.leases.len(), self.lines.len()].into_iter().any(|keys| keys >= KEYS_MAX)
    }

    fn log(&mut self, key: &str, rule: &Rule) -> &mut Log {
        self.windows.entry(WindowId::new(key, rule)).or_default()
    }

    /// How long the rules make a call wait, and which of them the longest.
    fn longest_wait(&mut self, key: &str, rules: &[Rule], now: u64) -> Option<(Duration, usize)> {
        let mut longest: Option<(u64, usize)> = None;
        for (place, rule) in rules.iter().enumerate() {
            let log = self.log(key, rule);
            log.forget(now, rule.period_ms);
            let wait = log.wait_ms(now, rule);
            if wait > longest.map_or(0, |(ms, _)| ms) {
                longest = Some((wait, place));
            }
        }
        longest.map(|(ms, rule)| (Duration::from_millis(ms), rule))
    }

    fn count(&mut self, key: &str, rules: &[Rule], now: u64) {
        for rule in rules {
            self.log(key, rule).add(now, rule.cost);
        }
    }

    fn refusal(&mut self, key: &str, rules: &[Rule], take: &Take<'_>, now: u64) -> Option<Busy> {
        let mut room = u64::MAX;
        if let Some(place) = &take.place {
            let holders = self.leases.entry(key.to_owned()).or_default();
            holders.retain(|_, until| *until > now);
            if !holders.contains_key(place.holder) {
                room = u64::from(place.of).saturating_sub(holders.len() as u64);
            }
        }
        if room == 0 {
            return Some(Busy::Places);
        }
        if let Some((retry_after, rule)) = self.longest_wait(key, rules, now) {
            return Some(Busy::Window { rule, retry_after });
        }
        for rule in rules.iter().filter(|rule| rule.cost > 0) {
            room = room.min(rule.limit.saturating_sub(self.log(key, rule).sum) / rule.cost);
        }
        let ahead = self.lines.entry(key.to_owned()).or_default().ahead_of(take.waiter, now);
        (ahead > 0 && room <= ahead).then_some(Busy::Turn)
    }

    fn sweep(&mut self, now: u64) {
        self.windows.retain(|id, log| log.last() + id.period_ms >= now && log.sum > 0);
        self.leases.retain(|_, holders| {
            holders.retain(|_, until| *until > now);
            !holders.is_empty()
        });
        self.lines.retain(|_, line| line.ahead_of(None, now) > 0);
    }
}

impl Memory {
    /// Counts one call of a window as more or less than it took.
    pub(crate) fn correct(&self, key: &str, period_ms: u64, (taken, right): (u64, u64)) -> Result<(), LimitError> {
        let (mut state, now) = self.lock()?;
        let log = state.windows.entry(WindowId { key: key.to_owned(), period_ms, twin: 0 }).or_default();
        log.forget(now, period_ms);
        if right > taken {
            log.add(now, right - taken)
        } else {
            log.give_back(taken - right)
        }
        Ok(())
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct WindowId {
    key: String,
    period_ms: u64,
    twin: usize,
}

impl WindowId {
    fn new(key: &str, rule: &Rule) -> Self {
        Self { key: key.to_owned(), period_ms: rule.period_ms, twin: rule.twin }
    }
}

/// What was admitted, oldest first, one entry per millisecond. An entry counts through the whole period, both ends included.
#[derive(Debug, Default)]
struct Log {
    entries: VecDeque<(u64, u64)>,
    sum: u64,
}

impl Log {
    fn forget(&mut self, now: u64, period_ms: u64) {
        while let Some(&(at, cost)) = self.entries.front() {
            if at + period_ms >= now {
                return;
            }
            self.entries.pop_front();
            self.sum -= cost;
        }
    }

    /// How long until the rule admits its cost; 0 is now.
    fn wait_ms(&self, now: u64, rule: &Rule) -> u64 {
        let mut sum = self.sum;
        for &(at, cost) in &self.entries {
            if sum + rule.cost <= rule.limit {
                return 0;
            }
            sum -= cost;
            if sum + rule.cost <= rule.limit {
                return at + rule.period_ms + 1 - now;
            }
        }
        0
    }

    fn add(&mut self, now: u64, cost: u64) {
        if cost == 0 {
            return;
        }
        self.sum += cost;
        match self.entries.back_mut() {
            Some((at, sum)) if *at == now => *sum += cost,
            _ => self.entries.push_back((now, cost)),
        }
    }

    fn room(&self, now: u64, rule: &Rule) -> Room {
        let oldest = self.entries.front();
        let reset_ms = oldest.map_or(0, |&(at, _)| at + rule.period_ms + 1 - now);
        Room { remaining: rule.limit.saturating_sub(self.sum), reset_after: Duration::from_millis(reset_ms) }
    }

    fn last(&self) -> u64 {
        self.entries.back().map_or(0, |&(at, _)| at)
    }
}

impl Log {
    /// The oldest first: what is left then counts no shorter than it should.
    fn give_back(&mut self, mut less: u64) {
        while let Some((_, cost)) = self.entries.front_mut() {
            let part = less.min(*cost);
            (*cost, less, self.sum) = (*cost - part, less - part, self.sum - part);
            if *cost > 0 {
                return;
            }
            self.entries.pop_front();
        }
    }
}
