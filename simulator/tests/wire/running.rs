//! A simulator that runs for one test, and short ways to call it.

use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::{Value, json};
use simulator::{Config, serve};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Everything happens at once: no latency, tasks that have ended when first looked at.
pub fn instant() -> Config {
    Config {
        queued_ms: 0,
        running_ms: 0,
        first_token_ms: 0,
        chunk_ms: 0,
        image_ms: 0,
        embedding_ms: 0,
        ..Config::default()
    }
}

/// A simulator on a free port; it is switched off when dropped.
pub struct Running {
    /// `http://127.0.0.1:…`
    pub url: String,
    client: Client,
    server: JoinHandle<()>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Running {
    /// Starts one.
    pub async fn start(config: Config) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let server = tokio::spawn(async move {
            serve(listener, config, std::future::pending()).await.expect("it serves");
        });
        Self { url, client: Client::new(), server }
    }

    /// A request to a path of Ark, with a good key.
    pub fn ark(&self, method: Method, path: &str) -> RequestBuilder {
        self.ark_as("sim-test-1", method, path)
    }

    /// A request to a path of Ark, with this key.
    pub fn ark_as(&self, key: &str, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}/ark/api/v3{path}", self.url)).bearer_auth(key)
    }

    /// A request to a path of OpenAI, with this key.
    pub fn openai(&self, key: &str, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}/openai/v1{path}", self.url)).bearer_auth(key)
    }

    /// A call of a path of Runway, with a good key: the status and the JSON answered.
    pub async fn runway(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let request = self.client.request(method, format!("{}/runway/v1{path}", self.url)).bearer_auth("sim-test-1");
        let request = request.header("x-runway-version", "2024-11-06");
        read(body.into_iter().fold(request, |request, body| request.json(&body)).send().await.expect("an answer")).await
    }

    /// Posts a body and returns the status and the JSON answered.
    pub async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        read(self.ark(Method::POST, path).json(&body).send().await.expect("an answer")).await
    }

    /// Gets a path.
    pub async fn get(&self, path: &str) -> (u16, Value) {
        read(self.ark(Method::GET, path).send().await.expect("an answer")).await
    }

    /// Deletes a path, with a body as the SDK does.
    pub async fn delete(&self, path: &str) -> (u16, Value) {
        read(self.ark(Method::DELETE, path).json(&json!({})).send().await.expect("an answer")).await
    }

    /// Posts a body and returns the events of the stream, without `[DONE]`, which must be the last.
    pub async fn stream(&self, path: &str, body: Value) -> Vec<Value> {
        let response = self.ark(Method::POST, path).json(&body).send().await.expect("an answer");
        assert_eq!(response.headers()["content-type"], "text/event-stream; charset=utf-8");
        let text = response.text().await.expect("a whole stream");
        let mut lines: Vec<&str> = text.split("\n\n").filter_map(|event| event.strip_prefix("data: ")).collect();
        assert_eq!(lines.pop(), Some("[DONE]"));
        lines.into_iter().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }

    /// A call of the control routes.
    pub async fn control(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        let request = self.client.request(method, format!("{}{path}", self.url)).json(&body);
        read(request.send().await.expect("an answer")).await
    }

    /// Schedules one fault.
    pub async fn fault(&self, fault: Value) {
        let (status, body) = self.control(Method::POST, "/_sim/faults", json!({ "faults": [fault] })).await;
        assert_eq!(status, 200, "{body}");
    }

    /// What arrived for one operation.
    pub async fn requests(&self, op: &str) -> Vec<Value> {
        let (_, body) = self.control(Method::GET, &format!("/_sim/requests?op={op}"), json!({})).await;
        body["requests"].as_array().expect("a list").clone()
    }

    /// The file behind a link: its media type and bytes.
    pub async fn file(&self, url: &Value) -> (String, Vec<u8>) {
        let response = self.client.get(url.as_str().expect("a link")).send().await.expect("an answer");
        assert_eq!(response.status(), 200);
        let kind = response.headers()["content-type"].to_str().expect("text").to_owned();
        (kind, response.bytes().await.expect("a whole file").to_vec())
    }
}

async fn read(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let text = response.text().await.expect("a whole body");
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}
