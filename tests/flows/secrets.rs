//! A provider key is nowhere: not in a log, an answer, an event, a read model or a message, however a request fails and
//! whatever upstream says. Only the vault has it, encrypted.

use std::{fmt::Write as _, path::Path};

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use sqlx::{Connection as _, PgConnection};

use crate::{
    CHAT, FLAT, IMAGE,
    answer::send,
    picture, question, video,
    world::{Person, World},
};

/// How many characters of a key in a row are too many.
const TELLING: usize = 12;

/// What upstream does to a call; it repeats the key wherever it speaks.
fn faults(key: &str) -> Vec<Value> {
    let said = format!("Incorrect API key provided: {key}.");
    // Those that cost a key its place in the pool come last.
    let refusals = [
        (400, "InvalidParameter"),
        (429, "RateLimitExceeded"),
        (500, "InternalServiceError"),
        (502, ""),
        (503, "ServerOverloaded"),
        (404, "ModelNotOpen"),
        (403, "AccountOverdueError"),
        (401, "AuthenticationError"),
    ];
    let refuse =
        |(status, code): (u16, &str)| json!({ "status": status, "code": format!("{code}.{key}"), "message": said });
    let mut all = vec![
        json!({ "task_error": { "code": format!("SAFETY.{key}"), "message": said } }),
        json!({ "wrong_usage": { "completion_tokens": -1, "generated_images": -1, "prompt_tokens": -1 } }),
        json!({ "garbage": true }),
        json!({ "lose_answer": true }),
        json!({ "cut_after_chunks": 1 }),
    ];
    all.extend(refusals.map(refuse));
    all
}

/// Every way to reach an upstream. Jobs are waited for.
fn requests() -> Vec<(&'static str, Value)> {
    let mut streamed = question(CHAT);
    streamed["stream"] = json!(true);
    let params = json!({ "prompt": "A boat leaves the harbour", "duration": 2 });
    let film = json!({ "model": "gen4.5", "capability": "text_to_video", "params": params });
    vec![
        ("/v1/chat/completions", question(FLAT)),
        ("/v1/chat/completions", streamed),
        ("/v1/embeddings", json!({ "model": "doubao-embedding-large", "input": "a salty sea" })),
        ("/v1/images/generations", json!({ "model": IMAGE, "prompt": "A lighthouse", "size": "1024x1024" })),
        ("/v1/jobs", picture()),
        ("/v1/jobs", video()),
        ("/v1/jobs", film),
    ]
}

#[tokio::test]
async fn a_provider_key_is_told_nowhere_however_requests_fail() -> anyhow::Result<()> {
    let settings = [("RUST_LOG", "trace"), ("ZEPHYR_POLICY_TIME_DIVISOR", "1000000"), ("ZEPHYR_JOB_EXPIRY_MS", "3000")];
    let world = World::start(&settings).await?;
    let person = world.person("10000").await?;
    let key = world.demo.get("ZEPHYR_SIMULATOR_KEY").context("demo.env names the key")?.clone();
    let mut told = String::new();
    for fault in faults(&key) {
        // However often a job tries, and whatever it asks for.
        let mut lasting = fault.clone();
        lasting["forever"] = json!(true);
        world.upstream.schedule(&[lasting]).await?;
        let requests = requests();
        let asking = requests.iter().map(|(path, body)| asked(&person, path, body));
        told.extend(futures::future::try_join_all(asking).await?);
        world.http.delete(format!("{}/_sim/faults", world.simulator_url)).send().await?.error_for_status()?;
    }
    for path in ["/v1/jobs?limit=100", "/v1/ledger?limit=100", "/v1/ledger/export?format=jsonl", "/metrics"] {
        told.push_str(&world_answer(&person, path).await?);
    }
    let admin = world.admin_at(&world.base_url);
    told.push_str(&admin.request(reqwest::Method::GET, "/admin/api/vault").send().await?.text().await?);
    ensure!(told.len() > 50_000, "the requests said too little: {} bytes", told.len());
    must_not_tell("an answer", &told, &key)?;
    let logs = logs(world.folder())?;
    ensure!(logs.contains("reqwest") || logs.contains("hyper"), "the log is not at its most talkative");
    must_not_tell("a log", &logs, &key)?;
    let tables = tables(&world.database_url()?).await?;
    ensure!(tables.contains("JobFailed") && tables.contains("provider_secrets"), "the tables are not all there");
    must_not_tell("a table", &tables, &key)
}

async fn asked(person: &Person, path: &str, body: &Value) -> anyhow::Result<String> {
    let answer = person.api.post(path, body).header("prefer", "wait=10").send().await?;
    let mut told = format!("{:?}\n", answer.headers());
    // A stream may be cut.
    match answer.text().await {
        Ok(text) => told.push_str(&text),
        Err(error) => write!(told, "{error:?}")?,
    }
    Ok(told)
}

async fn world_answer(person: &Person, path: &str) -> anyhow::Result<String> {
    Ok(send(person.api.request(reqwest::Method::GET, path)).await?.body.to_string())
}

/// Everything that the process wrote. Not its data folder: what belongs to the owner of the key is there.
fn logs(folder: &Path) -> anyhow::Result<String> {
    let mut all = String::new();
    for file in ["up.log", "up.out"] {
        all.push_str(&String::from_utf8_lossy(&std::fs::read(folder.join(file))?));
    }
    Ok(all)
}

/// Every row of every table, as text.
async fn tables(database_url: &str) -> anyhow::Result<String> {
    let mut connection = PgConnection::connect(database_url).await?;
    let list = "select format('%I.%I', schemaname, tablename) from pg_tables where schemaname not in ('pg_catalog', 'information_schema')";
    let names: Vec<String> = sqlx::query_scalar(list).fetch_all(&mut connection).await?;
    let mut all = String::new();
    for name in names {
        let rows: Vec<String> =
            sqlx::query_scalar(&format!("select t::text from {name} t")).fetch_all(&mut connection).await?;
        write!(all, "{name}\n{}\n", rows.join("\n"))?;
    }
    Ok(all)
}

/// Neither a telling part of the key, nor its base64 or its bytes in hexadecimal, as PostgreSQL shows them.
fn must_not_tell(what: &str, text: &str, key: &str) -> anyhow::Result<()> {
    let random = key.rsplit('-').next().unwrap_or(key);
    ensure!(random.len() >= TELLING, "the key is too short to be told from other text");
    for start in 0..=random.len() - TELLING {
        let part = &random[start..start + TELLING];
        let hexadecimal: String = part.bytes().map(|byte| format!("{byte:02x}")).collect();
        for sought in [part, &hexadecimal] {
            if let Some(place) = text.find(sought) {
                let around: String =
                    text[..place].chars().rev().take(200).collect::<Vec<_>>().into_iter().rev().collect();
                anyhow::bail!("{what} tells the provider key after: {around}");
            }
        }
    }
    Ok(())
}
