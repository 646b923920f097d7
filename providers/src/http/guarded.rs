//! The client for addresses from users, and for webhooks: it never reaches a private network that is not on the list of exceptions.
//!
//! Names are resolved here and every address is checked; the connection goes to an address that was checked and to no other.
//! Two connection pools, so that an exception for one port of a name does not open its other ports.

use std::{net::SocketAddr, sync::Arc};

use bytes::Bytes;
use reqwest::{
    Url,
    dns::{Addrs, Name, Resolve, Resolving},
    header::HeaderMap,
};

use super::{
    Body, Download, EgressAllow, HttpError, MAX_DOWNLOAD, MAX_REDIRECTS, MAX_WEBHOOK_ANSWER, Timeouts, address, build,
    client, egress::ForbiddenAddress, redirection,
};

/// The client for addresses from users. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Guarded {
    /// For destinations that the list names.
    named: reqwest::Client,
    /// For all others.
    public: reqwest::Client,
    allow: Arc<EgressAllow>,
    timeouts: Timeouts,
}

/// What a webhook answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuardedAnswer {
    /// The HTTP status; a redirect is not followed.
    pub status: u16,
    /// The body, if it is not larger than [`MAX_WEBHOOK_ANSWER`].
    pub body: Bytes,
}

impl Guarded {
    /// Makes the client, with these exceptions.
    ///
    /// # Errors
    /// The system's certificates can't be read.
    pub fn new(timeouts: Timeouts, allow: EgressAllow) -> Result<Self, HttpError> {
        let allow = Arc::new(allow);
        let checked = Arc::new(Checked(allow.clone()));
        let public = build(client(&timeouts).dns_resolver(checked))?;
        Ok(Self { named: build(client(&timeouts))?, public, allow, timeouts })
    }

    /// Fetches a file. Redirects are followed, each checked like the first address.
    ///
    /// # Errors
    /// It may not or can't be reached, or the answer is not a file.
    pub async fn download(&self, url: &str) -> Result<Download, HttpError> {
        let mut url = address(url)?;
        for _ in 0..=MAX_REDIRECTS {
            let request = self.client(&url)?.get(url.clone());
            let body = Body::send(request, &self.timeouts, self.timeouts.headers, MAX_DOWNLOAD).await?;
            match redirection(&url, body.response())? {
                Some(target) => url = target,
                None => return body.download(),
            }
        }
        Err(HttpError::Redirects)
    }

    /// Posts to a webhook. Its answer is read up to a bound; a larger one counts as empty.
    ///
    /// # Errors
    /// It may not or can't be reached.
    pub async fn post(&self, url: &str, headers: HeaderMap, body: Bytes) -> Result<GuardedAnswer, HttpError> {
        let url = address(url)?;
        let request = self.client(&url)?.post(url).headers(headers).body(body);
        let answer = Body::send(request, &self.timeouts, self.timeouts.headers, MAX_WEBHOOK_ANSWER).await?;
        let status = answer.status();
        Ok(GuardedAnswer { status, body: answer.whole().await.unwrap_or_default() })
    }

    /// The client that may go to this address, if any. Names are checked again when they are resolved.
    fn client(&self, url: &Url) -> Result<&reqwest::Client, HttpError> {
        let host = url.host_str().ok_or(HttpError::BadAddress)?;
        let port = url.port_or_known_default().ok_or(HttpError::BadAddress)?;
        if self.allow.names(host, port) {
            return Ok(&self.named);
        }
        let literal = host.trim_start_matches('[').trim_end_matches(']').parse();
        match literal {
            Ok(ip) if !self.allow.permits(ip) => Err(HttpError::Forbidden),
            _ => Ok(&self.public),
        }
    }
}

/// Resolves a name, and refuses it when any of its addresses may not be called.
#[derive(Debug)]
struct Checked(Arc<EgressAllow>);

impl Resolve for Checked {
    fn resolve(&self, name: Name) -> Resolving {
        let allow = self.0.clone();
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            if found.iter().all(|found| allow.permits(found.ip())) {
                return Ok(Box::new(found.into_iter()) as Addrs);
            }
            Err(ForbiddenAddress.into())
        })
    }
}
