//! A client that goes away mid-stream: upstream is hung up on, and the declared policy says what it costs.

use anyhow::{Context as _, ensure};
use domain::Credits;
use serde_json::{Value, json};
use tests::{api_client::ApiClient, upstream::UpstreamCall};

use crate::{
    CHAT, FLAT, question, statement,
    world::{Person, World, credits},
};

/// Slow enough that a client is gone long before upstream is done.
const SLOWLY: &str = "4";

#[tokio::test]
async fn what_was_used_so_far_is_charged_where_the_policy_says_so() -> anyhow::Result<()> {
    let world = World::start(&[("ZEPHYR_SIMULATOR_TIME_SCALE", SLOWLY)]).await?;
    let person = world.person("100").await?;
    let job_id = go_away(&person, CHAT).await?;
    let call = ended_call(&world).await?;
    ensure!(call.outcome == "client_gone", "upstream was not hung up on: {call:?}");
    let job = ended_job(&person.api, &job_id).await?;
    ensure!(job["status"] == "canceled", "{job}");
    let charged = credits(&job["cost"]["charged"])?;
    ensure!(charged > Credits::ZERO && charged < credits(&job["cost"]["held"])?, "{job}");
    ensure!(statement::check(&person.api).await?.charged == charged, "the ledger says otherwise");
    ensure!(person.api.account().await?.held == Credits::ZERO, "something is still held");
    Ok(())
}

#[tokio::test]
async fn the_whole_answer_is_charged_where_the_policy_says_so() -> anyhow::Result<()> {
    let world = World::start(&[("ZEPHYR_SIMULATOR_TIME_SCALE", SLOWLY)]).await?;
    let person = world.person("100").await?;
    let job_id = go_away(&person, FLAT).await?;
    world.set_time_scale(0.001).await?;
    let call = ended_call(&world).await?;
    ensure!(call.outcome == "answered", "upstream was hung up on: {call:?}");
    let job = ended_job(&person.api, &job_id).await?;
    ensure!(job["status"] == "succeeded" && credits(&job["cost"]["charged"])? == Credits::from_whole(1), "{job}");
    ensure!(person.api.account().await?.available == Credits::from_whole(99), "the account says otherwise");
    Ok(())
}

/// Reads two chunks of a stream and goes away. Gives the job.
async fn go_away(person: &Person, model: &str) -> anyhow::Result<String> {
    let mut body = question(model);
    body["stream"] = json!(true);
    body["max_completion_tokens"] = json!(1_000);
    let mut answer = person.api.post("/v1/chat/completions", &body).send().await?.error_for_status()?;
    let job_id = answer.headers().get("x-zephyr-job-id").context("a job's id")?.to_str()?.to_owned();
    let mut read = String::new();
    while read.matches("data: ").count() < 2 {
        read.push_str(&String::from_utf8_lossy(&answer.chunk().await?.context("the stream ended early")?));
    }
    Ok(job_id)
}

async fn ended_call(world: &World) -> anyhow::Result<UpstreamCall> {
    world.upstream.settled("chat").await?.into_iter().next().context("a call")
}

/// The job once it is over, by its own events.
async fn ended_job(api: &ApiClient, job_id: &str) -> anyhow::Result<Value> {
    let events = api.request(reqwest::Method::GET, &format!("/v1/jobs/{job_id}/events"));
    events.header("accept", "text/event-stream").send().await?.error_for_status()?.text().await?;
    api.get(&format!("/v1/jobs/{job_id}")).await
}
