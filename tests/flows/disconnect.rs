//! A client that goes away mid-stream: upstream is hung up on, and the declared policy says what it costs.

use std::net::SocketAddr;

use anyhow::{Context as _, bail, ensure};
use domain::Credits;
use serde_json::{Value, json};
use socket2::{Domain, Socket, Type};
use tests::{api_client::ApiClient, upstream::UpstreamCall};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
};

use crate::{
    CHAT, FLAT, question, statement,
    world::{Person, World, credits},
};

/// Slow enough that a client is gone long before upstream is done.
const SLOWLY: &str = "4";

#[tokio::test]
async fn what_was_used_so_far_is_charged_where_the_policy_says_so() -> anyhow::Result<()> {
    let world = World::start(&[("ZEPHYR_SIMULATOR_TIME_SCALE", SLOWLY)]).await?;
    let person = world.person("100").await?;
    let job_id = go_away(&person, CHAT).await?;
    charged_for_a_part(&world, &person, &job_id).await
}

#[tokio::test]
async fn the_whole_answer_is_charged_where_the_policy_says_so() -> anyhow::Result<()> {
    let world = World::start(&[("ZEPHYR_SIMULATOR_TIME_SCALE", SLOWLY)]).await?;
    let person = world.person("100").await?;
    let job_id = go_away(&person, FLAT).await?;
    world.set_time_scale(0.001).await?;
    let call = ended_call(&world).await?;
    ensure!(call.outcome == "answered", "upstream was hung up on: {call:?}");
    let job = ended_job(&person.api, &job_id).await?;
    ensure!(job["status"] == "succeeded" && credits(&job["cost"]["charged"])? == Credits::from_whole(1), "{job}");
    ensure!(person.api.account().await?.available == Credits::from_whole(99), "the account says otherwise");
    Ok(())
}

#[tokio::test]
async fn a_caller_who_stays_and_takes_nothing_counts_as_gone() -> anyhow::Result<()> {
    let settings = [("ZEPHYR_SIMULATOR_TIME_SCALE", "0.0001"), ("ZEPHYR_CALLER_TAKES_MS", "200")];
    let world = World::start(&settings).await?;
    let person = world.person("100").await?;
    let (connection, job_id) = stay(&world, &person).await?;
    charged_for_a_part(&world, &person, &job_id).await?;
    // Who reads on after all is told that something is missing.
    let mut rest = BufReader::new(connection).lines();
    while let Some(line) = rest.next_line().await? {
        ensure!(!line.contains("[DONE]"), "it looks like a whole answer");
        if line.contains("request_timeout") {
            return Ok(());
        }
    }
    bail!("it does not say that it was cut off")
}

/// Asks for a long answer, and reads no more of it than its head, over a connection for which the machine keeps little.
/// Gives the connection and the job.
async fn stay(world: &World, person: &Person) -> anyhow::Result<(TcpStream, String)> {
    let mut body = question(CHAT);
    body["stream"] = json!(true);
    body["messages"][0]["content"] = json!("Tell the story of salt in 8000 words.");
    body["max_completion_tokens"] = json!(8_000);
    let (body, address) = (body.to_string(), world.base_url.trim_start_matches("http://"));
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.set_tcp_mss(536)?;
    socket.set_recv_buffer_size(4_096)?;
    socket.connect(&address.parse::<SocketAddr>()?.into())?;
    socket.set_nonblocking(true)?;
    let mut connection = TcpStream::from_std(socket.into())?;
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        person.key,
        body.len()
    );
    connection.write_all((head + &body).as_bytes()).await?;
    let mut answer = BufReader::with_capacity(64, &mut connection).lines();
    while let Some(line) = answer.next_line().await? {
        if let Some(job_id) = line.strip_prefix("x-zephyr-job-id: ") {
            let job_id = job_id.to_owned();
            return Ok((connection, job_id));
        }
    }
    bail!("the answer names no job")
}

/// Reads two chunks of a stream and goes away. Gives the job.
async fn go_away(person: &Person, model: &str) -> anyhow::Result<String> {
    let mut body = question(model);
    body["stream"] = json!(true);
    body["max_completion_tokens"] = json!(1_000);
    let mut answer = person.api.post("/v1/chat/completions", &body).send().await?.error_for_status()?;
    let job_id = answer.headers().get("x-zephyr-job-id").context("a job's id")?.to_str()?.to_owned();
    let mut read = String::new();
    while read.matches("data: ").count() < 2 {
        read.push_str(&String::from_utf8_lossy(&answer.chunk().await?.context("the stream ended early")?));
    }
    Ok(job_id)
}

/// Upstream was hung up on, and what it had made by then was charged.
async fn charged_for_a_part(world: &World, person: &Person, job_id: &str) -> anyhow::Result<()> {
    let call = ended_call(world).await?;
    ensure!(call.outcome == "client_gone", "upstream was not hung up on: {call:?}");
    let job = ended_job(&person.api, job_id).await?;
    ensure!(job["status"] == "canceled", "{job}");
    let charged = credits(&job["cost"]["charged"])?;
    ensure!(charged > Credits::ZERO && charged < credits(&job["cost"]["held"])?, "{job}");
    ensure!(statement::check(&person.api).await?.charged == charged, "the ledger says otherwise");
    ensure!(person.api.account().await?.held == Credits::ZERO, "something is still held");
    Ok(())
}

async fn ended_call(world: &World) -> anyhow::Result<UpstreamCall> {
    world.upstream.settled("chat").await?.into_iter().next().context("a call")
}

/// The job once it is over, by its own events.
async fn ended_job(api: &ApiClient, job_id: &str) -> anyhow::Result<Value> {
    let events = api.request(reqwest::Method::GET, &format!("/v1/jobs/{job_id}/events"));
    events.header("accept", "text/event-stream").send().await?.error_for_status()?.text().await?;
    api.get(&format!("/v1/jobs/{job_id}")).await
}
