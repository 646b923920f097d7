//! Many at once on one balance: it pays for exactly as many calls as it pays for.

use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::ensure;
use domain::Credits;
use futures::future::try_join_all;

use crate::{FLAT, answer::send, question, statement, world::World};

const CONNECTIONS: usize = 64;
const REQUESTS: u32 = 500;
const PAID_FOR: u32 = 100;

#[tokio::test]
async fn a_balance_for_100_calls_pays_for_exactly_100_of_500() -> anyhow::Result<()> {
    let world = World::shared().await?;
    let person = world.person(&PAID_FOR.to_string()).await?;
    let (left, succeeded, refused) = (AtomicU32::new(REQUESTS), AtomicU32::new(0), AtomicU32::new(0));
    let client = async || {
        while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
            let answer = send(person.api.post("/v1/chat/completions", &question(FLAT))).await?;
            if answer.status == 200 {
                ensure!(answer.header("x-zephyr-cost").parse::<Credits>()? == Credits::from_whole(1), "{answer:?}");
                succeeded.fetch_add(1, Ordering::Relaxed);
            } else {
                ensure!(answer.header("x-should-retry") == "false", "{answer:?}");
                let error = answer.refused(402, "insufficient_credits")?;
                ensure!(error["details"]["held"].is_string() && error["details"]["available"].is_string(), "{error}");
                refused.fetch_add(1, Ordering::Relaxed);
            }
        }
        anyhow::Ok(())
    };
    try_join_all((0..CONNECTIONS).map(|_| client())).await?;
    let (succeeded, refused) = (succeeded.into_inner(), refused.into_inner());
    ensure!((succeeded, refused) == (PAID_FOR, REQUESTS - PAID_FOR), "{succeeded} succeeded, {refused} were refused");
    let account = person.api.account().await?;
    ensure!((account.available, account.held) == (Credits::ZERO, Credits::ZERO), "{account:?}");
    let sums = statement::check(&person.api).await?;
    ensure!(sums.charged == Credits::from_whole(i64::from(PAID_FOR)), "{sums:?}");
    Ok(())
}
