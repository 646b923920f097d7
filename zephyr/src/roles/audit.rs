//! `zephyr audit verify`: walks the whole log and checks positions, sequences, leaves, roots, chain and head.

use super::migrate::connect;
use crate::{config::Config, console::say};

/// Verifies the log.
///
/// # Errors
/// The first divergence, or that the database is out of reach.
pub async fn verify(config: &Config) -> anyhow::Result<()> {
    let pool = connect(config).await?;
    let verified = store::verify::verify(&pool).await?;
    say(&format!(
        "the log is whole: {} events in {} batches; its chain ends in {}",
        verified.position,
        verified.batches,
        hex::encode(verified.hash)
    ));
    Ok(())
}
