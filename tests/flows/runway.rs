//! A provider whose images are tasks too, whose prices count what was asked for, and which lists no tasks: made, refused,
//! canceled and lost, each to the end of its hold.

use anyhow::ensure;
use domain::Credits;
use serde_json::{Value, json};

use crate::{
    answer::send,
    cancel::until,
    statement,
    world::{Person, World, credits, text},
};

fn film() -> Value {
    let params = json!({ "prompt": "A boat leaves the harbour", "ratio": "1280:720", "duration": 2 });
    json!({ "model": "gen4.5", "capability": "text_to_video", "params": params })
}

async fn ended(person: &Person, new: &Value) -> anyhow::Result<Value> {
    let job = send(person.api.post("/v1/jobs", new).header("prefer", "wait=30")).await?.expect(200)?;
    Ok(job)
}

#[tokio::test]
async fn a_video_and_an_image_are_made_and_charged_as_quoted() -> anyhow::Result<()> {
    let world = World::shared().await?;
    let person = world.person("100").await?;
    let params = json!({ "prompt": "A lighthouse at dusk", "ratio": "720:720" });
    let picture = json!({ "model": "gen4_image", "capability": "text_to_image", "params": params });
    for (new, content_type, cost) in [(film(), "video/mp4", "36"), (picture, "image/png", "7.5")] {
        let quoted = send(person.api.post("/v1/estimates", &new)).await?.expect(200)?;
        let job = ended(&person, &new).await?;
        ensure!(
            job["status"] == "succeeded" && job["cost"]["charged"] == cost && quoted["hold"] == cost,
            "{job} {quoted}"
        );
        let output = &job["outputs"][0];
        ensure!(output["content_type"] == content_type, "{job}");
        let file = world.http.get(text(&output["url"])?).send().await?.error_for_status()?;
        ensure!(file.headers()["content-type"] == content_type, "{:?}", file.headers());
    }
    // A caller of the compatible route waits for the task as for any image.
    let body =
        json!({ "model": "gen4_image", "prompt": "A lighthouse", "ratio": "1920:1080", "response_format": "b64_json" });
    let answer = send(person.api.post("/v1/images/generations", &body)).await?;
    ensure!(answer.header("x-zephyr-cost") == "12", "{:?}", answer.headers);
    let image = answer.expect(200)?;
    ensure!(text(&image["data"][0]["b64_json"])?.starts_with("iVBORw0KGgo"), "no PNG");
    let sums = statement::check(&person.api).await?;
    ensure!(sums.charged == "55.5".parse()? && sums.returned == Credits::ZERO, "{sums:?}");
    Ok(())
}

#[tokio::test]
async fn a_failed_one_is_refunded_and_a_lost_one_is_given_up_and_never_repeated() -> anyhow::Result<()> {
    // The capability lets an outcome stay unknown for 900 seconds: here for less than one.
    let world = World::start(&[("ZEPHYR_POLICY_TIME_DIVISOR", "2000")]).await?;
    let person = world.person("100").await?;
    let failure = json!({ "code": "SAFETY.INPUT.TEXT", "message": "moderated" });
    for (fault, code) in [
        (json!({ "match": { "op": "text_to_video" }, "task_error": failure }), "content_policy_violation"),
        (json!({ "match": { "op": "text_to_video" }, "lose_answer": true }), "outcome_unknown"),
    ] {
        world.upstream.schedule(&[fault]).await?;
        let job = ended(&person, &film()).await?;
        ensure!(job["status"] == "failed" && job["error"]["code"] == code, "{job}");
        ensure!(credits(&job["cost"]["charged"])? == Credits::ZERO, "{job}");
    }
    let failure = json!({ "code": "SAFETY.OUTPUT.IMAGE", "message": "moderated" });
    world.upstream.schedule(&[json!({ "match": { "op": "text_to_image" }, "task_error": failure })]).await?;
    let body = json!({ "model": "gen4_image", "prompt": "A lighthouse" });
    send(person.api.post("/v1/images/generations", &body)).await?.refused(400, "content_refused")?;
    let creates = world.upstream.calls().await?.into_iter().filter(|call| call.op == "text_to_video").count();
    ensure!(creates == 2, "{creates} creates for two jobs");
    let sums = statement::check(&person.api).await?;
    ensure!(sums.held == sums.returned && sums.charged == Credits::ZERO && sums.held > Credits::ZERO, "{sums:?}");
    Ok(())
}

#[tokio::test]
async fn one_that_waits_is_canceled_there_and_refunded_though_its_record_is_gone() -> anyhow::Result<()> {
    let world = World::start(&[("ZEPHYR_SIMULATOR_TIME_SCALE", "1000")]).await?;
    let person = world.person("100").await?;
    let job = send(person.api.post("/v1/jobs", &film())).await?.expect(202)?;
    let job_id = text(&job["id"])?;
    until(&person.api, &job_id, "job.accepted").await?;
    for _ in 0..2 {
        send(person.api.post(&format!("/v1/jobs/{job_id}/cancel"), &json!({}))).await?.expect(200)?;
    }
    until(&person.api, &job_id, "job.canceled").await?;
    let deleted = world.upstream.calls().await?.into_iter().filter(|call| call.op == "task_cancel").count();
    ensure!(deleted == 1, "{deleted} deletions");
    let sums = statement::check(&person.api).await?;
    ensure!(sums.held == sums.returned && sums.charged == Credits::ZERO && sums.held > Credits::ZERO, "{sums:?}");
    Ok(())
}
