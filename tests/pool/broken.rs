//! Keys that break, each in its way: what becomes of the key is what the provider's code says, the request succeeds on
//! another key where nothing was accepted, and the key comes back by itself once the fault is lifted.

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use tests::api_client::ApiClient;

use crate::{
    fleet::{Fleet, Key, call, until},
    question,
};

/// How many requests each fault meets.
const REQUESTS: usize = 12;

struct World {
    fleet: Fleet,
    /// Gets nearly all of the work.
    broken: Key,
    /// Of the same account.
    sibling: Key,
    good: Key,
    tenant: ApiClient,
}

impl World {
    async fn start() -> anyhow::Result<Self> {
        // Keys that hang are found out soon.
        let fleet = Fleet::start(1, &[("ZEPHYR_UPSTREAM_ANSWER_MS", "2000")]).await?;
        let broken = fleet.key("broken", 9, Some("acct")).await?;
        let sibling = fleet.key("siblin", 1, Some("acct")).await?;
        let good = fleet.key("good01", 1, None).await?;
        fleet.known("three keys", |considered| considered.to_string().matches("good01").count() == 1).await?;
        let tenant = fleet.tenant(1).await?;
        Ok(Self { fleet, broken, sibling, good, tenant })
    }

    /// A fault of the broken key, until it is lifted.
    async fn breaks(&self, fault: Value) -> anyhow::Result<()> {
        self.break_key(&self.broken.secret, fault).await
    }

    async fn break_key(&self, key: &str, mut fault: Value) -> anyhow::Result<()> {
        fault["match"] = json!({ "op": "chat", "key": key });
        fault["forever"] = json!(true);
        self.fleet.upstream.schedule(&[fault]).await
    }

    async fn ask(&self) -> anyhow::Result<Value> {
        call(self.tenant.post("/v1/chat/completions", &question())).await?.expect(200)
    }

    async fn ask_often(&self) -> anyhow::Result<()> {
        for _ in 0..REQUESTS {
            self.ask().await?;
        }
        Ok(())
    }

    /// Asks until a key does as is said.
    async fn until_health(&self, key: &Key, what: &str, so: impl Fn(&Value) -> bool) -> anyhow::Result<()> {
        until(what, async || {
            call(self.tenant.post("/v1/chat/completions", &question())).await?;
            Ok(so(&self.fleet.health(key).await?))
        })
        .await
    }

    /// Lifts all faults: the key comes back with a real request, and makes calls again.
    async fn recovers(&self, key: &Key) -> anyhow::Result<()> {
        self.fleet.upstream.unschedule().await?;
        let well = |health: &Value| health["state"] == "ready" && health["models"] == json!([]);
        self.until_health(key, "the key is well again", well).await?;
        let before = self.fleet.last_seq().await?;
        until("it makes calls again", async || {
            self.ask().await?;
            let calls = self.fleet.chats_after(before).await?;
            Ok(calls.iter().any(|call| call.key == key.tail && call.status == Some(200)))
        })
        .await
    }
}

#[tokio::test]
async fn broken_keys_end_as_their_codes_say_and_come_back() -> anyhow::Result<()> {
    let world = World::start().await?;
    revoked(&world).await.context("a revoked key")?;
    overdue(&world).await.context("an account in arrears")?;
    rate_limited(&world).await.context("a key that is rate limited")?;
    half_failing(&world).await.context("a provider that fails half of the time")?;
    failing(&world).await.context("a key that fails each time")?;
    hanging(&world).await.context("a key that hangs")?;
    cut(&world).await.context("a key whose streams are cut")?;
    world.fleet.stop().await
}

async fn revoked(world: &World) -> anyhow::Result<()> {
    world.breaks(json!({ "status": 401, "code": "AuthenticationError" })).await?;
    world.ask_often().await?;
    let health = world.fleet.health(&world.broken).await?;
    ensure!(health["state"] == "disabled" && health["automatic"] == true, "{health}");
    ensure!(health["reason"] == "upstream_auth 401 AuthenticationError", "{health}");
    ensure!(health["probe_at"].is_string(), "{health}");
    world.recovers(&world.broken).await?;
    // What an admin disables is not enabled by any probe.
    let change = json!({ "enabled": false, "reason": "an audit" });
    let view = world.fleet.change(&world.broken, &change).await?;
    ensure!(view["health"]["reason"] == "an audit" && view["health"]["probe_at"].is_null(), "{view}");
    world.fleet.known("it is disabled", |considered| considered.to_string().contains("an audit")).await?;
    let before = world.fleet.last_seq().await?;
    world.ask_often().await?;
    let calls = world.fleet.chats_after(before).await?;
    ensure!(calls.iter().all(|call| call.key != world.broken.tail), "a key that an admin disabled was used");
    world.fleet.change(&world.broken, &json!({ "enabled": true })).await?;
    world.recovers(&world.broken).await
}

async fn overdue(world: &World) -> anyhow::Result<()> {
    world.break_key("sim-acct", json!({ "status": 403, "code": "AccountOverdueError" })).await?;
    world.ask_often().await?;
    for key in [&world.broken, &world.sibling] {
        let health = world.fleet.health(key).await?;
        ensure!(health["state"] == "disabled" && health["automatic"] == true, "{}: {health}", key.tail);
        ensure!(health["reason"].as_str().is_some_and(|why| why.contains("AccountOverdueError")), "{health}");
    }
    ensure!(world.fleet.health(&world.good).await?["state"] == "ready", "another account's key is well");
    world.recovers(&world.broken).await?;
    world.recovers(&world.sibling).await
}

async fn rate_limited(world: &World) -> anyhow::Result<()> {
    let code = "RateLimitExceeded.EndpointRPMExceeded";
    let fault = json!({ "match": { "op": "chat", "key": world.broken.secret }, "status": 429, "code": code });
    world.fleet.upstream.schedule(&[fault]).await?;
    let before = world.fleet.last_seq().await?;
    let answer = until_struck(world, before).await?;
    let health = world.fleet.health(&world.broken).await?;
    ensure!(health["state"] == "ready", "only its model cools down: {health}");
    let flight = flight_of(world, &answer).await?;
    let told: Vec<&Value> = flight.iter().filter(|flight| flight["choice"]["outcome"] == "chosen").collect();
    ensure!(told.len() == 2, "two attempts, two choices: {flight:?}");
    let verdict = |flight: &Value, key: &Key| {
        let considered = flight["choice"]["considered"].as_array().cloned().unwrap_or_default();
        considered.into_iter().find(|one| one["provider_key_id"] == key.id.as_str()).map(|one| one["verdict"].clone())
    };
    ensure!(verdict(told[0], &world.broken) == Some(json!("chosen")), "{flight:?}");
    ensure!(verdict(told[1], &world.broken) == Some(json!("tried")), "{flight:?}");
    world.recovers(&world.broken).await
}

/// Asks until the fault has struck once; gives the job of that request.
async fn until_struck(world: &World, before: u64) -> anyhow::Result<String> {
    for _ in 0..REQUESTS {
        let answer = call(world.tenant.post("/v1/chat/completions", &question())).await?;
        let job_id = answer.job_id.clone().context("the job is named")?;
        answer.expect(200)?;
        if world.fleet.chats_after(before).await?.iter().any(|call| call.status == Some(429)) {
            return Ok(job_id);
        }
    }
    anyhow::bail!("the fault never struck")
}

async fn flight_of(world: &World, job_id: &str) -> anyhow::Result<Vec<Value>> {
    let path = format!("/admin/api/jobs/{job_id}/flight");
    let read = async || {
        let listed = call(world.fleet.admin.request(reqwest::Method::GET, &path)).await?.expect(200)?;
        Ok::<_, anyhow::Error>(listed["data"].as_array().cloned().unwrap_or_default())
    };
    // They are written behind the attempts.
    until("both choices are recorded", async || Ok(read().await?.len() == 2)).await?;
    read().await
}

async fn half_failing(world: &World) -> anyhow::Result<()> {
    world.breaks(json!({ "status": 500, "code": "InternalServiceError", "probability": 0.5 })).await?;
    let before = world.fleet.last_seq().await?;
    world.ask_often().await?;
    let failed = world.fleet.chats_after(before).await?.iter().filter(|call| call.status == Some(500)).count();
    ensure!(failed > 0, "the fault never struck");
    world.recovers(&world.broken).await
}

async fn failing(world: &World) -> anyhow::Result<()> {
    world.breaks(json!({ "status": 500, "code": "InternalServiceError" })).await?;
    let disabled = |health: &Value| health["state"] == "disabled";
    world.until_health(&world.broken, "it is disabled after some failures", disabled).await?;
    let health = world.fleet.health(&world.broken).await?;
    let after = health["reason"].as_str().is_some_and(|why| why.contains("failures in a row") || why.contains("500"));
    ensure!(after && health["automatic"] == true, "{health}");
    world.ask_often().await?;
    world.recovers(&world.broken).await
}

async fn hanging(world: &World) -> anyhow::Result<()> {
    world.breaks(json!({ "hang": true })).await?;
    let before = world.fleet.last_seq().await?;
    // Nobody knows whether the provider did the work: it is not repeated on another key.
    let answer = loop {
        let answer = call(world.tenant.post("/v1/chat/completions", &question())).await?;
        if answer.status != 200 {
            break answer;
        }
    };
    ensure!(answer.status == 504 && answer.body["error"]["code"] == "upstream_timeout", "{answer:?}");
    let calls = world.fleet.chats_after(before).await?;
    let hung = calls.iter().filter(|call| call.outcome == "hung").count();
    ensure!(hung == 1, "one call hung: {hung}");
    let disabled = |health: &Value| health["state"] == "disabled";
    world.until_health(&world.broken, "it is disabled after some of them", disabled).await?;
    world.recovers(&world.broken).await
}

async fn cut(world: &World) -> anyhow::Result<()> {
    world.breaks(json!({ "cut_after_chunks": 2 })).await?;
    let mut streamed = question();
    streamed["stream"] = json!(true);
    let before = world.fleet.last_seq().await?;
    let text = loop {
        let answer = call(world.tenant.post("/v1/chat/completions", &streamed)).await?;
        ensure!(answer.status == 200, "{answer:?}");
        if !answer.text.contains("[DONE]") {
            break answer.text;
        }
    };
    ensure!(text.contains("\"error\""), "it ends with an error: {text}");
    let calls = world.fleet.chats_after(before).await?;
    let cut = calls.iter().position(|call| call.outcome == "cut").context("a call was cut")?;
    ensure!(cut + 1 == calls.len(), "a stream that had begun was not asked for again");
    until("it is disabled after some of them", async || {
        call(world.tenant.post("/v1/chat/completions", &streamed)).await?;
        Ok(world.fleet.health(&world.broken).await?["state"] == "disabled")
    })
    .await?;
    world.recovers(&world.broken).await
}
