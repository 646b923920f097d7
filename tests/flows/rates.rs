//! How often a caller may ask, across processes: no minute admits more than the limit, and the headers tell the truth.

use std::{collections::BTreeSet, time::Duration};

use anyhow::{Context as _, ensure};
use futures::future::try_join_all;
use reqwest::Method;
use serde_json::{Value, json};
use tests::{api_client::ApiClient, looking::until, objects::ObjectStore};
use tokio::time::Instant;

use crate::{
    CHAT, FLAT,
    answer::{Answer, send},
    question,
    two_processes::{self, Api},
    video,
    world::{Person, World, text},
};

/// How long the limit is hammered at; three minutes show that windows slide: `TEST_HAMMER_SECONDS=180`.
const HAMMER_SECONDS: u64 = 15;
/// How many ask at once, through both processes.
const HAMMERS: usize = 8;
/// The limit that is hammered at.
const A_MINUTE: u64 = 60;
/// How long the gateway may take to hear of a job's end.
const SETTLED_WITHIN: Duration = Duration::from_secs(30);

#[expect(clippy::disallowed_methods, reason = "whoever runs the tests says how long")]
fn hammer_for() -> anyhow::Result<Duration> {
    let asked = std::env::var("TEST_HAMMER_SECONDS").ok().map(|seconds| seconds.parse()).transpose();
    Ok(Duration::from_secs(asked.context("TEST_HAMMER_SECONDS is a number")?.unwrap_or(HAMMER_SECONDS)))
}

/// A further key of a person's tenant.
pub async fn key(person: &Person, new: &Value) -> anyhow::Result<String> {
    text(&send(person.session.post("/v1/keys", new)).await?.expect(201)?["key"])
}

/// The limit on requests or tokens that an answer tells of: how many in all, and how many are left.
fn told(answer: &Answer, unit: &str) -> anyhow::Result<(u64, u64)> {
    let number = |what: &str| {
        let name = format!("x-ratelimit-{what}-{unit}");
        answer.header(&name).parse().with_context(|| format!("{name} of {answer:?}"))
    };
    Ok((number("limit")?, number("remaining")?))
}

#[tokio::test]
async fn no_minute_admits_more_than_a_key_may_through_two_processes() -> anyhow::Result<()> {
    let world = World::start(&two_processes::SECRETS).await?;
    let objects = ObjectStore::serve(&world.folder().join("bucket")).await?;
    let apis = two_processes::both(&world, &objects).await?;
    let person = world.person("10000").await?;
    let limited = key(&person, &json!({ "name": "limited", "requests_per_minute": A_MINUTE })).await?;
    for api in &apis {
        two_processes::until_known(&ApiClient::new(&api.base_url, &limited, world.http.clone())).await?;
    }
    let until = Instant::now() + hammer_for()?;
    let hammers = (0..HAMMERS).map(|number| hammer(&world, &apis[number % apis.len()], &limited, until));
    let admitted: Vec<u64> = try_join_all(hammers).await?.concat();
    let mut arrivals: Vec<_> =
        world.upstream.calls().await?.iter().filter(|call| call.op == "chat").map(|call| call.at).collect();
    arrivals.sort_unstable();
    ensure!(arrivals.len() == admitted.len(), "{} were answered, {} arrived", admitted.len(), arrivals.len());
    let (first, most) = (&arrivals[0], usize::try_from(A_MINUTE)?);
    // A call that was admitted in one minute may arrive in the next, by as long as the gateway takes for it.
    let period = chrono::TimeDelta::seconds(60) - chrono::TimeDelta::milliseconds(500);
    for window in arrivals.windows(most + 1) {
        ensure!(window[most] - window[0] > period, "{} within {}", most + 1, window[most] - window[0]);
    }
    let at_first = arrivals.iter().filter(|at| **at - *first < chrono::TimeDelta::seconds(30)).count();
    ensure!(at_first == most - apis.len(), "{at_first} were admitted at first, and the looks of {}", apis.len());
    let left: BTreeSet<u64> = admitted.iter().take(most).copied().collect();
    ensure!(left.iter().all(|left| *left < A_MINUTE), "{left:?}");
    Ok(())
}

/// Asks again and again; gives what each admitted answer said was left.
async fn hammer(world: &World, api: &Api, key: &str, until: Instant) -> anyhow::Result<Vec<u64>> {
    let client = ApiClient::new(&api.base_url, key, world.http.clone());
    let mut left = Vec::new();
    while Instant::now() < until {
        let answer = send(client.post("/v1/chat/completions", &question(FLAT))).await?;
        let (limit, remaining) = told(&answer, "requests")?;
        ensure!(limit == A_MINUTE, "{answer:?}");
        if answer.status == 429 {
            let wait: u64 = answer.header("retry-after").parse().context("Retry-After is a whole number")?;
            ensure!((1..=61).contains(&wait) && remaining == 0, "{answer:?}");
            answer.refused(429, "rate_limit_exceeded")?;
        } else {
            answer.expect(200)?;
            left.push(remaining);
        }
    }
    Ok(left)
}

#[tokio::test]
async fn the_headers_are_what_a_client_counts_itself_and_a_replay_costs_nothing() -> anyhow::Result<()> {
    let world = World::shared().await?;
    let person = world.person("100").await?;
    let limited = key(&person, &json!({ "name": "limited", "requests_per_minute": 10 })).await?;
    let client = ApiClient::new(&world.base_url, limited, world.http.clone());
    for counted in 1..=3 {
        let answer = send(client.request(Method::GET, "/v1/account")).await?;
        ensure!(told(&answer, "requests")? == (10, 10 - counted), "{answer:?}");
    }
    let ask = || send(client.post("/v1/chat/completions", &question(FLAT)).header("idempotency-key", "k"));
    let first = ask().await?;
    ensure!(told(&first, "requests")? == (10, 6), "{first:?}");
    first.expect(200)?;
    for _ in 0..2 {
        let again = ask().await?;
        ensure!(again.header("idempotent-replayed") == "true", "{again:?}");
        ensure!(told(&again, "requests")? == (10, 6), "a replay was counted: {again:?}");
    }
    let wrong = send(client.post("/v1/chat/completions", &json!({}))).await?;
    ensure!(told(&wrong, "requests")? == (10, 5), "a refusal tells it too: {wrong:?}");
    Ok(())
}

#[tokio::test]
async fn tokens_are_reserved_by_the_estimate_and_corrected_by_the_usage() -> anyhow::Result<()> {
    let world = World::shared().await?;
    let person = world.person("100").await?;
    let limited = key(&person, &json!({ "name": "limited", "tokens_per_minute": 100_000 })).await?;
    let client = ApiClient::new(&world.base_url, limited, world.http.clone());
    let mut used = 0;
    for streamed in [false, true] {
        let mut body = question(CHAT);
        body["stream"] = json!(streamed);
        body["stream_options"] = if streamed { json!({ "include_usage": true }) } else { Value::Null };
        let answer = client.post("/v1/chat/completions", &body).send().await?;
        ensure!(answer.status() == 200, "{answer:?}");
        let whole = answer.text().await?;
        let mut usage = whole.lines().filter_map(|line| {
            serde_json::from_str::<Value>(line.trim_start_matches("data: "))
                .ok()
                .filter(|chunk| chunk["usage"].is_object())
        });
        let usage = usage.next_back().context("a usage")?["usage"]["total_tokens"].as_u64().context("a number")?;
        ensure!(usage > 0, "{whole}");
        used += usage;
        settles_at(&client, 100_000 - used).await?;
    }
    send(client.post("/v1/chat/completions", &json!({ "model": CHAT }))).await?.expect(400)?;
    settles_at(&client, 100_000 - used).await?;
    let tiny = key(&person, &json!({ "name": "tiny", "tokens_per_minute": 1 })).await?;
    let tiny = ApiClient::new(&world.base_url, tiny, world.http.clone());
    send(tiny.post("/v1/chat/completions", &question(CHAT))).await?.expect(200)?;
    let refused = send(tiny.post("/v1/chat/completions", &question(CHAT))).await?;
    let error = refused.clone().refused(429, "rate_limit_exceeded")?;
    ensure!(error["details"]["limit"] == "tokens_per_minute" && !refused.header("retry-after").is_empty(), "{error}");
    ensure!(told(&refused, "tokens")? == (1, 0), "{refused:?}");
    Ok(())
}

/// The gateway corrects a reservation when it hears of the job's end by the log.
async fn settles_at(client: &ApiClient, left: u64) -> anyhow::Result<()> {
    let mut seen = 0;
    until("the reservation is corrected", SETTLED_WITHIN, async || {
        let answer = send(client.request(Method::GET, "/v1/account")).await?;
        seen = told(&answer, "tokens")?.1;
        Ok(seen == left)
    })
    .await
    .with_context(|| format!("{left} tokens were to be left, not {seen}"))
}

#[tokio::test]
async fn as_many_jobs_as_a_key_may_have_are_under_way() -> anyhow::Result<()> {
    let world = World::start(&[("ZEPHYR_SIMULATOR_TIME_SCALE", "1")]).await?;
    let person = world.person("100").await?;
    let limited = key(&person, &json!({ "name": "limited", "concurrent_jobs": 2 })).await?;
    let client = ApiClient::new(&world.base_url, limited, world.http.clone());
    let submit = || send(client.post("/v1/jobs", &video()));
    let answers = try_join_all((0..8).map(|_| submit())).await?;
    let (taken, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 202);
    ensure!((taken.len(), refused.len()) == (2, 6), "{taken:?}");
    for answer in refused {
        ensure!(!answer.header("retry-after").is_empty(), "{answer:?}");
        let error = answer.refused(429, "rate_limit_exceeded")?;
        ensure!(error["details"] == json!({ "limit": "concurrent_jobs", "of": "api_key", "most": 2 }), "{error}");
    }
    send(person.api.post("/v1/jobs", &video())).await?.expect(202)?;
    world.set_time_scale(0.0001).await?;
    for job in &taken {
        let path = format!("/v1/jobs/{}/events", text(&job.body["id"])?);
        let watching = client.request(Method::GET, &path).header("accept", "text/event-stream").send().await?;
        ensure!(watching.text().await?.contains("succeeded"), "it ends");
    }
    submit().await?.expect(202)?;
    Ok(())
}

#[tokio::test]
async fn a_key_sees_and_calls_only_the_models_that_it_is_for() -> anyhow::Result<()> {
    let world = World::shared().await?;
    let person = world.person("100").await?;
    let narrow = key(&person, &json!({ "name": "narrow", "models": [FLAT] })).await?;
    let client = ApiClient::new(&world.base_url, narrow, world.http.clone());
    for path in ["/v1/models", "/v1/catalog"] {
        let listed: Value = client.get(path).await?;
        let ids: Vec<_> = listed["data"].as_array().into_iter().flatten().map(|model| model["id"].clone()).collect();
        ensure!(ids == [FLAT], "{path} shows {ids:?}");
        let all: Value = person.session.get(path).await?;
        ensure!(all["data"].as_array().is_some_and(|models| models.len() > 1), "{path} hides from a person: {all}");
        send(client.request(Method::GET, &format!("{path}/{FLAT}"))).await?.expect(200)?;
        send(client.request(Method::GET, &format!("{path}/{CHAT}"))).await?.refused(404, "model_not_found")?;
    }
    send(client.post("/v1/chat/completions", &question(CHAT))).await?.refused(403, "model_not_allowed")?;
    send(client.post("/v1/jobs", &video())).await?.refused(403, "model_not_allowed")?;
    send(client.post("/v1/chat/completions", &question(FLAT))).await?.expect(200)?;
    Ok(())
}
