//! `Idempotency-Key`: the same request is done once, however often it is sent; another one under its key is refused.

use anyhow::ensure;
use futures::future::try_join_all;
use serde_json::Value;

use crate::{
    CHAT,
    answer::send,
    picture, question, statement, video,
    world::{World, text},
};

#[tokio::test]
async fn a_job_sent_again_is_the_same_job() -> anyhow::Result<()> {
    let world = World::shared().await?;
    let person = world.person("100").await?;
    let ask = || person.api.post("/v1/jobs", &video()).header("idempotency-key", "one");
    let first = send(ask()).await?;
    ensure!(first.header("idempotent-replayed").is_empty(), "{first:?}");
    let job_id = text(&first.expect(202)?["id"])?;
    let again = send(ask().header("prefer", "wait=30")).await?;
    ensure!(again.header("idempotent-replayed") == "true", "{again:?}");
    let job = again.expect(200)?;
    ensure!(job["id"] == job_id.as_str() && job["status"] == "succeeded", "{job}");
    let other = person.api.post("/v1/jobs", &picture()).header("idempotency-key", "one");
    send(other).await?.refused(422, "idempotency_key_reused")?;
    let foreign = world.person("100").await?;
    let theirs = send(foreign.api.post("/v1/jobs", &video()).header("idempotency-key", "one")).await?.expect(202)?;
    ensure!(theirs["id"] != job_id.as_str(), "a key reaches into another tenant");
    let sums = statement::check(&person.api).await?;
    ensure!(sums.charged.to_string() == text(&job["cost"]["charged"])?, "{sums:?}: {job}");
    Ok(())
}

#[tokio::test]
async fn of_many_at_once_one_is_done() -> anyhow::Result<()> {
    let world = World::shared().await?;
    let person = world.person("100").await?;
    let ask = || send(person.api.post("/v1/jobs", &video()).header("idempotency-key", "many"));
    let answers = try_join_all((0..16).map(|_| ask())).await?;
    let mut ids = answers.into_iter().map(|answer| text(&answer.expect(202)?["id"])).collect::<Result<Vec<_>, _>>()?;
    ids.sort_unstable();
    ids.dedup();
    ensure!(ids.len() == 1, "{ids:?}");
    Ok(())
}

#[tokio::test]
async fn a_chat_sent_again_is_answered_as_before() -> anyhow::Result<()> {
    let world = World::shared().await?;
    let person = world.person("10").await?;
    let ask = |body: &Value| person.api.post("/v1/chat/completions", body).header("idempotency-key", "chat");
    let first = send(ask(&question(CHAT))).await?.expect(200)?;
    let account = person.api.account().await?;
    let again = send(ask(&question(CHAT))).await?;
    ensure!(again.header("idempotent-replayed") == "true", "{again:?}");
    ensure!(again.expect(200)? == first, "it is answered otherwise");
    ensure!(person.api.account().await?.available == account.available, "a replay was charged");
    send(ask(&question(crate::FLAT))).await?.refused(422, "idempotency_key_reused")?;
    let long = "k".repeat(256);
    for key in ["", long.as_str()] {
        let answer =
            send(person.api.post("/v1/chat/completions", &question(CHAT)).header("idempotency-key", key)).await?;
        answer.refused(400, "invalid_request")?;
    }
    Ok(())
}
