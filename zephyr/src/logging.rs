//! The log, on standard error: text on a terminal, JSON anywhere else, each record with the spans it stands in.

use std::io::IsTerminal as _;

use anyhow::Context as _;
use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt as _, util::SubscriberInitExt as _};

use crate::config::{LogFormat, LoggingConfig};

/// Starts to log. Request and job ids stand in the spans that `api` and `worker` open.
///
/// # Errors
/// When `RUST_LOG` can't be understood.
pub fn start(config: &LoggingConfig) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&config.filter).context("RUST_LOG can't be used")?;
    let json = match config.format {
        LogFormat::Automatic => !std::io::stderr().is_terminal(),
        LogFormat::Json => true,
        LogFormat::Text => false,
    };
    let layer = fmt::layer().with_writer(std::io::stderr);
    let registry = tracing_subscriber::registry().with(filter);
    if json {
        registry.with(layer.json().flatten_event(true)).try_init()?;
    } else {
        registry.with(layer).try_init()?;
    }
    Ok(())
}
