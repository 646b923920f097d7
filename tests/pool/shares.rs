//! Three workers and one API share five keys of weights 5:3:1:1:0. While nothing limits them their shares are the
//! weights; under overload no key goes above any of its limits in any window, and who sends little is served all the same.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicBool, AtomicU32, Ordering},
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use chrono::TimeDelta;
use futures::future::try_join_all;
use serde_json::json;
use tests::{api_client::ApiClient, upstream::UpstreamCall};

use crate::{
    fleet::{Fleet, Key, call, until},
    job, question,
};

const KEYS: [(&str, u32); 5] = [("five01", 5), ("three1", 3), ("one001", 1), ("one002", 1), ("zero01", 0)];
/// How many calls are made while nothing limits the keys, half of them by the API and half by the workers.
const UNLIMITED: u32 = 400;
/// How far a share may be from its weight.
const OFF_AT_MOST: f64 = 0.03;
const PER_SECOND: usize = 10;
const PER_MINUTE: usize = 300;
const AT_ONCE: usize = 4;
/// How many connections the large tenant keeps busy, and how many jobs it has queued beforehand.
const CROWD: (usize, usize) = (120, 300);
/// How long the small tenant may have to wait at most: half of what anybody waits at most.
const SMALL_WAIT: Duration = Duration::from_secs(5);
/// How long the overload lasts at most where it takes long to show.
const OVERLOAD_AT_MOST: Duration = Duration::from_secs(60);
/// How long the overload lasts, unless `ZEPHYR_TEST_POOL_SECONDS` says otherwise.
const OVERLOAD_SECONDS: u64 = 12;

#[expect(clippy::disallowed_methods, reason = "the Makefile documents how to run it longer")]
fn overload() -> Duration {
    let asked = std::env::var("ZEPHYR_TEST_POOL_SECONDS").ok().and_then(|text| text.parse().ok());
    Duration::from_secs(asked.unwrap_or(OVERLOAD_SECONDS))
}

#[tokio::test]
async fn five_keys_are_shared_by_weight_within_limits_and_fairly() -> anyhow::Result<()> {
    let fleet = Fleet::start(3, &[]).await?;
    let mut keys = Vec::new();
    for (name, weight) in KEYS {
        keys.push(fleet.key(name, weight, None).await?);
    }
    fleet.known("five keys", |considered| considered.to_string().matches("not_needed").count() == 3).await?;
    let (large, small) = (fleet.tenant(1).await?, fleet.tenant(2).await?);
    unlimited(&fleet, &large).await?;
    let limits =
        json!({ "requests_per_second": PER_SECOND, "requests_per_minute": PER_MINUTE, "concurrency": AT_ONCE });
    for key in &keys {
        fleet.change(key, &json!({ "limits": limits })).await?;
    }
    overloaded(&fleet, &keys, (&large, &small)).await?;
    fleet.stop().await
}

async fn unlimited(fleet: &Fleet, tenant: &ApiClient) -> anyhow::Result<()> {
    let before = fleet.last_seq().await?;
    let ask = async |_: u32| call(tenant.post("/v1/chat/completions", &question())).await?.expect(200);
    let queue = async |_: u32| call(tenant.post("/v1/jobs", &job())).await?.expect(202);
    for round in 0..UNLIMITED / 40 {
        let asked = try_join_all((0..20).map(|number| ask(round * 20 + number)));
        let queued = try_join_all((0..20).map(|number| queue(round * 20 + number)));
        tokio::try_join!(asked, queued)?;
    }
    until("all jobs are done", async || {
        let ended = fleet.chats_after(before).await?.iter().filter(|call| call.ended_at.is_some()).count();
        Ok(ended >= UNLIMITED as usize)
    })
    .await?;
    let calls = fleet.chats_after(before).await?;
    ensure!(calls.len() == UNLIMITED as usize, "{} calls for {UNLIMITED} requests", calls.len());
    let total: u32 = KEYS.iter().map(|(_, weight)| weight).sum();
    for (name, weight) in KEYS {
        let share = calls.iter().filter(|call| call.key == name).count() as f64 / calls.len() as f64;
        let wanted = f64::from(weight) / f64::from(total);
        ensure!((share - wanted).abs() <= OFF_AT_MOST, "{name} has {share:.3} where its weight says {wanted:.3}");
        ensure!(weight > 0 || share == 0.0, "{name} has a weight of zero and made calls");
    }
    Ok(())
}

async fn overloaded(fleet: &Fleet, keys: &[Key], (large, small): (&ApiClient, &ApiClient)) -> anyhow::Result<()> {
    // What came before the limits does not count against them.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let before = fleet.last_seq().await?;
    try_join_all((0..CROWD.1).map(async |_| call(large.post("/v1/jobs", &job())).await?.expect(202))).await?;
    let (over, refused) = (AtomicBool::new(false), AtomicU32::new(0));
    let crowd = try_join_all((0..CROWD.0).map(async |_| {
        while !over.load(Ordering::Relaxed) {
            let answer = call(large.post("/v1/chat/completions", &question())).await?;
            if answer.status == 200 {
                continue;
            }
            refused.fetch_add(1, Ordering::Relaxed);
            ensure!(answer.status == 429 && answer.body["error"]["code"] == "provider_busy", "{answer:?}");
            let seconds: u64 = answer.retry_after.context("it says when to come back")?.parse()?;
            ensure!((1..=120).contains(&seconds), "{seconds} s");
        }
        anyhow::Ok(())
    }));
    let little = async {
        let (started, mut waits) = (Instant::now(), Vec::new());
        // Longer on a machine that is too slow to see anything in that time.
        let seen = |waits: &[Duration]| waits.len() >= 3 && refused.load(Ordering::Relaxed) > 0;
        while started.elapsed() < overload() || (!seen(&waits) && started.elapsed() < OVERLOAD_AT_MOST) {
            let asked = Instant::now();
            call(small.post("/v1/chat/completions", &question())).await?.expect(200)?;
            waits.push(asked.elapsed());
            // Now and then one through the workers, too.
            if waits.len() % 4 == 1 {
                let path = "/v1/jobs";
                let waiting = small.post(path, &job()).header("prefer", "wait=30");
                let body = call(waiting).await?.expect(200)?;
                ensure!(body["status"] == "succeeded", "{body}");
            }
        }
        over.store(true, Ordering::Relaxed);
        anyhow::Ok(waits)
    };
    let (waits, _) = tokio::try_join!(little, crowd)?;
    let longest = waits.iter().max().copied().unwrap_or_default();
    ensure!(waits.len() >= 3 && longest <= SMALL_WAIT, "the small tenant waited for {longest:?} of {}", waits.len());
    let calls = fleet.chats_after(before).await?;
    let spread: BTreeMap<&str, usize> =
        keys.iter().map(|key| (key.tail.as_str(), calls.iter().filter(|call| call.key == key.tail).count())).collect();
    let refused = refused.into_inner();
    ensure!(refused > 0, "no overload: nobody was refused; {spread:?}");
    for key in keys {
        let of_key: Vec<&UpstreamCall> = calls.iter().filter(|call| call.key == key.tail).collect();
        within(&of_key, TimeDelta::seconds(1), PER_SECOND).with_context(|| key.tail.clone())?;
        within(&of_key, TimeDelta::seconds(60), PER_MINUTE).with_context(|| key.tail.clone())?;
        at_once(&of_key).with_context(|| key.tail.clone())?;
    }
    ensure!(spread["zero01"] == 0, "a weight of zero made calls");
    ensure!(calls.len() > 100, "only {} calls in all: {spread:?}", calls.len());
    Ok(())
}

/// No stretch of this length holds more calls than the limit.
fn within(calls: &[&UpstreamCall], period: TimeDelta, limit: usize) -> anyhow::Result<()> {
    let mut arrivals: Vec<_> = calls.iter().map(|call| call.at).collect();
    arrivals.sort_unstable();
    for (first, last) in arrivals.iter().zip(arrivals.iter().skip(limit)) {
        ensure!(*last - *first >= period, "{} calls within {} ms", limit + 1, (*last - *first).num_milliseconds());
    }
    Ok(())
}

/// Never more calls under way than the limit.
fn at_once(calls: &[&UpstreamCall]) -> anyhow::Result<()> {
    for call in calls {
        let running =
            |other: &&&UpstreamCall| other.at <= call.at && other.ended_at.is_none_or(|ended| ended > call.at);
        let together = calls.iter().filter(running).count();
        ensure!(together <= AT_ONCE, "{together} calls at once at {}", call.at);
    }
    Ok(())
}
