//! The client for addresses that an admin set, and for what they link to. It may reach private networks.

use reqwest::{Method, RequestBuilder};

use super::{
    Body, Download, HttpError, MAX_ANSWER, MAX_DOWNLOAD, MAX_REDIRECTS, Timeouts, address, build, client, redirection,
};

/// The client for providers. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Trusted {
    client: reqwest::Client,
    timeouts: Timeouts,
}

impl Trusted {
    /// Makes the client.
    ///
    /// # Errors
    /// The system's certificates can't be read.
    pub fn new(timeouts: Timeouts) -> Result<Self, HttpError> {
        Ok(Self { client: build(client(&timeouts))?, timeouts })
    }

    /// Fetches a file, without any key. Redirects are followed.
    ///
    /// # Errors
    /// It can't be reached, or the answer is not a file.
    pub async fn download(&self, url: &str) -> Result<Download, HttpError> {
        let mut url = address(url)?;
        for _ in 0..=MAX_REDIRECTS {
            let request = self.client.get(url.clone());
            let body = Body::send(request, &self.timeouts, self.timeouts.headers, MAX_DOWNLOAD).await?;
            match redirection(&url, body.response())? {
                Some(target) => url = target,
                None => return body.download(),
            }
        }
        Err(HttpError::Redirects)
    }

    pub(crate) fn request(&self, method: Method, url: &str) -> RequestBuilder {
        self.client.request(method, url)
    }

    /// Sends a call; `works` when the answer comes only after the work.
    pub(crate) async fn send(&self, request: RequestBuilder, works: bool) -> Result<Body, HttpError> {
        let headers = if works { self.timeouts.work } else { self.timeouts.headers };
        Body::send(request, &self.timeouts, headers, MAX_ANSWER).await
    }
}
