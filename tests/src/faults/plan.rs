//! What a seed decides: everything but how the machine schedules it.

use std::time::Duration;

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};
use serde_json::{Value, json};

use crate::gateway::{Mode, Role};

/// How many jobs are asked for.
pub const ERRANDS: usize = 20;
/// The most faults of the provider in one run.
const FAULTS_MAX: usize = 5;
/// Errands begin within so many milliseconds.
const BEGIN_WITHIN_MS: u64 = 120;
/// The kill follows its sign within so many microseconds.
const OFFSET_MAX_US: u64 = 30_000;
/// A kill waits for fewer calls upstream than this: about as many as twenty jobs make before the first video is done.
const CALLS_MAX: u64 = 22;
/// A kill waits for fewer events than this: most of what twenty jobs come to.
const EVENTS_MAX: i64 = 80;
/// One run in so many has a second kill, while it recovers from the first.
const SECOND_KILL_ONE_IN: u32 = 4;

/// One run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What decided all of it.
    pub seed: u64,
    /// How the gateway is run.
    pub mode: Mode,
    /// The provider's time per real time.
    pub time_scale: f64,
    /// What is asked for.
    pub errands: Vec<Errand>,
    /// What goes wrong at the provider.
    pub faults: Vec<Value>,
    /// Who is killed, and when; one after the other.
    pub kills: Vec<Kill>,
}

/// One thing that a client wants.
#[derive(Clone, Copy, Debug)]
pub struct Errand {
    /// What.
    pub kind: ErrandKind,
    /// When it begins.
    pub begins_after: Duration,
}

/// What a client wants, and how it behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrandKind {
    /// A text, waited for.
    Chat,
    /// A text as it comes.
    StreamedChat,
    /// A text as it comes, hung up on after so many pieces.
    LeftChat {
        /// How many pieces are read.
        pieces: usize,
    },
    /// An image, waited for.
    Image,
    /// A text, an image or a video through the queue.
    Job {
        /// Which.
        product: Product,
        /// Whether it is canceled after so many milliseconds.
        cancel_after_ms: Option<u64>,
    },
}

/// What goes through the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Product {
    /// A chat.
    Text,
    /// An image.
    Image,
    /// A video.
    Video,
}

/// One kill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kill {
    /// Who.
    pub victims: Vec<Role>,
    /// The sign that is waited for.
    pub sign: Sign,
    /// How long after it.
    pub offset: Duration,
}

/// Something that is seen from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// So many calls have arrived at the provider, counted from the beginning (or from the kill before).
    UpstreamCalls(u64),
    /// So many events were appended since then.
    LedgerEvents(i64),
}

impl Plan {
    /// The run of a seed. Even seeds take one process, odd ones several.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        let mut dice = StdRng::seed_from_u64(seed);
        let mode = if seed.is_multiple_of(2) { Mode::Up } else { Mode::Separate };
        let time_scale = f64::from(dice.random_range(20..80_u32)) / 1_000.0;
        let errands = (0..ERRANDS).map(|_| errand(&mut dice)).collect();
        let faults = (0..dice.random_range(0..=FAULTS_MAX)).map(|_| fault(&mut dice)).collect();
        let mut kills = vec![kill(&mut dice, mode)];
        if dice.random_ratio(1, SECOND_KILL_ONE_IN) {
            kills.push(kill(&mut dice, mode));
        }
        Self { seed, mode, time_scale, errands, faults, kills }
    }
}

fn errand(dice: &mut StdRng) -> Errand {
    let begins_after = Duration::from_millis(dice.random_range(0..BEGIN_WITHIN_MS));
    let kind = match dice.random_range(0..20) {
        0..=2 => ErrandKind::Chat,
        3..=4 => ErrandKind::StreamedChat,
        5..=6 => ErrandKind::LeftChat { pieces: dice.random_range(0..6) },
        7..=8 => ErrandKind::Image,
        9..=10 => job(dice, Product::Text),
        11..=13 => job(dice, Product::Image),
        _ => job(dice, Product::Video),
    };
    Errand { kind, begins_after }
}

fn job(dice: &mut StdRng, product: Product) -> ErrandKind {
    let cancel_after_ms = dice.random_ratio(1, 4).then(|| dice.random_range(0..400));
    ErrandKind::Job { product, cancel_after_ms }
}

/// A fault of the provider: refusals that allow another try, refusals that don't, and answers that get lost.
fn fault(dice: &mut StdRng) -> Value {
    let op = ["chat", "images", "video_create"].choose(dice).copied().unwrap_or("chat");
    let concerns = json!({ "op": op });
    match dice.random_range(0..12) {
        0..=2 => json!({ "match": concerns, "lose_answer": true }),
        3..=5 => json!({ "match": concerns, "status": 429, "code": "RateLimitExceeded.EndpointRPMExceeded" }),
        6 => json!({ "match": concerns, "status": 500, "code": "InternalServiceError" }),
        7 => json!({ "match": concerns, "cut_after_chunks": dice.random_range(0..4) }),
        8..=9 => json!({ "match": concerns, "delay_ms": dice.random_range(50..400) }),
        10 => json!({ "match": concerns, "garbage": true }),
        _ => json!({ "match": { "op": "video_create" }, "task_error": { "code": "InternalServiceError" } }),
    }
}

fn kill(dice: &mut StdRng, mode: Mode) -> Kill {
    let victims = match mode {
        Mode::Up => vec![Role::Up],
        Mode::Separate => match dice.random_range(0..8) {
            0..=2 => vec![Role::Api],
            3..=5 => vec![Role::Worker],
            6 => vec![Role::Api, Role::Worker],
            _ => vec![Role::Simulator],
        },
    };
    let sign = if dice.random_bool(0.5) {
        Sign::UpstreamCalls(dice.random_range(1..CALLS_MAX))
    } else {
        Sign::LedgerEvents(dice.random_range(1..EVENTS_MAX))
    };
    Kill { victims, sign, offset: Duration::from_micros(dice.random_range(0..OFFSET_MAX_US)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_is_the_same_run() {
        for seed in 0..50 {
            assert_eq!(format!("{:?}", Plan::of(seed)), format!("{:?}", Plan::of(seed)));
        }
    }

    #[test]
    fn half_of_the_seeds_run_in_one_process_and_every_victim_is_hit() {
        let plans: Vec<Plan> = (0..200).map(Plan::of).collect();
        assert_eq!(plans.iter().filter(|plan| plan.mode == Mode::Up).count(), 100);
        for role in [Role::Up, Role::Api, Role::Worker, Role::Simulator] {
            assert!(plans.iter().flat_map(|plan| &plan.kills).any(|kill| kill.victims.contains(&role)), "{role:?}");
        }
    }
}
