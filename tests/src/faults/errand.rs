//! Clients: each asks for one thing and remembers what it was told. A lost connection is no mistake of theirs: it is
//! what a kill looks like.

use std::time::Duration;

use anyhow::Context as _;
use futures::StreamExt as _;
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};

use super::plan::{Errand, ErrandKind, Plan, Product};
use crate::api_client::ApiClient;

/// The header that names the job behind an answer.
const JOB_ID: &str = "x-zephyr-job-id";
const CHAT_MODEL: &str = "doubao-seed-1-6-flash";
const FLAT_CHAT_MODEL: &str = "demo-flat-chat";
const IMAGE_MODEL: &str = "doubao-seedream-4-0";
const VIDEO_MODEL: &str = "doubao-seedance-1-0-pro";

/// What a client was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Which errand.
    pub errand: usize,
    /// The job that it was named.
    pub job_id: String,
    /// Whether the whole result had come.
    pub had_result: bool,
}

/// The clients of one run.
#[derive(Clone, Debug)]
pub struct Clients {
    api: ApiClient,
    seed: u64,
}

impl Clients {
    /// Clients of a gateway.
    #[must_use]
    pub const fn of(api: ApiClient, seed: u64) -> Self {
        Self { api, seed }
    }

    /// Runs all errands of a plan at the same time; gives what their clients were told.
    ///
    /// # Errors
    /// When an answer is none that a client could understand.
    pub async fn run_all(&self, plan: &Plan) -> anyhow::Result<Vec<Told>> {
        let running = plan.errands.iter().enumerate().map(|(number, errand)| self.run(number, *errand));
        let told: Vec<_> = futures::future::join_all(running).await;
        told.into_iter().filter_map(Result::transpose).collect()
    }

    /// Sends the queued jobs of a plan again with their keys, as clients do that heard nothing.
    ///
    /// # Errors
    /// When one is not answered: nobody is killed any more.
    pub async fn repeat_jobs(&self, plan: &Plan) -> anyhow::Result<Vec<Told>> {
        let mut told = Vec::new();
        for (number, errand) in plan.errands.iter().enumerate() {
            if let ErrandKind::Job { product, .. } = errand.kind {
                let answer = self.submit(number, product).await?;
                told.extend(job_told(number, answer).await?);
            }
        }
        Ok(told)
    }

    async fn run(&self, number: usize, errand: Errand) -> anyhow::Result<Option<Told>> {
        tokio::time::sleep(errand.begins_after).await;
        let done = match errand.kind {
            ErrandKind::Chat => self.chat(number).await,
            ErrandKind::StreamedChat => self.streamed_chat(number, usize::MAX).await,
            ErrandKind::LeftChat { pieces } => self.streamed_chat(number, pieces).await,
            ErrandKind::Image => self.image(number).await,
            ErrandKind::Job { product, cancel_after_ms } => self.job(number, product, cancel_after_ms).await,
        };
        match done {
            Err(error) if is_lost_connection(&error) => Ok(None),
            done => done.with_context(|| format!("errand {number}, {:?}", errand.kind)),
        }
    }

    async fn chat(&self, number: usize) -> anyhow::Result<Option<Told>> {
        let body = chat_body(number, CHAT_MODEL, false);
        let answer = self.api.post("/v1/chat/completions", &body).send().await?;
        whole_told(number, answer).await
    }

    async fn image(&self, number: usize) -> anyhow::Result<Option<Told>> {
        let body = json!({ "model": IMAGE_MODEL, "prompt": format!("a kite, number {number}"), "size": "1024x1024" });
        let answer = self.api.post("/v1/images/generations", &body).send().await?;
        whole_told(number, answer).await
    }

    /// Reads so many pieces of a streamed text, then hangs up.
    async fn streamed_chat(&self, number: usize, pieces: usize) -> anyhow::Result<Option<Told>> {
        let model = if number.is_multiple_of(2) { CHAT_MODEL } else { FLAT_CHAT_MODEL };
        let answer = self.api.post("/v1/chat/completions", &chat_body(number, model, true)).send().await?;
        let Some(job_id) = accepted(&answer) else { return refused(answer).await };
        let (mut stream, mut text) = (answer.bytes_stream(), Vec::new());
        let mut read = 0;
        while read < pieces {
            let Some(Ok(piece)) = stream.next().await else { break };
            text.extend_from_slice(&piece);
            read += 1;
        }
        let had_result = String::from_utf8_lossy(&text).contains("data: [DONE]");
        Ok(Some(Told { errand: number, job_id, had_result }))
    }

    async fn job(&self, number: usize, product: Product, cancel_after_ms: Option<u64>) -> anyhow::Result<Option<Told>> {
        let answer = self.submit(number, product).await?;
        let told = job_told(number, answer).await?;
        if let (Some(told), Some(pause)) = (&told, cancel_after_ms) {
            tokio::time::sleep(Duration::from_millis(pause)).await;
            let canceled = self.api.post(&format!("/v1/jobs/{}/cancel", told.job_id), &json!({})).send().await;
            // A lost wish to cancel is no wish; one that comes too late is refused.
            if let Ok(answer) = canceled {
                let status = answer.status();
                let fair = status.is_success() || status == StatusCode::CONFLICT || status.is_server_error();
                anyhow::ensure!(fair, "the cancel of {} answered {status}: {}", told.job_id, answer.text().await?);
            }
        }
        Ok(told)
    }

    async fn submit(&self, number: usize, product: Product) -> anyhow::Result<Response> {
        let key = format!("faults-{}-{number}", self.seed);
        Ok(self.api.post("/v1/jobs", &job_body(number, product)).header("idempotency-key", key).send().await?)
    }
}

fn chat_body(number: usize, model: &str, stream: bool) -> Value {
    let messages = json!([{ "role": "user", "content": format!("What is wind, number {number}?") }]);
    json!({ "model": model, "messages": messages, "max_tokens": 64, "stream": stream })
}

fn job_body(number: usize, product: Product) -> Value {
    let prompt = format!("a kite over the sea, number {number}");
    match product {
        Product::Text => {
            let params = json!({ "messages": [{ "role": "user", "content": prompt }], "max_tokens": 64 });
            json!({ "model": CHAT_MODEL, "capability": "chat", "params": params })
        }
        Product::Image => {
            let params = json!({ "prompt": prompt, "size": "1024x1024" });
            json!({ "model": IMAGE_MODEL, "capability": "text_to_image", "params": params })
        }
        Product::Video => {
            let params = json!({ "prompt": prompt, "resolution": "480p", "duration": 5 });
            json!({ "model": VIDEO_MODEL, "capability": "text_to_video", "params": params })
        }
    }
}

fn accepted(answer: &Response) -> Option<String> {
    let job_id = answer.headers().get(JOB_ID)?.to_str().ok()?;
    answer.status().is_success().then(|| job_id.to_owned())
}

async fn whole_told(errand: usize, answer: Response) -> anyhow::Result<Option<Told>> {
    let Some(job_id) = accepted(&answer) else { return refused(answer).await };
    let had_result = answer.bytes().await.is_ok();
    Ok(Some(Told { errand, job_id, had_result }))
}

async fn job_told(errand: usize, answer: Response) -> anyhow::Result<Option<Told>> {
    if !answer.status().is_success() {
        return refused(answer).await;
    }
    let job: Value = serde_json::from_slice(&answer.bytes().await?)?;
    let job_id = job["id"].as_str().context("an accepted job has no id")?.to_owned();
    Ok(Some(Told { errand, job_id, had_result: false }))
}

/// A refusal is fair when the gateway says that it or its provider can't now; anything else is a bug.
async fn refused(answer: Response) -> anyhow::Result<Option<Told>> {
    let status = answer.status();
    let fair = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
    anyhow::ensure!(fair, "an answer of {status}: {}", answer.text().await?);
    Ok(None)
}

fn is_lost_connection(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| cause.is::<reqwest::Error>())
}
