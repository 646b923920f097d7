//! A model that says, as data only, all that a catalog can say: imported by the admin API, validated, priced, estimated, run through
//! the simulator, and explained to the micro-credit.

use anyhow::{Context as _, ensure};
use domain::pricing::Exact;
use serde_json::{Value, json};
use tests::api_client::ApiClient;

use crate::{
    answer::send,
    statement,
    world::{World, credits, text},
};

const MODEL: &str = "everything";

/// A job of the model.
fn job(capability: &str, params: Value) -> Value {
    json!({ "model": MODEL, "capability": capability, "params": params })
}

fn storm() -> Value {
    job(
        "text_to_video",
        json!({ "prompt": "A storm", "resolution": "1080p", "ratio": "21:9", "duration": 10, "generate_audio": true,
            "label": "storm", "contact": "ada@example.com", "camera": { "motion": "pan" }, "keywords": ["sea", "wind"] }),
    )
}

#[tokio::test]
async fn all_that_a_catalog_can_say_is_published_as_data_priced_run_and_explained() -> anyhow::Result<()> {
    let world = World::shared().await?;
    let admin = world.admin_at(&world.base_url);
    let models: Value = serde_json::from_str(include_str!("everything.json"))?;
    let file = json!({ "models": models });
    let imported = send(admin.post("/admin/api/catalog/import", &file)).await?.expect(200)?;
    ensure!(imported["refused"] == 0, "{imported}");
    let again = send(admin.post("/admin/api/catalog/import", &file)).await?.expect(200)?;
    ensure!(again["data"][0]["result"] == "unchanged", "{again}");

    let person = world.person("500").await?;
    refused(&person.api).await?;
    let question = json!({ "messages": [{ "role": "user", "content": "Why is the sea salty?" }], "web_search": false });
    let film = receipt(&person.api, &storm()).await?;
    let answer = receipt(&person.api, &job("chat", question)).await?;

    let fired = |receipt: &Value, label: &str| {
        receipt["breakdown"].as_array().is_some_and(|lines| lines.iter().any(|line| line["label"] == label))
    };
    for label in [
        "Each video",
        "Above 720p",
        "Storage, two seconds free",
        "With sound",
        "Long",
        "Wide and moving",
        "Many tokens",
    ] {
        ensure!(fired(&film, label), "{label} did not fire: {film}");
    }
    let (night, day) = (fired(&film, "At night in Shanghai"), fired(&film, "At day in Shanghai"));
    ensure!(night != day, "it is either day or night: {film}");
    ensure!(film["priced_params"]["moment"].is_string(), "the moment is frozen: {film}");
    ensure!(!film.to_string().contains("ada@example.com"), "a price keeps no content: {film}");
    ensure!(answer["usage"]["output_token"].as_u64() > Some(0), "{answer}");
    statement::check(&person.api).await?;
    Ok(())
}

/// Asks for an estimate and for the job with its quote; gives the receipt, which adds up to what the ledger charged.
async fn receipt(api: &ApiClient, new: &Value) -> anyhow::Result<Value> {
    let estimate = send(api.post("/v1/estimates", new)).await?.expect(200)?;
    let mut new = new.clone();
    new["quote"] = estimate["quote"].clone();
    let done = send(api.post("/v1/jobs", &new).header("prefer", "wait=60")).await?.expect(200)?;
    ensure!(done["status"] == "succeeded", "{done}");
    let id = text(&done["id"])?;
    let receipt: Value = api.get(&format!("/v1/jobs/{id}/receipt")).await?;
    let (held, charged) = (credits(&receipt["held"])?, credits(&receipt["charged"])?);
    ensure!(held == credits(&estimate["hold"])? && charged <= held, "{estimate}: {receipt}");
    let lines = receipt["breakdown"].as_array().context("lines")?;
    let mut sum = Exact::ZERO;
    for line in lines {
        let amount: Exact = text(&line["amount"])?.parse()?;
        sum = sum.plus(amount)?;
    }
    ensure!(!lines.is_empty() && sum == Exact::of(charged), "{sum} is not {charged}: {receipt}");
    statement::check(api).await?;
    let ledger = statement::sum(&statement::lines(api, &format!("&job={id}")).await?)?;
    ensure!((ledger.held, ledger.charged) == (held, charged), "{ledger:?}: {receipt}");
    Ok(receipt)
}

/// What the schema refuses is answered with the nearest valid request, which is priced then.
async fn refused(api: &ApiClient) -> anyhow::Result<()> {
    let mut twelve = storm();
    twelve["params"]["duration"] = json!(12);
    let error = send(api.post("/v1/jobs", &twelve)).await?.refused(422, "invalid_parameter")?;
    ensure!(error["param"] == "resolution", "{error}");
    ensure!(error["details"]["errors"][0]["allowed"] == json!(["480p", "720p"]), "{error}");
    let nearest = job("text_to_video", error["details"]["nearest"].clone());
    ensure!(nearest["params"]["resolution"] == "720p", "{error}");
    send(api.post("/v1/estimates", &nearest)).await?.expect(200)?;
    Ok(())
}
