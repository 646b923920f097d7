//! The three generations of the tour, each with a line of progress: a streamed text, an image, a video.

use std::{io::Write as _, time::Duration};

use anyhow::{Context as _, bail};
use futures::StreamExt as _;
use serde_json::{Value, json};

use super::{gateway::Gateway, receipt::Receipt};

/// How long a job may take.
const JOB_WITHIN: Duration = Duration::from_mins(10);
/// The pause between two looks at a job.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// The longest line of a stream that is read.
const STREAM_MAX_BYTES: usize = 1 << 20;

const TEXT_MODEL: &str = "doubao-seed-1-6-flash";
const IMAGE_MODEL: &str = "doubao-seedream-4-0";
const VIDEO_MODEL: &str = "doubao-seedance-1-0-pro";

/// A text, streamed.
pub async fn text(gateway: &Gateway) -> anyhow::Result<Receipt> {
    let prompt = "Say in two sentences what a west wind is.";
    let params = json!({ "messages": [{ "role": "user", "content": prompt }], "max_tokens": 200 });
    let quoted = gateway.quote(TEXT_MODEL, "chat", &params).await?;
    let mut body = params;
    body["model"] = json!(TEXT_MODEL);
    body["stream"] = json!(true);
    let mut progress = Progress::begin("text");
    let job_id = read_stream(gateway.chat(&body).await?, &mut progress).await?;
    progress.end("streamed");
    Receipt::of(gateway, "text", quoted, &job_id).await
}

/// An image, as a job.
pub async fn image(gateway: &Gateway) -> anyhow::Result<Receipt> {
    let params = json!({ "prompt": "a paper kite over a harbour" });
    job(gateway, "image", IMAGE_MODEL, "text_to_image", &params).await
}

/// A video, as a job.
pub async fn video(gateway: &Gateway) -> anyhow::Result<Receipt> {
    let params = json!({ "prompt": "a paper kite rises over a harbour", "duration": 5 });
    job(gateway, "video", VIDEO_MODEL, "text_to_video", &params).await
}

async fn job(
    gateway: &Gateway,
    what: &'static str,
    model: &str,
    capability: &str,
    params: &Value,
) -> anyhow::Result<Receipt> {
    let quoted = gateway.quote(model, capability, params).await?;
    let mut progress = Progress::begin(what);
    let job_id = gateway.submit(model, capability, params).await?;
    let ended = tokio::time::timeout(JOB_WITHIN, follow(gateway, &job_id, &mut progress)).await;
    let job = ended.with_context(|| format!("{job_id} did not end in time"))??;
    let outputs = job["outputs"].as_array().map_or(0, Vec::len);
    progress.end(&format!("{outputs} stored"));
    Receipt::of(gateway, what, quoted, &job_id).await
}

async fn follow(gateway: &Gateway, job_id: &str, progress: &mut Progress) -> anyhow::Result<Value> {
    loop {
        let job = gateway.job(job_id).await?;
        match job["status"].as_str().context("a job without a status")? {
            "succeeded" => return Ok(job),
            "failed" | "canceled" | "expired" => bail!("{job_id} ended badly: {}", job["error"]),
            status => progress.step(status),
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Reads a streamed chat to its end; gives the job's id, which is the chat's.
async fn read_stream(answer: reqwest::Response, progress: &mut Progress) -> anyhow::Result<String> {
    let (mut pieces, mut rest, mut job_id) = (answer.bytes_stream(), Vec::new(), None);
    while let Some(piece) = pieces.next().await {
        rest.extend_from_slice(&piece.context("the stream broke")?);
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = rest.drain(..=end).collect();
            let Some(data) = line.strip_prefix(b"data:") else { continue };
            if data.trim_ascii() == b"[DONE]" {
                return job_id.context("the stream named no id");
            }
            let chunk: Value = serde_json::from_slice(data).context("a chunk is no JSON")?;
            if !chunk["error"].is_null() {
                bail!("the stream ended badly: {}", chunk["error"]);
            }
            job_id = job_id.or_else(|| chunk["id"].as_str().map(str::to_owned));
            progress.step("");
        }
        anyhow::ensure!(rest.len() <= STREAM_MAX_BYTES, "a line of the stream has no end");
    }
    bail!("the stream ended without [DONE]")
}

/// One line that grows: a dot for each step, a word when the state changes.
struct Progress {
    state: String,
}

impl Progress {
    fn begin(what: &str) -> Self {
        print_now(&format!("{what:6} "));
        Self { state: String::new() }
    }

    fn step(&mut self, state: &str) {
        if state == self.state {
            print_now(".");
        } else {
            print_now(&format!(" {state} "));
            state.clone_into(&mut self.state);
        }
    }

    fn end(self, how: &str) {
        print_now(&format!(" {how}\n"));
    }
}

/// Nobody listening any more is no reason to fail.
fn print_now(text: &str) {
    let mut out = std::io::stdout().lock();
    drop(write!(out, "{text}").and_then(|()| out.flush()));
}
