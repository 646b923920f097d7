//! The gateway as a client of it sees it: JSON over HTTP with an API key. Every call is bounded in time.

use std::time::Duration;

use anyhow::{Context as _, bail};
use domain::Credits;
use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};

/// How long a call may take, streams included.
const CALL_WITHIN: Duration = Duration::from_mins(5);
/// The most lines of the ledger that one job has here.
const LINES_AT_MOST: u32 = 100;

/// A running gateway.
pub struct Gateway {
    client: Client,
    base_url: String,
    api_key: String,
}

impl Gateway {
    /// A client of the gateway at a URL.
    pub fn new(base_url: &str, api_key: &str) -> anyhow::Result<Self> {
        let client = Client::builder().timeout(CALL_WITHIN).no_proxy().build()?;
        Ok(Self { client, base_url: base_url.to_owned(), api_key: api_key.to_owned() })
    }

    /// Fails unless the gateway says that it is ready.
    pub async fn ready(&self) -> anyhow::Result<()> {
        let asked = self.client.get(format!("{}/readyz", self.base_url)).send().await;
        let hint = || format!("no gateway answers at {}; start it first, by `make run`", self.base_url);
        let answer = asked.with_context(hint)?;
        if !answer.status().is_success() {
            bail!("the gateway is not ready: {}", answer.text().await?);
        }
        Ok(())
    }

    /// What a request would hold.
    pub async fn quote(&self, model: &str, capability: &str, params: &Value) -> anyhow::Result<Credits> {
        let body = json!({ "model": model, "capability": capability, "params": params });
        credits(&self.post("/v1/estimates", &body).await?["hold"])
    }

    /// Submits a job; gives its id.
    pub async fn submit(&self, model: &str, capability: &str, params: &Value) -> anyhow::Result<String> {
        let body = json!({ "model": model, "capability": capability, "params": params });
        let job = self.post("/v1/jobs", &body).await?;
        Ok(job["id"].as_str().context("a job without an id")?.to_owned())
    }

    /// A job as it stands.
    pub async fn job(&self, id: &str) -> anyhow::Result<Value> {
        self.get(&format!("/v1/jobs/{id}")).await
    }

    /// The lines of the ledger about a job.
    pub async fn ledger(&self, job_id: &str) -> anyhow::Result<Vec<Value>> {
        let page = self.get(&format!("/v1/ledger?job={job_id}&limit={LINES_AT_MOST}")).await?;
        Ok(page["data"].as_array().context("a ledger without data")?.clone())
    }

    /// Begins a streamed chat.
    pub async fn chat(&self, body: &Value) -> anyhow::Result<Response> {
        self.send(self.client.post(format!("{}/v1/chat/completions", self.base_url)).json(body)).await
    }

    async fn get(&self, path: &str) -> anyhow::Result<Value> {
        Ok(self.send(self.client.get(format!("{}{path}", self.base_url))).await?.json().await?)
    }

    async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        Ok(self.send(self.client.post(format!("{}{path}", self.base_url)).json(body)).await?.json().await?)
    }

    async fn send(&self, request: RequestBuilder) -> anyhow::Result<Response> {
        let answer = request.bearer_auth(&self.api_key).send().await?;
        let status = answer.status();
        if !status.is_success() {
            bail!("the gateway answered {status}: {}", answer.text().await?);
        }
        Ok(answer)
    }
}

/// An amount in JSON: a decimal text.
pub fn credits(value: &Value) -> anyhow::Result<Credits> {
    let text = value.as_str().with_context(|| format!("{value} is no amount"))?;
    text.parse().with_context(|| format!("{text:?} is no amount"))
}
