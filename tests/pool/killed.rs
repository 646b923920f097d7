//! A worker that is killed while it holds places of a key: they are free again within the stated time.

use std::time::{Duration, Instant};

use anyhow::ensure;
use serde_json::json;

use crate::{
    fleet::{Fleet, call, until},
    job, question,
};

/// How long a place outlives a holder that died, in this test.
const LEASE: Duration = Duration::from_secs(4);
/// What the machine may take on top.
const SLACK: Duration = Duration::from_millis(1_500);
/// How many places the key has.
const PLACES: usize = 2;

#[tokio::test]
async fn places_of_a_killed_worker_are_free_within_their_stated_time() -> anyhow::Result<()> {
    let lease_ms = LEASE.as_millis().to_string();
    let settings = [
        ("ZEPHYR_KEY_LEASE_MS", lease_ms.as_str()),
        ("ZEPHYR_UPSTREAM_ANSWER_MS", "60000"),
        ("ZEPHYR_KEY_WAIT_MS", "30000"),
    ];
    let mut fleet = Fleet::start(1, &settings).await?;
    let key = fleet.key("single", 1, None).await?;
    fleet.change(&key, &json!({ "limits": { "concurrency": PLACES } })).await?;
    let tenant = fleet.tenant(1).await?;
    fleet.upstream.schedule(&[json!({ "match": { "op": "chat" }, "times": PLACES, "delay_ms": 60_000 })]).await?;
    for _ in 0..PLACES {
        call(tenant.post("/v1/jobs", &job())).await?.expect(202)?;
    }
    until("both places are taken", async || Ok(fleet.chats_after(0).await?.len() == PLACES)).await?;
    let waiting = {
        let request = tenant.post("/v1/chat/completions", &question());
        tokio::spawn(async move { call(request).await })
    };
    // Longer than a place lasts without renewal: the living holder keeps its places.
    tokio::time::sleep(LEASE + SLACK).await;
    ensure!(!waiting.is_finished(), "a place that is held was given away");
    ensure!(fleet.health(&key).await?["usage"]["concurrent"] == PLACES, "the places are shown");
    fleet.kill_worker(0).await?;
    let killed = Instant::now();
    waiting.await??.expect(200)?;
    ensure!(killed.elapsed() <= LEASE + SLACK, "it took {:?}", killed.elapsed());
    fleet.stop().await
}
