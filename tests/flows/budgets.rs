//! Budgets under many connections and over two processes: what is spent never exceeds them, whatever upstream reports.

use anyhow::ensure;
use domain::Credits;
use futures::future::try_join_all;
use reqwest::Method;
use serde_json::{Value, json};
use tests::{api_client::ApiClient, objects::ObjectStore};

use crate::{
    CHAT, FLAT,
    answer::{Answer, send},
    question,
    rates::key,
    two_processes::{self, Api},
    world::{Person, World, credits},
};

/// How many ask at once.
const CONNECTIONS: usize = 64;
/// How often each asks at most, until it is refused.
const TRIES: usize = 200;

#[tokio::test]
async fn a_key_with_a_budget_of_one_credit_spends_no_more_through_two_processes() -> anyhow::Result<()> {
    let world = World::start(&two_processes::SECRETS).await?;
    let objects = ObjectStore::serve(&world.folder().join("bucket")).await?;
    let apis = two_processes::both(&world, &objects).await?;
    for (model, budget) in [(FLAT, "budget"), (CHAT, "budget_per_day"), (CHAT, "budget_per_month")] {
        let person = world.person("1000").await?;
        let limited = key(&person, &json!({ "name": "limited", budget: "1" })).await?;
        // Some of the answers report more than was held for them.
        let lie = json!({ "match": { "op": "chat" }, "wrong_usage": { "completion_tokens": 300 } });
        world.upstream.schedule(&vec![lie; if model == CHAT { 3 } else { 0 }]).await?;
        let spenders = (0..CONNECTIONS).map(|number| spend(&world, &apis[number % apis.len()], &limited, model));
        let answered: usize = try_join_all(spenders).await?.into_iter().sum();
        let account = person.api.account().await?;
        let spent = Credits::from_whole(1000) - account.available;
        ensure!(account.held == Credits::ZERO, "something is held for ever: {account:?}");
        ensure!(spent <= Credits::from_whole(1), "{spent} were spent of a budget of 1 for {model}");
        ensure!(model != FLAT || (answered, spent) == (1, Credits::from_whole(1)), "{answered} cost {spent}");
        ensure!(answered > 0 && spent > Credits::ZERO, "nothing was spent of {budget} for {model}");
        send(person.api.post("/v1/chat/completions", &question(FLAT))).await?.expect(200)?;
    }
    Ok(())
}

/// Asks until the budget refuses; gives how often it was answered.
async fn spend(world: &World, api: &Api, key: &str, model: &str) -> anyhow::Result<usize> {
    let client = ApiClient::new(&api.base_url, key, world.http.clone());
    two_processes::until_known(&client).await?;
    for answered in 0..TRIES {
        let answer = send(client.post("/v1/chat/completions", &question(model))).await?;
        if answer.status == 402 {
            refused_by(answer, "api_key")?;
            return Ok(answered);
        }
        answer.expect(200)?;
    }
    anyhow::bail!("the budget never refused")
}

/// The refusal by a budget says whose it is and adds up.
fn refused_by(answer: Answer, whose: &str) -> anyhow::Result<Value> {
    ensure!(answer.header("x-should-retry") == "false", "{answer:?}");
    let details = answer.refused(402, "budget_exceeded")?["details"].take();
    ensure!(details["budget"] == whose, "{details}");
    let amount = |name: &str| credits(&details[name]);
    let used = amount("spent")? + amount("held")?;
    ensure!(used <= amount("limit")? && used + amount("needed")? > amount("limit")?, "{details}");
    ensure!((details["period"] == "total") == details["resets_at"].is_null(), "{details}");
    Ok(details)
}

#[tokio::test]
async fn the_budget_of_a_tenant_binds_its_keys_and_people_together() -> anyhow::Result<()> {
    let world = World::shared().await?;
    let person = world.person("100").await?;
    let limits = format!("/admin/api/tenants/{}/limits", person.tenant_id);
    let admin = world.admin_at(&world.base_url);
    let set = json!({ "budget": { "day": "2", "month": "50" }, "requests_per_minute": 1000 });
    send(admin.request(Method::PUT, &limits).json(&set)).await?.expect(200)?;
    let ask = |person: &Person| send(person.api.post("/v1/chat/completions", &question(FLAT)));
    ask(&person).await?.expect(200)?;
    let by_session = ApiClient::clone(&person.session);
    send(by_session.post("/v1/chat/completions", &question(FLAT))).await?.expect(200)?;
    let details = refused_by(ask(&person).await?, "tenant")?;
    ensure!(details["period"] == "day" && details["limit"] == "2" && details["spent"] == "2", "{details}");
    let shown: Value = admin.get(&limits).await?;
    ensure!(shown["budgets"][0] == json!({ "period": "day", "limit": "2", "spent": "2", "held": "0" }), "{shown}");
    ensure!(shown["requests_per_minute"]["limit"] == 1000 && shown["requests_per_minute"]["used"] == 3, "{shown}");
    let raised = json!({ "budget": { "day": "3" } });
    send(admin.request(Method::PUT, &limits).json(&raised)).await?.expect(200)?;
    ask(&person).await?.expect(200)?;
    refused_by(ask(&person).await?, "tenant")?;
    Ok(())
}
