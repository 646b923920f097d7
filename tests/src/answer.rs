//! An answer of the gateway, and what a test expects of it.

use anyhow::{Context as _, ensure};
use reqwest::{RequestBuilder, header::HeaderMap};
use serde_json::Value;

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body; `Null` when it is no JSON.
    pub body: Value,
}

/// Sends a request and reads its answer.
///
/// # Errors
/// When there is no answer.
pub async fn send(request: RequestBuilder) -> anyhow::Result<Answer> {
    let answer = request.send().await.context("no answer")?;
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    let bytes = answer.bytes().await.context("the answer broke off")?;
    let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
    Ok(Answer { status, headers, body })
}

impl Answer {
    /// The body of an answer with this status.
    ///
    /// # Errors
    /// Another status, with what was answered.
    pub fn expect(self, status: u16) -> anyhow::Result<Value> {
        ensure!(self.status == status, "{status} was expected, not {}: {}", self.status, self.body);
        Ok(self.body)
    }

    /// The error of a refusal with this status and code.
    ///
    /// # Errors
    /// Another status or code, with what was answered.
    pub fn refused(self, status: u16, code: &str) -> anyhow::Result<Value> {
        let request_id = self.header("x-request-id");
        let mut body = self.expect(status)?;
        let error = body["error"].take();
        ensure!(error["code"] == code, "the code {code} was expected: {error}");
        ensure!(error["message"].as_str().is_some_and(|text| !text.is_empty()), "it says nothing: {error}");
        ensure!(error["request_id"] == request_id.as_str(), "the error names its request: {error}");
        Ok(error)
    }

    /// A header, or nothing.
    #[must_use]
    pub fn header(&self, name: &str) -> String {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
    }
}
