//! A client of the gateway's API, as any program of a customer would be one.

use std::time::Duration;

use anyhow::Context as _;
use domain::Credits;
use reqwest::{Method, RequestBuilder};
use serde::Deserialize;
use serde_json::Value;

/// How long a client waits for an answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// What an account shows.
#[derive(Clone, Debug, Deserialize)]
pub struct AccountView {
    /// Whose account.
    pub tenant_id: String,
    /// What can be spent.
    pub available: Credits,
    /// What is set aside.
    pub held: Credits,
}

/// A client with an API key. Cloning it is cheap.
#[derive(Clone, Debug)]
pub struct ApiClient {
    base_url: String,
    api_key: String,
    http: reqwest::Client,
}

impl ApiClient {
    /// A client of the gateway at a URL.
    #[must_use]
    pub fn new(base_url: impl Into<String>, api_key: impl Into<String>, http: reqwest::Client) -> Self {
        Self { base_url: base_url.into(), api_key: api_key.into(), http }
    }

    /// The HTTP client that tests share: it never follows a proxy, and never waits for ever.
    ///
    /// # Errors
    /// When there is no TLS.
    pub fn http() -> anyhow::Result<reqwest::Client> {
        // The second one in a process is refused, and finds the first.
        drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
        Ok(reqwest::Client::builder().no_proxy().timeout(PATIENCE).build()?)
    }

    /// A request to a path.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base_url)).bearer_auth(&self.api_key)
    }

    /// Posts JSON.
    pub fn post(&self, path: &str, body: &Value) -> RequestBuilder {
        self.request(Method::POST, path).json(body)
    }

    /// Gets JSON.
    ///
    /// # Errors
    /// When it does not answer with a success.
    pub async fn get<T: serde::de::DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        let answer = self.request(Method::GET, path).send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        anyhow::ensure!(status.is_success(), "GET {path} answered {status}: {text}");
        serde_json::from_str(&text).with_context(|| format!("GET {path}: {text}"))
    }

    /// The account of the key's tenant.
    ///
    /// # Errors
    /// When it is not answered.
    pub async fn account(&self) -> anyhow::Result<AccountView> {
        self.get("/v1/account").await
    }

    /// Whether the gateway says that all its parts are there.
    pub async fn is_ready(&self) -> bool {
        let answer = self.http.get(format!("{}/readyz", self.base_url)).send().await;
        answer.is_ok_and(|answer| answer.status().is_success())
    }
}
