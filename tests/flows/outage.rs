//! A part that is gone: `readyz` names it, requests are told so, nothing is lost, and it goes on by itself afterwards.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use domain::Credits;
use serde_json::Value;
use tests::{looking::until, scratch::ScratchDatabase, services::Services, wire::Wire};

use crate::{
    FLAT,
    answer::send,
    question, statement, video,
    world::{World, text},
};

/// How long a part may take to be missed, and to be found again.
const NOTICED_WITHIN: Duration = Duration::from_secs(120);
/// How long a request waits at most for a database that is gone: what it asked for may have been written.
const REFUSED_WITHIN: Duration = Duration::from_secs(60);

#[tokio::test]
async fn without_the_database_nothing_is_taken_and_nothing_is_lost() -> anyhow::Result<()> {
    let database = ScratchDatabase::create(&Services::find()?.database_url).await?;
    let (wire, through) = Wire::before(&database.url()).await?;
    let world = World::start_on(database, &through, &[]).await?;
    let person = world.person("100").await?;
    send(person.api.post("/v1/chat/completions", &question(FLAT))).await?.expect(200)?;
    ready(&world, None).await?;
    wire.cut();
    ready(&world, Some("database")).await?;
    let ask = |path, body| send(person.api.post(path, &body).timeout(REFUSED_WITHIN));
    let refused = tokio::try_join!(ask("/v1/chat/completions", question(FLAT)), ask("/v1/jobs", video()))?;
    for refused in <[_; 2]>::from(refused) {
        ensure!(!refused.header("retry-after").is_empty(), "{refused:?}");
        let error = refused.refused(503, "unavailable")?;
        ensure!(error["message"].as_str().is_some_and(|text| text.contains("database")), "{error}");
    }
    wire.mend();
    ready(&world, None).await?;
    send(person.api.post("/v1/chat/completions", &question(FLAT))).await?.expect(200)?;
    let job = send(person.api.post("/v1/jobs", &video()).header("prefer", "wait=30")).await?.expect(200)?;
    ensure!(job["status"] == "succeeded", "{job}");
    let sums = statement::check(&person.api).await?;
    ensure!(sums.charged > Credits::from_whole(2) && sums.held == sums.charged + sums.returned, "{sums:?}");
    Ok(())
}

#[tokio::test]
async fn without_the_broker_jobs_wait_and_then_go_on() -> anyhow::Result<()> {
    let services = Services::find()?;
    let (wire, through) = Wire::before(&services.amqp_url).await?;
    let world = World::start(&[("AMQP_URL", &through)]).await?;
    let person = world.person("100").await?;
    ready(&world, None).await?;
    wire.cut();
    ready(&world, Some("bus")).await?;
    let job = send(person.api.post("/v1/jobs", &video())).await?.expect(202)?;
    // What the caller waits for needs no broker.
    send(person.api.post("/v1/chat/completions", &question(FLAT))).await?.expect(200)?;
    wire.mend();
    ready(&world, None).await?;
    let path = format!("/v1/jobs/{}/events", text(&job["id"])?);
    let events = person.api.request(reqwest::Method::GET, &path).header("accept", "text/event-stream");
    let events = events.send().await?.error_for_status()?.text().await?;
    ensure!(events.contains("event: job.succeeded"), "{events}");
    let created = world.upstream.calls().await?.iter().filter(|call| call.op == "video_create").count();
    ensure!(created == 1, "{created} tasks were made");
    Ok(())
}

/// Waits until `readyz` says that all is there, or that just this part is missing.
pub async fn ready(world: &World, missing: Option<&str>) -> anyhow::Result<()> {
    let mut last = (0, Value::Null);
    until("readyz names what is missing", NOTICED_WITHIN, async || {
        let answer = send(world.http.get(format!("{}/readyz", world.base_url))).await?;
        let named = missing.is_none_or(|part| answer.body["parts"][part] != "ok");
        let status = if missing.is_some() { 503 } else { 200 };
        let others = ["limits", "objects"].iter().all(|part| answer.body["parts"][part] == "ok");
        let is_so = answer.status == status && named && others;
        last = (answer.status, answer.body);
        Ok(is_so)
    })
    .await
    .with_context(|| format!("missing {missing:?} was expected: {last:?}"))
}
