//! The main job from end to end: register, key, recharge; then a text, an image and a video, each with its receipt.

use anyhow::{Context as _, ensure};
use domain::Credits;
use serde_json::{Value, json};
use tests::api_client::ApiClient;

use crate::{
    CHAT, FLAT, IMAGE,
    answer::send,
    picture, question, statement, video,
    world::{World, credits, text},
};

#[tokio::test]
async fn a_new_person_recharges_and_gets_a_text_an_image_and_a_video() -> anyhow::Result<()> {
    let world = World::shared().await?;
    let person = world.person("0").await?;
    let empty = person.api.account().await?;
    ensure!((empty.available, empty.held) == (Credits::ZERO, Credits::ZERO), "{empty:?}");
    ensure!(empty.tenant_id == person.tenant_id, "{empty:?}");
    let recharged = world.recharge(&person.tenant_id, "500", "one").await?.expect(201)?;
    ensure!(recharged["available"] == "500", "{recharged}");
    for (path, body) in [
        ("/v1/chat/completions", question(CHAT)),
        ("/v1/chat/completions", question(FLAT)),
        ("/v1/embeddings", json!({ "model": "doubao-embedding-large", "input": "a salty sea" })),
        ("/v1/images/generations", json!({ "model": IMAGE, "prompt": "A lighthouse", "size": "1024x1024" })),
    ] {
        let answer = send(person.api.post(path, &body)).await?;
        let (job_id, cost) = (answer.header("x-zephyr-job-id"), answer.header("x-zephyr-cost"));
        answer.expect(200)?;
        let receipt = receipt(&person.api, &job_id).await?;
        ensure!(receipt.charged == cost.parse()?, "{path}: {receipt:?} is not {cost}");
        ensure!(receipt.charged > Credits::ZERO, "{path} was free");
    }
    for new in [picture(), video()] {
        let quoted = send(person.api.post("/v1/estimates", &new)).await?.expect(200)?;
        let answer = send(person.api.post("/v1/jobs", &new).header("prefer", "wait=30")).await?;
        ensure!(answer.header("preference-applied") == "wait=30", "{:?}", answer.headers);
        let job = answer.expect(200)?;
        ensure!(job["status"] == "succeeded", "{job}");
        ensure!(job["params"]["prompt"] == new["params"]["prompt"], "{job}");
        let receipt = receipt(&person.api, &text(&job["id"])?).await?;
        ensure!(credits(&quoted["hold"])? == receipt.held, "{quoted}: {receipt:?}");
        ensure!(receipt.charged > Credits::ZERO && receipt.charged <= receipt.held, "{receipt:?}");
        fetch_outputs(&world, &job).await?;
    }
    let sums = statement::check(&person.api).await?;
    ensure!(sums.recharged == Credits::from_whole(500) && sums.held == sums.charged + sums.returned, "{sums:?}");
    ensure!(person.api.account().await?.held == Credits::ZERO, "something is still held");
    Ok(())
}

#[tokio::test]
async fn a_recharge_sent_twice_counts_once() -> anyhow::Result<()> {
    let world = World::shared().await?;
    let person = world.person("0").await?;
    world.recharge(&person.tenant_id, "7.5", "voucher").await?.expect(201)?;
    let again = world.recharge(&person.tenant_id, "7.5", "voucher").await?;
    ensure!(again.header("idempotent-replayed") == "true", "{again:?}");
    again.expect(200)?;
    world.recharge(&person.tenant_id, "8", "voucher").await?.refused(422, "idempotency_key_reused")?;
    ensure!(person.api.account().await?.available == "7.5".parse()?, "it counted twice");
    Ok(())
}

#[tokio::test]
async fn nobody_sees_another_tenants_things() -> anyhow::Result<()> {
    let world = World::shared().await?;
    let (owner, stranger) = (world.person("50").await?, world.person("50").await?);
    let job = send(owner.api.post("/v1/jobs", &picture()).header("prefer", "wait=30")).await?.expect(200)?;
    let (job_id, asset_id) = (text(&job["id"])?, text(&job["outputs"][0]["asset_id"])?);
    for path in [
        format!("/v1/jobs/{job_id}"),
        format!("/v1/jobs/{job_id}/events"),
        format!("/v1/assets/{asset_id}"),
        format!("/v1/assets/{asset_id}/content"),
    ] {
        send(stranger.api.request(reqwest::Method::GET, &path)).await?.refused(404, "not_found")?;
        send(owner.api.request(reqwest::Method::GET, &path)).await?.expect(200)?;
    }
    send(stranger.api.post(&format!("/v1/jobs/{job_id}/cancel"), &json!({}))).await?.refused(404, "not_found")?;
    ensure!(statement::lines(&stranger.api, &format!("&job={job_id}")).await?.is_empty(), "a foreign line is shown");
    for caller in [&stranger.api, &stranger.session] {
        let answer = send(caller.post("/admin/api/recharges", &json!({}))).await?;
        ensure!(matches!(answer.status, 401 | 403), "a stranger recharges: {answer:?}");
    }
    Ok(())
}

/// What one job cost, by itself and by the ledger, which must agree.
#[derive(Debug)]
struct Receipt {
    held: Credits,
    charged: Credits,
}

async fn receipt(api: &ApiClient, job_id: &str) -> anyhow::Result<Receipt> {
    let job: Value = api.get(&format!("/v1/jobs/{job_id}")).await?;
    ensure!(job["status"] == "succeeded", "{job}");
    let receipt = Receipt { held: credits(&job["cost"]["held"])?, charged: credits(&job["cost"]["charged"])? };
    // A whole account's statement is at rest only when this job's end is in it.
    statement::check(api).await?;
    let ledger = statement::sum(&statement::lines(api, &format!("&job={job_id}")).await?)?;
    ensure!((ledger.held, ledger.charged) == (receipt.held, receipt.charged), "{ledger:?} is not {receipt:?}");
    ensure!(ledger.returned == receipt.held - receipt.charged, "{ledger:?} is not {receipt:?}");
    Ok(receipt)
}

/// Links are ours, need no key, and give what the job says.
async fn fetch_outputs(world: &World, job: &Value) -> anyhow::Result<()> {
    let outputs = job["outputs"].as_array().context("a job has outputs")?;
    ensure!(!outputs.is_empty(), "{job}");
    for output in outputs {
        let url = text(&output["url"])?;
        ensure!(url.starts_with(&world.base_url), "{url} is not ours");
        let answer = world.http.get(&url).send().await?.error_for_status()?;
        let content_type = answer.headers().get("content-type").and_then(|value| value.to_str().ok());
        ensure!(content_type == output["content_type"].as_str(), "{content_type:?}: {output}");
        ensure!(Some(answer.bytes().await?.len() as u64) == output["bytes"].as_u64(), "{output}");
        let forged = world.http.get(url.replace("sig=", "sig=A")).send().await?.status();
        ensure!(forged.is_client_error(), "a forged link answered {forged}");
    }
    Ok(())
}
