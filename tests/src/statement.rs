//! The statement of a tenant: all of its lines, and whether they add up to the account.

use std::time::Duration;

use crate::api_client::ApiClient;
use anyhow::ensure;
use domain::Credits;
use serde_json::Value;

use crate::world::{credits, text};

/// How often the statement is read until it shows the account's last event: its projection follows the log.
const LOOKS: u32 = 100;
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// What the lines of a statement say together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Credits that came in.
    pub recharged: Credits,
    /// What was set aside, ever.
    pub held: Credits,
    /// What was charged.
    pub charged: Credits,
    /// What was given back of holds.
    pub returned: Credits,
}

/// Every line of the statement, through all of its pages, oldest first.
///
/// # Errors
/// When the gateway refuses.
pub async fn lines(api: &ApiClient, filter: &str) -> anyhow::Result<Vec<Value>> {
    let (mut all, mut after) = (Vec::new(), String::new());
    loop {
        let mut page: Value = api.get(&format!("/v1/ledger?limit=100{filter}{after}")).await?;
        all.extend(page["data"].as_array_mut().map(std::mem::take).unwrap_or_default());
        match page["next_cursor"].as_str() {
            Some(cursor) => after = format!("&after={cursor}"),
            None => return Ok(all),
        }
    }
}

/// Adds up lines.
///
/// # Errors
/// When a line is of no known type.
pub fn sum(lines: &[Value]) -> anyhow::Result<Sums> {
    let mut sums = Sums::default();
    for line in lines {
        let amount = credits(&line["amount"])?;
        match text(&line["type"])?.as_str() {
            "recharge" => sums.recharged += amount,
            "hold" => sums.held -= amount,
            "consume" => sums.charged -= amount,
            "release" => sums.returned += amount,
            other => anyhow::bail!("a line of type {other} was not expected"),
        }
    }
    Ok(sums)
}

/// Checks that the statement of an account at rest adds up to it, line by line and in all.
///
/// # Errors
/// When it does not.
pub async fn check(api: &ApiClient) -> anyhow::Result<Sums> {
    let account = api.account().await?;
    let mut looks = LOOKS;
    let lines = loop {
        let lines = lines(api, "").await?;
        let shown = |name: &str| lines.last().map_or(Ok(Credits::ZERO), |line| credits(&line[name]));
        if looks == 0 || (shown("available_after")?, shown("held_after")?) == (account.available, account.held) {
            break lines;
        }
        looks -= 1;
        tokio::time::sleep(LOOK_EVERY).await;
    };
    let sums = sum(&lines)?;
    let open = sums.held - sums.charged - sums.returned;
    ensure!(account.held == open, "held is {}, the statement says {open}", account.held);
    let posted = sums.recharged - sums.charged;
    ensure!(account.available + account.held == posted, "{account:?} is not the statement's {posted}");
    if let Some(last) = lines.last() {
        let (available, held) = (credits(&last["available_after"])?, credits(&last["held_after"])?);
        ensure!((available, held) == (account.available, account.held), "{account:?} is not the last line's {last}");
    }
    for line in &lines {
        let (available, held) = (credits(&line["available_after"])?, credits(&line["held_after"])?);
        ensure!(available + held == credits(&line["posted_after"])?, "a line does not add up: {line}");
        ensure!(!available.is_negative() && !held.is_negative(), "a line is below zero: {line}");
    }
    Ok(sums)
}
