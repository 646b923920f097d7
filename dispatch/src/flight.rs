//! The flight recorder: for each attempt of a job, the keys that were considered and why one was chosen, kept beside the
//! job. Written behind the attempt: when the writer can't follow, a record is dropped and counted, never waited for.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use domain::id::JobId;
use serde::Serialize;
use store::{
    Pool,
    flights::{self, FlightRow},
};
use tokio::sync::mpsc;

use crate::pool::{Chosen, Considered, NoKey};

/// How many records wait to be written.
const RECORDS_WAITING: usize = 2_048;
/// How many are written at once.
const WRITTEN_AT_ONCE: usize = 128;
/// How long a record is kept.
const KEPT: TimeDelta = TimeDelta::days(30);
/// How often old records are deleted.
const PURGE_EVERY: Duration = Duration::from_mins(10);
/// Under which name the last time is kept that a job found no key.
const WAITING: &str = "waiting";

/// One choice, as it is kept.
#[derive(Serialize)]
struct Flight<'a> {
    outcome: &'static str,
    waited_ms: u128,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u128>,
    considered: &'a [Considered],
}

/// Takes records and writes them behind. Cloning it is cheap.
#[derive(Clone)]
pub(crate) struct Recorder(mpsc::Sender<FlightRow>);

impl Recorder {
    /// Starts the writer, which ends with the last recorder.
    pub(crate) fn start(pool: Pool) -> Self {
        let (sender, receiver) = mpsc::channel(RECORDS_WAITING);
        tokio::spawn(write(pool, receiver));
        Self(sender)
    }

    /// Keeps why a key makes an attempt.
    pub(crate) fn chosen(&self, job_id: &JobId, attempt_id: &str, chosen: &Chosen) {
        let waited_ms = chosen.waited.as_millis();
        let flight = Flight { outcome: "chosen", waited_ms, retry_after_ms: None, considered: &chosen.considered };
        self.keep(job_id, attempt_id, &flight);
    }

    /// Keeps why there was no key; of a job that waits, the last time only.
    pub(crate) fn put_off(&self, job_id: &JobId, waited: Duration, no_key: &NoKey, considered: &[Considered]) {
        let (outcome, retry_after) = match no_key {
            NoKey::None => ("no_key", None),
            NoKey::Unwell { retry_after } => ("unwell", Some(retry_after)),
            NoKey::Busy { retry_after } => ("busy", Some(retry_after)),
            NoKey::Unavailable(_) => ("unavailable", None),
        };
        let retry_after_ms = retry_after.map(Duration::as_millis);
        self.keep(job_id, WAITING, &Flight { outcome, waited_ms: waited.as_millis(), retry_after_ms, considered });
    }

    fn keep(&self, job_id: &JobId, attempt: &str, flight: &Flight<'_>) {
        let Ok(body) = serde_json::to_string(flight) else { return };
        let (job_id, attempt) = (job_id.to_string(), attempt.to_owned());
        let row = FlightRow { job_id, attempt, recorded_at: chrono::Utc::now(), body };
        if self.0.try_send(row).is_err() {
            metrics::counter!("zephyr_flights_dropped_total").increment(1);
        }
    }
}

async fn write(pool: Pool, mut receiver: mpsc::Receiver<FlightRow>) {
    let mut rows = Vec::with_capacity(WRITTEN_AT_ONCE);
    let mut purged: Option<Instant> = None;
    while receiver.recv_many(&mut rows, WRITTEN_AT_ONCE).await > 0 {
        if let Err(error) = flights::put(&pool, &rows).await {
            tracing::warn!(%error, records = rows.len(), "flight records are lost");
        }
        rows.clear();
        if purged.is_none_or(|purged| purged.elapsed() >= PURGE_EVERY) {
            purged = Some(Instant::now());
            if let Err(error) = flights::purge(&pool, chrono::Utc::now() - KEPT).await {
                tracing::warn!(%error, "old flight records stay for now");
            }
        }
    }
}
