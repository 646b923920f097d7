//! Faults on request: what goes wrong with the next calls that match, and how often.
//! The first scheduled fault that matches a call is used; randomness comes from the configured seed alone.

use std::sync::Mutex;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::chance::Dice;
use crate::requests::Entry;

/// How many faults may be scheduled at once.
pub const MAX_FAULTS: usize = 1_000;
/// The longest delay that a fault may ask for.
pub const MAX_DELAY_MS: u64 = 600_000;

/// Which calls a fault concerns; an absent field matches all.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Match {
    provider: Option<String>,
    op: Option<String>,
    /// How the API key begins.
    key: Option<String>,
    model: Option<String>,
}

/// A task that is accepted and fails later.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TaskError {
    /// The provider's code.
    pub code: String,
    /// The provider's message.
    #[serde(default)]
    pub message: String,
}

/// One scheduled fault; the effects combine, a delay comes first.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fault {
    #[serde(rename = "match")]
    matches: Match,
    times: Option<u64>,
    probability: Option<f64>,
    forever: bool,
    /// Refuse with this HTTP status.
    pub status: Option<u16>,
    /// The provider's code in that refusal.
    pub code: Option<String>,
    /// The message in that refusal.
    pub message: Option<String>,
    /// Seconds in the refusal's `Retry-After`.
    pub retry_after: Option<u64>,
    /// Real milliseconds to wait before anything else.
    pub delay_ms: u64,
    /// Take the request and never answer.
    pub hang: bool,
    /// Drop the connection after so many chunks of a stream (or half of a plain body).
    pub cut_after_chunks: Option<usize>,
    /// Answer 200 with a body that is not JSON; no work is done.
    pub garbage: bool,
    /// Do the work, then drop the connection.
    pub lose_answer: bool,
    /// Fields of `usage` to overwrite.
    pub wrong_usage: Option<Map<String, Value>>,
    /// A video task that is accepted and fails after running.
    pub task_error: Option<TaskError>,
    /// Indices of images that fail in an otherwise good answer.
    pub fail_images: Vec<u32>,
}

impl Fault {
    /// Says what is wrong with it, if anything.
    pub fn problem(&self) -> Option<String> {
        if self.delay_ms > MAX_DELAY_MS {
            return Some(format!("delay_ms is at most {MAX_DELAY_MS}"));
        }
        if self.probability.is_some_and(|p| !(0.0..=1.0).contains(&p)) {
            return Some("probability is between 0 and 1".into());
        }
        if self.status.is_some_and(|status| !(400..=599).contains(&status)) {
            return Some("status is between 400 and 599".into());
        }
        if self.times == Some(0) {
            return Some("times is at least 1".into());
        }
        None
    }

    fn concerns(&self, call: &Entry, key: &str) -> bool {
        let is = |wanted: &Option<String>, found: Option<&str>| wanted.as_deref().is_none_or(|w| Some(w) == found);
        is(&self.matches.provider, Some(&call.provider))
            && is(&self.matches.op, Some(&call.op))
            && is(&self.matches.model, call.model.as_deref())
            && self.matches.key.as_deref().is_none_or(|prefix| key.starts_with(prefix))
    }
}

#[derive(Debug)]
struct Schedule {
    faults: Vec<Fault>,
    dice: Dice,
    seed: u64,
}

/// The faults still to come.
#[derive(Debug)]
pub struct Faults(Mutex<Schedule>);

impl Faults {
    /// None scheduled; `seed` decides the probable ones.
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(Schedule { faults: Vec::new(), dice: Dice::new(seed), seed }))
    }

    /// Appends faults; says what is wrong and schedules none of them when one is bad or they are too many.
    pub fn schedule(&self, faults: Vec<Fault>) -> Result<usize, String> {
        if let Some(problem) = faults.iter().find_map(Fault::problem) {
            return Err(problem);
        }
        let mut schedule = self.lock();
        if schedule.faults.len() + faults.len() > MAX_FAULTS {
            return Err(format!("at most {MAX_FAULTS} faults may be scheduled"));
        }
        schedule.faults.extend(faults);
        Ok(schedule.faults.len())
    }

    /// The fault that strikes this call, counted down.
    pub fn take(&self, call: &Entry, key: &str) -> Option<Fault> {
        let schedule = &mut *self.lock();
        let mut index = 0;
        while index < schedule.faults.len() {
            let fault = &schedule.faults[index];
            let strikes = fault.concerns(call, key) && fault.probability.is_none_or(|p| schedule.dice.happens(p));
            if strikes {
                return Some(use_up(&mut schedule.faults, index));
            }
            index += 1;
        }
        None
    }

    /// What is still scheduled.
    pub fn list(&self) -> Vec<Fault> {
        self.lock().faults.clone()
    }

    /// Cancels all and starts the dice again.
    pub fn clear(&self) {
        let mut schedule = self.lock();
        schedule.faults.clear();
        schedule.dice = Dice::new(schedule.seed);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Schedule> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Counts one use and removes the fault after its last.
fn use_up(faults: &mut Vec<Fault>, index: usize) -> Fault {
    let fault = faults[index].clone();
    if !fault.forever {
        match faults[index].times.unwrap_or(1) {
            0 | 1 => drop(faults.remove(index)),
            left => faults[index].times = Some(left - 1),
        }
    }
    fault
}
