//! Failover to another route of the same capability: after a definite refusal, and never after a call that the provider
//! may have taken.

use anyhow::{Context as _, ensure};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    MODEL,
    fleet::{Fleet, Key, call, until},
    question,
};

/// The provider of the second route: the same simulator under another name.
const SECOND: &str = "second";

#[tokio::test]
async fn another_route_is_taken_after_a_definite_refusal_only() -> anyhow::Result<()> {
    let fleet = Fleet::start(1, &[]).await?;
    let (first, second) = two_routes(&fleet).await?;
    let tenant = fleet.tenant(1).await?;
    fleet.upstream.schedule(&[broken(&first, json!({ "status": 503, "code": "ServerOverloaded" }))]).await?;

    let before = fleet.last_seq().await?;
    let answer = call(tenant.post("/v1/chat/completions", &question())).await?;
    let job_id = answer.job_id.clone().context("the job is named")?;
    answer.expect(200)?;
    let calls = fleet.chats_after(before).await?;
    let went: Vec<_> = calls.iter().map(|call| (call.key.as_str(), call.status)).collect();
    ensure!(went == [(first.tail.as_str(), Some(503)), (second.tail.as_str(), Some(200))], "{went:?}");
    let providers = providers_of(&fleet, &job_id).await?;
    ensure!(providers == ["ark", SECOND], "the flight recorder tells of {providers:?}");

    // Nobody knows whether the first provider did the work: the second is not asked for it.
    fleet.upstream.unschedule().await?;
    until("the first route is taken again", async || {
        let before = fleet.last_seq().await?;
        call(tenant.post("/v1/chat/completions", &question())).await?.expect(200)?;
        Ok(fleet.chats_after(before).await?.iter().any(|call| call.key == first.tail))
    })
    .await?;
    fleet.upstream.schedule(&[broken(&first, json!({ "lose_answer": true }))]).await?;
    let before = fleet.last_seq().await?;
    let answer = call(tenant.post("/v1/chat/completions", &question())).await?;
    ensure!(answer.status >= 500, "the answer was lost: {answer:?}");
    let calls = fleet.chats_after(before).await?;
    ensure!(calls.len() == 1 && calls[0].key == first.tail && calls[0].outcome == "lost", "{calls:?}");
    fleet.stop().await
}

/// A second provider, and the model's way to it behind the first.
async fn two_routes(fleet: &Fleet) -> anyhow::Result<(Key, Key)> {
    let ark = call(fleet.admin.request(Method::GET, "/admin/api/providers/ark")).await?.expect(200)?;
    let new = json!({ "name": SECOND, "adapter": ark["adapter"], "base_url": ark["base_url"] });
    call(fleet.admin.post("/admin/api/providers", &new)).await?.expect(201)?;
    let first = fleet.key("first1", 1, None).await?;
    let second = fleet.key_of(SECOND, "second", 1, None).await?;
    let shown = call(fleet.admin.request(Method::GET, &format!("/admin/api/models/{MODEL}"))).await?.expect(200)?;
    let mut route = shown.pointer("/capabilities/0/routes/0").context("a route")?.clone();
    route["priority"] = json!(0);
    let mut behind = route.clone();
    (behind["provider"], behind["priority"]) = (json!(SECOND), json!(1));
    let path = format!("/admin/api/models/{MODEL}/capabilities/chat/routes");
    call(fleet.admin.post(&path, &json!({ "routes": [route, behind] }))).await?.expect(200)?;
    fleet.known("both routes", |considered| ["first1", "second"].iter().all(|key| has_key(considered, key))).await?;
    Ok((first, second))
}

fn has_key(considered: &Value, label: &str) -> bool {
    considered.as_array().is_some_and(|all| all.iter().any(|one| one["label"] == label))
}

fn broken(key: &Key, mut fault: Value) -> Value {
    fault["match"] = json!({ "op": "chat", "key": key.secret });
    fault["forever"] = json!(true);
    fault
}

/// The providers of a job's attempts, in their order.
async fn providers_of(fleet: &Fleet, job_id: &str) -> anyhow::Result<Vec<String>> {
    let path = format!("/admin/api/jobs/{job_id}/flight");
    let read = async || {
        let listed = call(fleet.admin.request(Method::GET, &path)).await?.expect(200)?;
        Ok::<_, anyhow::Error>(listed["data"].as_array().cloned().unwrap_or_default())
    };
    until("both choices are recorded", async || Ok(read().await?.len() == 2)).await?;
    let chosen = |flight: &Value| {
        let considered = flight["choice"]["considered"].as_array()?;
        let chosen = considered.iter().find(|one| one["verdict"] == "chosen")?;
        Some(chosen["provider"].as_str()?.to_owned())
    };
    read().await?.iter().map(|flight| chosen(flight).with_context(|| format!("nothing was chosen: {flight}"))).collect()
}
