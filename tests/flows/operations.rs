//! What an operator does with jobs: finds them, sees what happened and never what was said, stops them, and asks for
//! the outcome of one that nobody knows.

use anyhow::{Context as _, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use tests::api_client::ApiClient;

use crate::{
    answer::send,
    cancel::until,
    video,
    world::{Person, World, text},
};

/// Later than any test waits, in milliseconds.
const NEVER_MS: &str = "3600000";

/// The job as an admin sees it, once an event has come that its tenant hears of.
async fn after(admin: &ApiClient, person: &Person, job_id: &str, event: &str) -> anyhow::Result<Value> {
    until(&person.api, job_id, event).await?;
    admin.get(&format!("/admin/api/jobs/{job_id}")).await
}

#[tokio::test]
async fn a_job_is_found_shown_without_its_words_and_stopped() -> anyhow::Result<()> {
    let world = World::start(&[("ZEPHYR_SIMULATOR_TIME_SCALE", "1000")]).await?;
    let person = world.person("100").await?;
    let admin = world.admin_at(&world.base_url);
    let job_id = text(&send(person.api.post("/v1/jobs", &video())).await?.expect(202)?["id"])?;
    let job = after(&admin, &person, &job_id, "job.accepted").await?;
    ensure!(job["tenant_id"] == person.tenant_id.as_str() && job["status"] == "running", "{job}");
    ensure!(job["attempt_list"].as_array().is_some_and(|list| list.len() == 1), "{job}");
    ensure!(!job.to_string().contains("harbour"), "an admin reads what was said: {job}");
    let listed: Value = admin.get(&format!("/admin/api/jobs?tenant_id={}&status=running", person.tenant_id)).await?;
    ensure!(listed["data"][0]["id"] == job_id.as_str() && listed["has_more"] == false, "{listed}");
    for _ in 0..2 {
        send(admin.post(&format!("/admin/api/jobs/{job_id}/cancel"), &json!({}))).await?.expect(200)?;
    }
    let job = after(&admin, &person, &job_id, "job.canceled").await?;
    ensure!(job["status"] == "canceled", "{job}");
    let ended = send(admin.post(&format!("/admin/api/jobs/{job_id}/reconcile"), &json!({}))).await?;
    ended.refused(409, "conflict")?;
    ensure!(person.api.account().await?.held == domain::Credits::ZERO, "its hold is open");
    Ok(())
}

#[tokio::test]
async fn the_outcome_of_a_lost_job_is_asked_for_when_an_operator_says_so() -> anyhow::Result<()> {
    let world = World::start(&[("ZEPHYR_RECONCILE_EVERY_MS", NEVER_MS)]).await?;
    let person = world.person("100").await?;
    let admin = world.admin_at(&world.base_url);
    world.upstream.schedule(&[json!({ "match": { "op": "video_create" }, "lose_answer": true })]).await?;
    let job_id = text(&send(person.api.post("/v1/jobs", &video())).await?.expect(202)?["id"])?;
    let job = after(&admin, &person, &job_id, "job.reconciling").await?;
    ensure!(job["stage"] == "reconciling", "{job}");
    let path = format!("/admin/api/jobs/{job_id}/reconcile");
    let by_member = send(person.session.request(Method::POST, &path)).await?;
    by_member.refused(403, "forbidden")?;
    send(admin.post(&path, &json!({}))).await?.expect(200)?;
    let job = after(&admin, &person, &job_id, "job.succeeded").await?;
    ensure!(job["status"] == "succeeded", "{job}");
    let creates = world.upstream.calls().await?.into_iter().filter(|call| call.op == "video_create").count();
    ensure!(creates == 1 && job["attempts"] == 1, "it was made again: {creates}, {job}");
    let charged = job["charged"].as_str().context("an amount")?;
    ensure!(charged != "0", "{job}");
    Ok(())
}
