//! Asking a job to stop: what waits ends and costs nothing, what upstream works on goes on and is paid for.

use anyhow::ensure;
use domain::Credits;
use serde_json::{Value, json};
use tests::api_client::ApiClient;

use crate::{
    answer::send,
    picture, statement, video,
    world::{World, credits, text},
};

/// Upstream's time all but stands still, or flies.
const STILL: f64 = 1_000.0;
const FLIES: f64 = 0.001;
/// What the frames of a job hold while upstream works on it.
const RUNS: &str = r#""stage":"running""#;

#[tokio::test]
async fn a_task_that_waits_upstream_is_canceled_there_and_costs_nothing() -> anyhow::Result<()> {
    let world = World::start(&[("ZEPHYR_SIMULATOR_TIME_SCALE", "1000")]).await?;
    let person = world.person("100").await?;
    let job_id = submitted(&person.api).await?;
    until(&person.api, &job_id, "job.accepted").await?;
    for _ in 0..2 {
        let asked = send(person.api.post(&format!("/v1/jobs/{job_id}/cancel"), &json!({}))).await?;
        let status = asked.expect(200)?["status"].clone();
        ensure!(status == "running" || status == "canceled", "{status}");
    }
    until(&person.api, &job_id, "job.canceled").await?;
    let canceled: Value = person.api.get(&format!("/v1/jobs/{job_id}")).await?;
    ensure!(canceled["status"] == "canceled" && credits(&canceled["cost"]["charged"])? == Credits::ZERO, "{canceled}");
    let sums = statement::check(&person.api).await?;
    ensure!(sums.held == sums.returned && sums.held > Credits::ZERO && sums.charged == Credits::ZERO, "{sums:?}");
    let created = world.upstream.calls().await?.iter().filter(|call| call.op == "video_create").count();
    let refused = world.upstream.calls().await?.iter().filter(|call| call.op == "video_cancel").count();
    ensure!(created == 1 && refused >= 1, "{created} creates, {refused} cancels");
    // Once more after the end changes nothing.
    send(person.api.post(&format!("/v1/jobs/{job_id}/cancel"), &json!({}))).await?.expect(200)?;
    Ok(())
}

#[tokio::test]
async fn a_task_that_runs_upstream_goes_on_and_is_charged() -> anyhow::Result<()> {
    let world = World::start(&[("ZEPHYR_SIMULATOR_TIME_SCALE", "0.001")]).await?;
    let person = world.person("100").await?;
    // It runs for longer than the news of it takes, then it all but stands still.
    world.set_time_scale(1.0).await?;
    let job_id = submitted(&person.api).await?;
    until(&person.api, &job_id, "job.accepted").await?;
    // The provider itself says so, and the gateway shows it.
    until_said(&person.api, &job_id, RUNS).await?;
    world.set_time_scale(STILL).await?;
    let asked = send(person.api.post(&format!("/v1/jobs/{job_id}/cancel"), &json!({}))).await?.expect(200)?;
    ensure!(asked["status"] == "running", "{asked}");
    until(&person.api, &job_id, "job.cancel_requested").await?;
    world.set_time_scale(FLIES).await?;
    until(&person.api, &job_id, "job.succeeded").await?;
    let job: Value = person.api.get(&format!("/v1/jobs/{job_id}")).await?;
    ensure!(job["status"] == "succeeded" && credits(&job["cost"]["charged"])? > Credits::ZERO, "{job}");
    let sums = statement::check(&person.api).await?;
    ensure!(sums.charged == credits(&job["cost"]["charged"])?, "{sums:?}");
    Ok(())
}

#[tokio::test]
async fn what_has_succeeded_can_not_be_canceled() -> anyhow::Result<()> {
    let world = World::shared().await?;
    let person = world.person("100").await?;
    let job = send(person.api.post("/v1/jobs", &picture()).header("prefer", "wait=30")).await?.expect(200)?;
    let before = person.api.account().await?;
    let path = format!("/v1/jobs/{}/cancel", text(&job["id"])?);
    send(person.api.post(&path, &json!({}))).await?.refused(409, "conflict")?;
    send(person.api.post("/v1/jobs/job_nothing/cancel", &json!({}))).await?.refused(404, "not_found")?;
    ensure!(person.api.account().await?.available == before.available, "a cancel moved credits");
    Ok(())
}

async fn submitted(api: &ApiClient) -> anyhow::Result<String> {
    text(&send(api.post("/v1/jobs", &video())).await?.expect(202)?["id"])
}

/// Waits for an event of a job, by its stream.
pub async fn until(api: &ApiClient, job_id: &str, kind: &str) -> anyhow::Result<()> {
    until_said(api, job_id, &format!("event: {kind}\n")).await
}

/// Waits until the stream of a job holds a text.
async fn until_said(api: &ApiClient, job_id: &str, wanted: &str) -> anyhow::Result<()> {
    let request = api.request(reqwest::Method::GET, &format!("/v1/jobs/{job_id}/events"));
    let mut answer = request.header("accept", "text/event-stream").send().await?.error_for_status()?;
    let mut heard = String::new();
    while let Some(chunk) = answer.chunk().await? {
        heard.push_str(&String::from_utf8_lossy(&chunk));
        if heard.contains(wanted) {
            return Ok(());
        }
    }
    anyhow::bail!("{wanted} never came:\n{heard}")
}
