//! The simulator's control: what arrived there, and faults to come. The gateway never talks to it.

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

/// One call as the simulator saw it.
#[derive(Clone, Debug, Deserialize)]
pub struct UpstreamCall {
    /// Counts arrivals from one.
    pub seq: u64,
    /// When it arrived.
    pub at: DateTime<Utc>,
    /// When its answer had left or it was given up.
    pub ended_at: Option<DateTime<Utc>>,
    /// The last six characters of the provider key.
    pub key: String,
    /// `chat`, `images`, `video_create`, …
    pub op: String,
    /// The `X-Client-Request-Id` header.
    pub client_request_id: Option<String>,
    /// The body's own mark of the caller.
    pub safety_identifier: Option<String>,
    /// Whether work was done that the provider would charge for.
    pub accepted: bool,
    /// The HTTP status answered, if an answer left.
    pub status: Option<u16>,
    /// `pending`, `answered`, `cut`, `lost`, `hung` or `client_gone`.
    pub outcome: String,
}

/// The control of one simulator.
#[derive(Clone, Debug)]
pub struct Upstream {
    url: String,
    http: reqwest::Client,
}

impl Upstream {
    /// The control of the simulator at a URL.
    #[must_use]
    pub fn at(url: impl Into<String>, http: reqwest::Client) -> Self {
        Self { url: url.into(), http }
    }

    /// What has arrived so far.
    ///
    /// # Errors
    /// When the simulator does not answer.
    pub async fn calls(&self) -> anyhow::Result<Vec<UpstreamCall>> {
        self.listed("").await
    }

    /// The calls of one operation, once there are some and none is under way.
    ///
    /// # Errors
    /// When the simulator does not answer.
    pub async fn settled(&self, op: &str) -> anyhow::Result<Vec<UpstreamCall>> {
        self.listed(&format!("?settled=true&op={op}")).await
    }

    async fn listed(&self, query: &str) -> anyhow::Result<Vec<UpstreamCall>> {
        #[derive(Deserialize)]
        struct Listing {
            requests: Vec<UpstreamCall>,
        }
        let answer = self.http.get(format!("{}/_sim/requests{query}", self.url)).send().await?.error_for_status()?;
        Ok(answer.json::<Listing>().await.context("the simulator's request log")?.requests)
    }

    /// Cancels all faults.
    ///
    /// # Errors
    /// When the simulator does not answer.
    pub async fn unschedule(&self) -> anyhow::Result<()> {
        self.http.delete(format!("{}/_sim/faults", self.url)).send().await?.error_for_status()?;
        Ok(())
    }

    /// Schedules faults for the next calls that match.
    ///
    /// # Errors
    /// When the simulator refuses them.
    pub async fn schedule(&self, faults: &[Value]) -> anyhow::Result<()> {
        let request = self.http.post(format!("{}/_sim/faults", self.url)).json(&json!({ "faults": faults }));
        request.send().await?.error_for_status()?;
        Ok(())
    }
}
