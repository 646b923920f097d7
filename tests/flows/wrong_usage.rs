//! An upstream that lies about what it used: nothing is charged by it, and what was held comes back.

use anyhow::ensure;
use domain::Credits;
use serde_json::{Value, json};

use crate::{
    CHAT, FLAT, IMAGE,
    answer::send,
    picture, question, statement, video,
    world::{Person, World, credits},
};

#[tokio::test]
async fn a_usage_that_can_not_be_right_is_never_charged() -> anyhow::Result<()> {
    let world = World::start(&[]).await?;
    let person = world.person("100").await?;
    let absurd = [json!(900_000_000), json!(9_000_000_000_000_000_000_u64)];
    for wrong in absurd.into_iter().chain([json!(-5), json!(1.5), json!("many"), Value::Null]) {
        for streamed in [false, true] {
            lie(&world, "chat", "completion_tokens", &wrong).await?;
            let mut body = question(CHAT);
            body["stream"] = json!(streamed);
            let answer = person.api.post("/v1/chat/completions", &body).send().await?;
            let (status, text) = (answer.status(), answer.text().await?);
            ensure!(text.contains("\"error\""), "{wrong} was taken ({status}): {text}");
            ensure!(status.is_server_error() || streamed, "{wrong} answered {status}");
        }
        lie(&world, "images", "generated_images", &wrong).await?;
        let image = json!({ "model": IMAGE, "prompt": "A lighthouse", "size": "1024x1024" });
        send(person.api.post("/v1/images/generations", &image)).await?.refused(502, "upstream_failed")?;
        for (op, field, new) in
            [("images", "generated_images", picture()), ("video_create", "completion_tokens", video())]
        {
            lie(&world, op, field, &wrong).await?;
            failed(&person, &new).await?;
        }
        unharmed(&person).await?;
    }
    Ok(())
}

#[tokio::test]
async fn an_explicit_zero_charges_nothing_and_is_a_success() -> anyhow::Result<()> {
    let world = World::start(&[]).await?;
    let person = world.person("100").await?;
    let usage = json!({ "prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0, "prompt_tokens_details": { "cached_tokens": 0 } });
    world.upstream.schedule(&[json!({ "match": { "op": "chat" }, "wrong_usage": usage })]).await?;
    let answer = send(person.api.post("/v1/chat/completions", &question(CHAT))).await?;
    ensure!(answer.header("x-zephyr-cost").parse::<Credits>()? == Credits::ZERO, "{answer:?}");
    answer.expect(200)?;
    send(person.api.post("/v1/chat/completions", &question(FLAT))).await?.expect(200)?;
    ensure!(statement::check(&person.api).await?.charged == Credits::from_whole(1), "zero was charged");
    Ok(())
}

async fn lie(world: &World, op: &str, field: &str, wrong: &Value) -> anyhow::Result<()> {
    let fault = json!({ "match": { "op": op }, "wrong_usage": { field: wrong } });
    world.upstream.schedule(&[fault]).await
}

/// The job fails with the stable code, and costs nothing.
async fn failed(person: &Person, new: &Value) -> anyhow::Result<()> {
    let job = send(person.api.post("/v1/jobs", new).header("prefer", "wait=30")).await?.expect(200)?;
    ensure!(job["status"] == "failed" && job["error"]["code"] == "invalid_usage", "{job}");
    ensure!(credits(&job["cost"]["charged"])? == Credits::ZERO, "{job}");
    Ok(())
}

async fn unharmed(person: &Person) -> anyhow::Result<()> {
    let sums = statement::check(&person.api).await?;
    ensure!(sums.charged == Credits::ZERO && sums.held == sums.returned, "{sums:?}");
    let account = person.api.account().await?;
    ensure!((account.available, account.held) == (Credits::from_whole(100), Credits::ZERO), "{account:?}");
    Ok(())
}
