//! Following a job: the same numbered events as a list, by server-sent events and by WebSocket, from any number on.

use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use futures::{SinkExt as _, StreamExt as _};
use reqwest::Method;
use serde_json::{Value, json};
use tests::api_client::ApiClient;
use tokio_tungstenite::tungstenite::{Message, client::IntoClientRequest as _};

use crate::{
    answer::send,
    question, video,
    world::{Person, World, text},
};

/// How long a test follows one job.
const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test]
async fn every_way_of_following_shows_the_same_events() -> anyhow::Result<()> {
    let world = World::shared().await?;
    let person = world.person("100").await?;
    let job = send(person.api.post("/v1/jobs", &video())).await?;
    ensure!(!job.header("retry-after").is_empty() && job.header("location").starts_with("/v1/jobs/"), "{job:?}");
    let job_id = text(&job.expect(202)?["id"])?;
    let (by_sse, by_socket) = tokio::try_join!(sse(&person.api, &job_id, 0), socket(&world, &person, &job_id, 0))?;
    let listed = listed(&person.api, &job_id, 0).await?;
    ensure!(by_sse == listed && by_socket == listed, "{by_sse:?}\n{by_socket:?}\n{listed:?}");
    let kinds: Vec<&str> = listed.iter().filter_map(|event| event["type"].as_str()).collect();
    ensure!(kinds.first() == Some(&"job.submitted") && kinds.last() == Some(&"job.succeeded"), "{kinds:?}");
    ensure!(kinds.contains(&"job.started") && kinds.contains(&"job.accepted"), "{kinds:?}");
    let numbers: Vec<i64> = listed.iter().filter_map(|event| event["sequence"].as_i64()).collect();
    ensure!(numbers.len() == listed.len() && numbers.is_sorted_by(|one, next| one < next), "{numbers:?}");
    for after in numbers {
        let rest = crate::following::listed(&person.api, &job_id, after).await?;
        ensure!(rest.iter().all(|event| event["sequence"].as_i64() > Some(after)), "{rest:?}");
        ensure!(sse(&person.api, &job_id, after).await? == rest, "resumed after {after} by SSE");
        ensure!(socket(&world, &person, &job_id, after).await? == rest, "resumed after {after} by WebSocket");
    }
    Ok(())
}

#[tokio::test]
async fn a_wait_that_runs_out_is_answered_with_the_job_as_it_stands() -> anyhow::Result<()> {
    let world = World::start(&[("ZEPHYR_SIMULATOR_TIME_SCALE", "1000")]).await?;
    let person = world.person("100").await?;
    let answer = send(person.api.post("/v1/jobs", &video()).header("prefer", "wait=1")).await?;
    ensure!(answer.header("preference-applied") == "wait=1", "{answer:?}");
    let job = answer.expect(202)?;
    ensure!(job["status"] == "running" || job["status"] == "queued", "{job}");
    for wait in ["wait=0", "wait=61", "wait=soon"] {
        let answer = send(person.api.post("/v1/jobs", &video()).header("prefer", wait)).await?;
        answer.refused(400, "invalid_request")?;
    }
    world.set_time_scale(0.001).await?;
    let events = sse(&person.api, &text(&job["id"])?, 0).await?;
    ensure!(events.last().is_some_and(|event| event["type"] == "job.succeeded"), "{events:?}");
    Ok(())
}

#[tokio::test]
async fn a_socket_refuses_in_words_and_goes_on() -> anyhow::Result<()> {
    let world = World::shared().await?;
    let (person, stranger) = (world.person("100").await?, world.person("1").await?);
    let theirs = send(stranger.api.post("/v1/chat/completions", &question(crate::FLAT))).await?;
    let theirs = theirs.header("x-zephyr-job-id");
    let mut socket = open(&world, &person).await?;
    for (sent, code) in [
        ("nonsense".to_owned(), "invalid_json"),
        (json!({ "type": "subscribe", "job": theirs }).to_string(), "not_found"),
        (json!({ "type": "subscribe", "job": "job_nothing" }).to_string(), "not_found"),
    ] {
        socket.send(Message::text(sent)).await?;
        let answer = heard(&mut socket).await?;
        ensure!(answer["type"] == "error" && answer["error"]["code"] == code, "{answer}");
    }
    socket.send(Message::text(json!({ "type": "ping" }).to_string())).await?;
    ensure!(heard(&mut socket).await?["type"] == "pong", "no pong");
    Ok(())
}

async fn listed(api: &ApiClient, job_id: &str, after: i64) -> anyhow::Result<Vec<Value>> {
    let mut list: Value = api.get(&format!("/v1/jobs/{job_id}/events?after={after}")).await?;
    list["data"].as_array_mut().map(std::mem::take).context("a list has data")
}

/// The numbered events of a stream that goes to the job's end; frames have no number.
async fn sse(api: &ApiClient, job_id: &str, after: i64) -> anyhow::Result<Vec<Value>> {
    let request = api.request(Method::GET, &format!("/v1/jobs/{job_id}/events")).header("accept", "text/event-stream");
    let answer = request.header("last-event-id", after.to_string()).send().await?.error_for_status()?;
    let body = tokio::time::timeout(PATIENCE, answer.text()).await.context("the stream goes on for ever")??;
    let mut events = Vec::new();
    for block in body.split("\n\n") {
        let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        let (Some(id), Some(data)) = (field("id:"), field("data:")) else { continue };
        let event: Value = serde_json::from_str(data)?;
        ensure!(event["sequence"].as_i64() == id.parse().ok() && event["type"].as_str() == field("event:"), "{block}");
        events.push(event);
    }
    Ok(events)
}

type Socket = tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>;

async fn open(world: &World, person: &Person) -> anyhow::Result<Socket> {
    let mut request = world.base_url.replacen("http", "ws", 1).into_client_request()?;
    *request.uri_mut() = format!("{}/v1/ws", world.base_url.replacen("http", "ws", 1)).parse()?;
    request.headers_mut().insert("authorization", format!("Bearer {}", person.key).parse()?);
    Ok(tokio_tungstenite::connect_async(request).await?.0)
}

async fn heard(socket: &mut Socket) -> anyhow::Result<Value> {
    loop {
        let message = tokio::time::timeout(PATIENCE, socket.next()).await.context("the socket is silent")?;
        match message.context("the socket was closed")?? {
            Message::Text(text) => return Ok(serde_json::from_str(&text)?),
            Message::Close(_) => bail!("the socket was closed"),
            _ => {}
        }
    }
}

async fn socket(world: &World, person: &Person, job_id: &str, after: i64) -> anyhow::Result<Vec<Value>> {
    let mut socket = open(world, person).await?;
    let subscribe = json!({ "type": "subscribe", "job": job_id, "after": after });
    socket.send(Message::text(subscribe.to_string())).await?;
    let mut events = Vec::new();
    loop {
        let mut message = heard(&mut socket).await?;
        ensure!(message["job"] == job_id, "{message}");
        match message["type"].as_str() {
            Some("event") => events.push(message["event"].take()),
            Some("frame") => {}
            Some("end") => return Ok(events),
            _ => bail!("{message}"),
        }
    }
}
