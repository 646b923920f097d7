//! `zephyr tour`: one text, one image and one video through the running gateway, over HTTP like any client.
//!
//! | file | what it does |
//! |---|---|
//! | `gateway` | the calls |
//! | `stations` | the three generations, with a progress line each |
//! | `receipt` | quoted, held, charged, returned, beside what the ledger says |
//!
//! It fails when a receipt and the ledger differ.

mod gateway;
mod receipt;
mod stations;

use std::{collections::BTreeMap, path::Path};

use anyhow::{Context as _, bail};
use gateway::Gateway;
use receipt::Receipt;

use super::up::ENV_FILE;
use crate::{
    config::Config,
    console::say,
    embedded::{data_dir::locate, postgres::account::Account},
};

/// Goes on the tour.
///
/// # Errors
/// When no gateway runs, a generation fails, or a receipt and the ledger differ.
pub async fn run(config: &Config) -> anyhow::Result<()> {
    let user = Account::for_database()?;
    let folder = locate(config.data_dir.as_deref(), &std::env::current_dir()?, user.as_ref());
    let demo = read_env(&folder.join(ENV_FILE))?;
    let named = |name: &str| demo.get(name).with_context(|| format!("{name} is missing in {ENV_FILE}"));
    let gateway = Gateway::new(named("ZEPHYR_BASE_URL")?, named("ZEPHYR_API_KEY")?)?;
    gateway.ready().await?;
    let receipts = [
        stations::text(&gateway).await.context("the text")?,
        stations::image(&gateway).await.context("the image")?,
        stations::video(&gateway).await.context("the video")?,
    ];
    say("");
    say(&Receipt::header());
    for receipt in &receipts {
        say(&receipt.line());
    }
    let wrong: Vec<String> = receipts.iter().flat_map(Receipt::differences).collect();
    if !wrong.is_empty() {
        bail!("the receipts and the ledger differ: {}", wrong.join("; "));
    }
    say("every receipt equals the ledger");
    Ok(())
}

fn read_env(path: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    let hint = || format!("{} can't be read; start the gateway first, by `make run`", path.display());
    let text = std::fs::read_to_string(path).with_context(hint)?;
    let pairs = text.lines().filter_map(|line| line.split_once('='));
    Ok(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}
