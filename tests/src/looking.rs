//! What nobody tells a test, it looks for: again and again after a short pause, and never without a limit. Whatever an event
//! tells is awaited instead.

use std::time::Duration;

use anyhow::Context as _;

/// The pause between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Looks until something is so.
///
/// # Errors
/// A look failed, or it was not so within this time.
pub async fn until(
    what: &str,
    within: Duration,
    mut is_so: impl AsyncFnMut() -> anyhow::Result<bool>,
) -> anyhow::Result<()> {
    let looking = async {
        while !is_so().await? {
            tokio::time::sleep(LOOK_EVERY).await;
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(within, looking).await.with_context(|| format!("not so within {within:?}: {what}"))?
}
