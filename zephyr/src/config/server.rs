//! What this process itself does: where it listens, how it is reached, how much it works on, what it logs.

use std::{net::SocketAddr, time::Duration};

use super::{ConfigError, Variables};

/// Where this process listens and how it is reached.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// The address that the API listens on (`ZEPHYR_LISTEN`).
    pub listen: SocketAddr,
    /// Where people and clients reach it, without a slash at its end; by its address unless set (`ZEPHYR_PUBLIC_URL`).
    pub public_url: Option<String>,
    /// What a credit is worth, for display only (`ZEPHYR_CREDIT_VALUE`).
    pub credit_value: String,
    /// Origins whose scripts may call the API with a bearer token (`ZEPHYR_CORS_ALLOW`).
    pub cors_allow: Vec<String>,
    /// Networks of our own proxies: only they may say who the client is (`ZEPHYR_TRUSTED_PROXIES`).
    pub trusted_proxies: Vec<String>,
    /// Hosts and networks that guarded calls may reach although they are private (`ZEPHYR_EGRESS_ALLOW`).
    pub egress_allow: Vec<String>,
    /// How long a role that was asked to stop may take to end what it has begun (`ZEPHYR_SHUTDOWN_MS`).
    pub shutdown_within: Duration,
    /// Whether pages about pages are shown; only `zephyr up` does.
    pub development: bool,
}

impl ServerConfig {
    /// Reads the section.
    ///
    /// # Errors
    /// The first variable that can't be used.
    pub fn read(variables: &Variables) -> Result<Self, ConfigError> {
        let listen = variables.parsed("ZEPHYR_LISTEN", SocketAddr::from(([127, 0, 0, 1], 8000)))?;
        let public_url = match variables.text("ZEPHYR_PUBLIC_URL") {
            Some(url) if !url.starts_with("http://") && !url.starts_with("https://") => {
                let why = "it begins with http:// or https://".to_owned();
                return Err(ConfigError::Unusable { name: "ZEPHYR_PUBLIC_URL", why });
            }
            found => found.map(|url| url.trim_end_matches('/').to_owned()),
        };
        Ok(Self {
            listen,
            public_url,
            credit_value: variables.text("ZEPHYR_CREDIT_VALUE").unwrap_or("0.01 USD").to_owned(),
            cors_allow: variables.list("ZEPHYR_CORS_ALLOW")?,
            trusted_proxies: variables.list("ZEPHYR_TRUSTED_PROXIES")?,
            egress_allow: variables.list("ZEPHYR_EGRESS_ALLOW")?,
            shutdown_within: variables.milliseconds("ZEPHYR_SHUTDOWN_MS", Duration::from_secs(50))?,
            development: false,
        })
    }
}

/// How a server at this address is reached from the same machine.
#[must_use]
pub fn local_url(address: SocketAddr) -> String {
    let everywhere = address.ip().is_unspecified();
    if everywhere { format!("http://127.0.0.1:{}", address.port()) } else { format!("http://{address}") }
}

/// How much a worker does at the same time, and when it sweeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkerConfig {
    /// How many jobs it works on at once (`ZEPHYR_WORKER_CONCURRENCY`).
    pub concurrency: u16,
    /// The pause between two looks for what nobody can see any more (`ZEPHYR_SWEEP_EVERY_MS`).
    pub sweep_every: Duration,
    /// How long the bytes of a file outlast its deletion or expiry (`ZEPHYR_PURGE_AFTER_MS`).
    pub purge_after: Duration,
}

/// The most jobs that one worker works on at once.
pub const WORKER_CONCURRENCY_MAX: u16 = 4_096;

impl WorkerConfig {
    /// Reads the section.
    ///
    /// # Errors
    /// `ZEPHYR_WORKER_CONCURRENCY`, when it is no number from 1 to 4096; a pause or an age that can't be used.
    pub fn read(variables: &Variables) -> Result<Self, ConfigError> {
        let concurrency = variables.parsed("ZEPHYR_WORKER_CONCURRENCY", 64)?;
        if !(1..=WORKER_CONCURRENCY_MAX).contains(&concurrency) {
            let why = format!("it is no number from 1 to {WORKER_CONCURRENCY_MAX}");
            return Err(ConfigError::Unusable { name: "ZEPHYR_WORKER_CONCURRENCY", why });
        }
        Ok(Self {
            concurrency,
            sweep_every: variables.milliseconds("ZEPHYR_SWEEP_EVERY_MS", Duration::from_mins(5))?,
            purge_after: variables.milliseconds("ZEPHYR_PURGE_AFTER_MS", Duration::from_hours(1))?,
        })
    }
}

/// The pretended upstreams.
#[derive(Clone, Debug)]
pub struct SimulatorConfig {
    /// Real time per simulated time; 0.01 makes everything a hundred times faster (`ZEPHYR_SIMULATOR_TIME_SCALE`).
    pub time_scale: f64,
}

impl SimulatorConfig {
    /// Reads the section.
    ///
    /// # Errors
    /// `ZEPHYR_SIMULATOR_TIME_SCALE`, when it is no number from 0.0001 to 1000.
    pub fn read(variables: &Variables) -> Result<Self, ConfigError> {
        let time_scale = variables.parsed("ZEPHYR_SIMULATOR_TIME_SCALE", 1.0)?;
        if !(0.0001..=1_000.0).contains(&time_scale) {
            let why = "it is no number from 0.0001 to 1000".to_owned();
            return Err(ConfigError::Unusable { name: "ZEPHYR_SIMULATOR_TIME_SCALE", why });
        }
        Ok(Self { time_scale })
    }
}

/// What is logged, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggingConfig {
    /// Which records, as directives (`RUST_LOG`).
    pub filter: String,
    /// In which form (`ZEPHYR_LOG`).
    pub format: LogFormat,
}

/// The form of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// Text on a terminal, JSON anywhere else.
    Automatic,
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}

impl LoggingConfig {
    /// Reads the section.
    ///
    /// # Errors
    /// `ZEPHYR_LOG`, when it is neither `json` nor `text`.
    pub fn read(variables: &Variables) -> Result<Self, ConfigError> {
        let format = match variables.text("ZEPHYR_LOG") {
            None => LogFormat::Automatic,
            Some("json") => LogFormat::Json,
            Some("text") => LogFormat::Text,
            Some(_) => return Err(ConfigError::Unusable { name: "ZEPHYR_LOG", why: "it is json or text".into() }),
        };
        Ok(Self { filter: variables.text("RUST_LOG").unwrap_or("info").to_owned(), format })
    }
}
