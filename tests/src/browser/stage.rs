//! A test in a browser: opened, played, judged by the console, closed whatever happened; a failure leaves a picture.

use std::{fs, path::PathBuf};

use anyhow::{Context as _, ensure};
use tokio::sync::Semaphore;

use super::session::{Browser, Scripts};

/// How many browsers are open at a time.
static SEATS: Semaphore = Semaphore::const_new(2);

/// Plays in a browser of its own at a gateway. No page may break its policy or complain in the console, but for
/// complaints that hold one of `forgiven`.
///
/// # Errors
/// What went wrong, and where its picture is.
pub async fn on_stage(
    base_url: &str,
    scripts: Scripts,
    forgiven: &[&str],
    play: impl AsyncFnOnce(&Browser) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let _seat = SEATS.acquire().await?;
    let browser = Browser::open(base_url, scripts).await?;
    let mut played = play(&browser).await;
    if played.is_ok() {
        played = silent(&browser, forgiven).await;
    }
    if let Err(error) = played {
        let kept = keep(&browser).await;
        // The first error is the one that counts.
        drop(browser.close().await);
        return Err(error.context(kept.unwrap_or_else(|error| format!("no picture of it: {error}"))));
    }
    browser.close().await
}

/// That the console holds no complaint.
///
/// # Errors
/// Its complaints.
pub async fn silent(browser: &Browser, forgiven: &[&str]) -> anyhow::Result<()> {
    let mut complaints = browser.complaints().await?;
    complaints.retain(|line| !forgiven.iter().any(|words| line.message.contains(words)));
    ensure!(complaints.is_empty(), "the console complains: {complaints:#?}");
    Ok(())
}

/// Keeps what the browser shows, beside what was built.
async fn keep(browser: &Browser) -> anyhow::Result<String> {
    let this = std::env::current_exe()?;
    let built: PathBuf = this.ancestors().nth(3).context("a test lies in the folder of what is built")?.to_owned();
    let name = std::thread::current().name().unwrap_or("browser").replace("::", "-");
    let folder = built.join("browser-failures");
    fs::create_dir_all(&folder)?;
    fs::write(folder.join(format!("{name}.html")), browser.markup().await?)?;
    let picture = folder.join(format!("{name}.png"));
    fs::write(&picture, browser.picture(1280, 900).await?)?;
    Ok(format!("at {}; see {}", browser.here().await.unwrap_or_default(), picture.display()))
}
