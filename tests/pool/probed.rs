//! A disabled key is probed by one request at a time, however many processes would like to be the one.

use anyhow::ensure;
use serde_json::json;

use crate::{
    fleet::{Fleet, call, until},
    job, question,
};

/// How many requests are under way at once, half of them through the queue.
const AT_ONCE: usize = 16;
/// How many probes are looked at.
const PROBES: usize = 4;

#[tokio::test]
async fn processes_that_race_for_a_probe_send_one() -> anyhow::Result<()> {
    let fleet = Fleet::start(3, &[]).await?;
    let broken = fleet.key("broken", 9, None).await?;
    fleet.key("good01", 1, None).await?;
    fleet.known("two keys", |considered| considered.to_string().contains("good01")).await?;
    let tenant = fleet.tenant(1).await?;
    let matching = json!({ "op": "chat", "key": broken.secret });
    let refused =
        json!({ "match": matching, "forever": true, "delay_ms": 200, "status": 401, "code": "AuthenticationError" });
    fleet.upstream.schedule(&[refused]).await?;
    until("the key is disabled", async || {
        call(tenant.post("/v1/chat/completions", &question())).await?.expect(200)?;
        Ok(fleet.health(&broken).await?["state"] == "disabled")
    })
    .await?;
    let before = fleet.last_seq().await?;
    let of_broken = async || {
        let calls = fleet.chats_after(before).await?;
        Ok::<_, anyhow::Error>(calls.into_iter().filter(|call| call.key == broken.tail).collect::<Vec<_>>())
    };
    until("it was probed some times", async || {
        let asking = (0..AT_ONCE).map(|number| {
            let queued = number % 2 == 0;
            let request =
                if queued { tenant.post("/v1/jobs", &job()) } else { tenant.post("/v1/chat/completions", &question()) };
            async move { call(request).await?.expect(if queued { 202 } else { 200 }) }
        });
        futures::future::try_join_all(asking).await?;
        Ok(of_broken().await?.len() >= PROBES)
    })
    .await?;
    let mut probes = of_broken().await?;
    probes.sort_by_key(|probe| probe.at);
    for pair in probes.windows(2) {
        let ended_at = pair[0].ended_at;
        ensure!(ended_at.is_some_and(|ended_at| ended_at <= pair[1].at), "two probes at once: {pair:?}");
    }
    fleet.upstream.unschedule().await?;
    until("the key is well again", async || {
        call(tenant.post("/v1/chat/completions", &question())).await?.expect(200)?;
        Ok(fleet.health(&broken).await?["state"] == "ready")
    })
    .await?;
    fleet.stop().await
}
