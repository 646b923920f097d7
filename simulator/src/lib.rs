//! The pretended upstreams, on the providers' own wire formats, with real content, tasks that age, and faults on request.
//!
//! One folder per provider (`ark`, `openai`, `runway`); what they share stands here: the clock, the request log, faults, files, media.
//! It depends on nothing of the gateway and never calls a real provider.

mod ark;
mod calls;
mod chance;
mod clock;
mod config;
mod control;
mod faults;
mod fields;
mod files;
mod incoming;
mod journal;
mod media;
mod messages;
mod openai;
mod requests;
mod runway;
mod server;
mod speech;
mod tasks;
mod vectors;
mod wording;

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex};

use serde_json::Value;

pub use config::Config;
pub use server::serve;

/// Everything that the routes share.
struct Sim {
    config: Config,
    clock: clock::Clock,
    requests: requests::Requests,
    faults: faults::Faults,
    files: files::Files,
    journal: journal::Journal,
    endpoints: Mutex<HashMap<String, String>>,
    ark: ark::Ark,
    runway: runway::Runway,
    openai: openai::OpenAi,
}

impl Sim {
    fn open(config: Config) -> io::Result<Self> {
        let (journal, records) = journal::Journal::open(config.state_dir.as_deref())?;
        let start_ms = records.iter().map(|record| record.clock_ms).max().unwrap_or(0);
        let files = files::Files::default();
        let mut entries = Vec::new();
        let (mut ark_tasks, mut runway_tasks, mut openai_videos) = (Vec::new(), Vec::new(), Vec::new());
        for record in records {
            match record.kind.as_str() {
                "request" => entries.extend(serde_json::from_value(record.value)),
                "file" => {
                    if let Ok(made) = serde_json::from_value(record.value) {
                        files.put(&record.id, made);
                    }
                }
                "ark_task" => ark_tasks.extend(serde_json::from_value(record.value)),
                "runway_task" => runway_tasks.extend(serde_json::from_value(record.value)),
                "openai_video" => openai_videos.extend(serde_json::from_value(record.value)),
                _ => {}
            }
        }
        Ok(Self {
            clock: clock::Clock::new(config.time_scale, start_ms),
            requests: requests::Requests::restore(entries),
            faults: faults::Faults::new(config.seed),
            files,
            journal,
            endpoints: Mutex::default(),
            ark: ark::Ark::restore(ark_tasks),
            runway: runway::Runway::restore(runway_tasks),
            openai: openai::OpenAi::restore(openai_videos),
            config,
        })
    }

    /// Keeps the newest state of one thing; null ends it.
    fn record(&self, kind: &str, id: &str, value: Value) {
        let clock_ms = self.clock.now_ms();
        self.journal.append(&journal::Record { kind: kind.into(), clock_ms, id: id.into(), value });
    }

    /// Puts a recipe on the shelf and returns its path; with the host that a caller uses, that is a link.
    fn shelve(&self, name: &str, recipe: files::Recipe) -> String {
        let id = format!("{name}.{}", recipe.extension());
        let made = files::Made { recipe, expires_at: chrono::Utc::now().timestamp() + files::LIFETIME_S };
        self.record("file", &id, serde_json::to_value(&made).unwrap_or_default());
        self.files.put(&id, made);
        format!("/_sim/files/{id}")
    }

    fn reset(&self) {
        self.faults.clear();
        self.requests.clear();
        self.files.clear();
        self.ark.clear();
        self.runway.clear();
        self.openai.clear();
        self.endpoints.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clear();
        self.journal.clear();
    }
}

/// The pretended upstreams as a router; clones of the router share one state.
pub struct Simulator {
    sim: Arc<Sim>,
}

impl Simulator {
    /// Opens a simulator, with the state that `config.state_dir` holds. Needs a Tokio runtime.
    pub fn new(config: Config) -> io::Result<Self> {
        let sim = Arc::new(Sim::open(config)?);
        ark::resume(&sim);
        Ok(Self { sim })
    }

    /// All routes. Served by anything else than [`serve`], a lost answer shows as a 500 instead of a dropped connection.
    pub fn router(&self) -> axum::Router {
        let upstreams = ark::routes().merge(openai::routes()).merge(runway::routes());
        control::routes().merge(upstreams).with_state(self.sim.clone())
    }
}

/// Now, for people (RFC 3339, UTC).
fn now_text() -> String {
    chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

/// A provider's request id: `02`, the time, and what the seed and the call's number give.
fn request_id(seed: u64, seq: u64) -> String {
    let tail = chance::mix(chance::mix(seed) ^ seq);
    format!("02{:013}{tail:016x}", chrono::Utc::now().timestamp_millis())
}
