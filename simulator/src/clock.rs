//! Simulated time: it runs faster or slower than the wall clock by a scale that can change at any moment.
//! Sleepers notice a change and adjust, so a test can start slow and finish at once.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use tokio::sync::watch;

/// The smallest and largest scale that `set_scale` takes.
pub const SCALES: std::ops::RangeInclusive<f64> = 0.0001..=1_000.0;

/// The simulator's own clock, in milliseconds.
#[derive(Debug)]
pub struct Clock {
    base: Mutex<Base>,
    scale: watch::Sender<f64>,
}

#[derive(Debug)]
struct Base {
    real: Instant,
    simulated_ms: f64,
}

impl Clock {
    /// A clock that stands at `start_ms` now and runs by `scale`, brought into range.
    pub fn new(scale: f64, start_ms: u64) -> Self {
        let scale = if scale.is_finite() { scale.clamp(*SCALES.start(), *SCALES.end()) } else { 1.0 };
        let base = Base { real: Instant::now(), simulated_ms: start_ms as f64 };
        Self { base: Mutex::new(base), scale: watch::Sender::new(scale) }
    }

    /// Real time per simulated time.
    pub fn scale(&self) -> f64 {
        *self.scale.borrow()
    }

    /// Simulated milliseconds.
    pub fn now_ms(&self) -> u64 {
        self.at(Instant::now()) as u64
    }

    /// Changes the scale from now on; false when it is out of range.
    pub fn set_scale(&self, scale: f64) -> bool {
        if !SCALES.contains(&scale) {
            return false;
        }
        let now = Instant::now();
        let simulated_ms = self.at(now);
        *self.base.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Base { real: now, simulated_ms };
        self.scale.send_replace(scale);
        true
    }

    /// Waits for `ms` of simulated time.
    pub async fn sleep(&self, ms: u64) {
        if ms > 0 {
            self.sleep_until(self.now_ms() + ms).await;
        }
    }

    /// Waits until the simulated clock shows `until_ms`.
    pub async fn sleep_until(&self, until_ms: u64) {
        let mut changes = self.scale.subscribe();
        loop {
            let left = until_ms as f64 - self.at(Instant::now());
            if left <= 0.0 {
                return;
            }
            let real = Duration::from_secs_f64((left * self.scale() / 1_000.0).min(86_400.0));
            tokio::select! {
                () = tokio::time::sleep(real) => {}
                _ = changes.changed() => {}
            }
        }
    }

    fn at(&self, now: Instant) -> f64 {
        let base = self.base.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        base.simulated_ms + now.duration_since(base.real).as_secs_f64() * 1_000.0 / self.scale()
    }
}
