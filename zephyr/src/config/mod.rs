//! The configuration: one documented struct per section, from the environment and `.env`. `.env.example` lists everything.
//!
//! It is read once, at the start, and handed on as arguments. A secret that a production role needs has no default.

mod ages;
mod parts;
mod server;
mod variables;

use std::path::PathBuf;

pub use ages::AgesConfig;
pub use parts::{Deployment, MessageBus, ObjectsPart, PartsConfig, RateLimits};
pub use server::{LogFormat, LoggingConfig, ServerConfig, SimulatorConfig, WorkerConfig, local_url};
pub use variables::{AGE_MAX, ConfigError, Variables};

/// Everything that can be set.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where this process listens and how it is reached.
    pub server: ServerConfig,
    /// How much a worker does at the same time.
    pub worker: WorkerConfig,
    /// How long things may take.
    pub ages: AgesConfig,
    /// The other parts: database, broker, limits, objects, secrets. Each may be absent for `up`.
    pub parts: PartsConfig,
    /// The pretended upstreams.
    pub simulator: SimulatorConfig,
    /// What is logged, and how.
    pub logging: LoggingConfig,
    /// Where `up` keeps its data (`ZEPHYR_DATA_DIR`).
    pub data_dir: Option<PathBuf>,
    /// Where programs are looked for (`PATH`).
    pub search_path: Vec<PathBuf>,
}

impl Config {
    /// Reads all sections.
    ///
    /// # Errors
    /// The first variable that can't be used.
    pub fn read(variables: &Variables) -> Result<Self, ConfigError> {
        if variables.text("EVENTSTORE_URL").is_some() {
            let why = "this build has no EventStoreDB mirror; unset it".to_owned();
            return Err(ConfigError::Unusable { name: "EVENTSTORE_URL", why });
        }
        Ok(Self {
            server: ServerConfig::read(variables)?,
            worker: WorkerConfig::read(variables)?,
            ages: AgesConfig::read(variables)?,
            parts: PartsConfig::read(variables)?,
            simulator: SimulatorConfig::read(variables)?,
            logging: LoggingConfig::read(variables)?,
            data_dir: variables.text("ZEPHYR_DATA_DIR").map(PathBuf::from),
            search_path: variables
                .text("PATH")
                .map(|path| path.split(':').map(PathBuf::from).collect())
                .unwrap_or_default(),
        })
    }
}
