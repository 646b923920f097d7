//! `zephyr rebuild`: the read models again from the log, beside the live ones; switched when both are equal.

use projections::rebuild::{compare, rebuild};

use super::migrate::connect;
use crate::{cli::RebuildArgs, config::Config, console::say};

/// A progress line after so many positions.
const TELL_EVERY: i64 = 10_000;

/// Runs the command.
///
/// # Errors
/// When they differ, another rebuild is under way, or the database is out of reach. The live ones stay active then.
pub async fn run(config: &Config, arguments: &RebuildArgs) -> anyhow::Result<()> {
    let pool = connect(config).await?;
    let mut told = 0;
    let progress = |position: i64| {
        if position - told >= TELL_EVERY {
            told = position;
            say(&format!("position {position}"));
        }
    };
    let report = if arguments.compare { compare(&pool, progress).await? } else { rebuild(&pool, progress).await? };
    let rows = match report.rows {
        Some(rows) => format!("{rows} rows are equal, byte for byte"),
        None => "the live tables have another shape, so there was nothing to compare".to_owned(),
    };
    say(&format!("at position {}: {rows}; generation {} is active", report.position, report.active));
    Ok(())
}
