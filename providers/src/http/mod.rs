//! The two HTTP clients of the gateway, made once and shared: `Trusted` for providers, `Guarded` for addresses from users.
//!
//! | file | what it holds |
//! |---|---|
//! | `trusted` | calls to base addresses that an admin set, and downloads of their outputs |
//! | `guarded` | addresses from users and webhooks: public ones only, checked again at each redirect |
//! | `egress` | which addresses are public, and the list of exceptions |
//! | `body` | reading an answer within its bounds |
//!
//! Neither takes a proxy from the environment or follows a redirect by itself.

mod body;
mod egress;
mod guarded;
mod trusted;

use std::{pin::Pin, time::Duration};

use bytes::Bytes;
use futures::Stream;

pub(crate) use self::body::Body;
pub use self::{
    egress::{EgressAllow, EgressAllowError},
    guarded::{Guarded, GuardedAnswer},
    trusted::Trusted,
};

/// The largest file that is downloaded.
pub const MAX_DOWNLOAD: u64 = 512 << 20;
/// The largest answer of a provider that is read whole; images may stand in it in base64.
pub const MAX_ANSWER: u64 = 64 << 20;
/// The largest answer of a webhook that is looked at.
pub const MAX_WEBHOOK_ANSWER: u64 = 64 << 10;
/// The most redirects that a download follows.
pub const MAX_REDIRECTS: usize = 5;
/// How long a connection may wait for its next use: shorter than servers usually keep theirs, so that a call does not meet a closed one.
const POOL_IDLE: Duration = Duration::from_secs(30);

/// How long to wait, and for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For a connection.
    pub connect: Duration,
    /// For the headers of an answer that takes no work: status of tasks, downloads, webhooks.
    pub headers: Duration,
    /// For the headers of an answer that comes after the work: chats and images.
    pub work: Duration,
    /// Between two pieces of a body.
    pub idle: Duration,
    /// For everything, body included.
    pub total: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            headers: Duration::from_secs(30),
            work: Duration::from_secs(600),
            idle: Duration::from_secs(120),
            total: Duration::from_secs(1_800),
        }
    }
}

/// Both clients.
#[derive(Clone, Debug)]
pub struct HttpClients {
    /// For providers.
    pub trusted: Trusted,
    /// For addresses from users.
    pub guarded: Guarded,
}

impl HttpClients {
    /// Makes both; needs a process-wide TLS provider or takes the built-in one.
    ///
    /// # Errors
    /// The system's certificates can't be read.
    pub fn new(timeouts: Timeouts, allow: EgressAllow) -> Result<Self, HttpError> {
        Ok(Self { trusted: Trusted::new(timeouts)?, guarded: Guarded::new(timeouts, allow)? })
    }
}

/// What went wrong on the way. No message holds an address's query, a header or a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// The client can't be made.
    #[error("the HTTP client can't be made: {0}")]
    Setup(String),
    /// Not an http or https address.
    #[error("the address is not a valid http or https address")]
    BadAddress,
    /// The address is not one that may be called.
    #[error("the address leads to a network that may not be called")]
    Forbidden,
    /// No connection: the name is unknown, nobody listens, or TLS fails. Nothing was sent.
    #[error("no connection could be made")]
    NotConnected,
    /// No answer, or no more of it, in time. The request may have been sent.
    #[error("there was no answer in time")]
    Timeout,
    /// The connection was lost. The request may have been sent.
    #[error("the connection was lost")]
    Lost,
    /// More than the bound.
    #[error("the answer is larger than {0} bytes")]
    TooLarge(u64),
    /// More than [`MAX_REDIRECTS`], or one without an address.
    #[error("the address redirects too often or to nowhere")]
    Redirects,
    /// Not a file.
    #[error("the answer has the status {0}")]
    Status(u16),
}

impl HttpError {
    /// Whether the request certainly did not go out.
    #[must_use]
    pub const fn is_before_sending(&self) -> bool {
        matches!(self, Self::Setup(_) | Self::BadAddress | Self::Forbidden | Self::NotConnected)
    }

    fn of(error: &reqwest::Error) -> Self {
        match error {
            error if is_forbidden(error) => Self::Forbidden,
            error if error.is_builder() => Self::BadAddress,
            error if error.is_connect() => Self::NotConnected,
            error if error.is_timeout() => Self::Timeout,
            _ => Self::Lost,
        }
    }
}

fn is_forbidden(error: &reqwest::Error) -> bool {
    let first: Option<&(dyn std::error::Error + 'static)> = std::error::Error::source(error);
    std::iter::successors(first, |error| error.source()).any(|error| error.is::<egress::ForbiddenAddress>())
}

/// A file on its way.
pub struct Download {
    /// Its media type, as the server says.
    pub content_type: Option<String>,
    /// Its length, if the server says.
    pub length: Option<u64>,
    /// Its bytes, at most [`MAX_DOWNLOAD`].
    pub stream: Pin<Box<dyn Stream<Item = Result<Bytes, HttpError>> + Send>>,
}

impl std::fmt::Debug for Download {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("Download");
        shown.field("content_type", &self.content_type).field("length", &self.length).finish_non_exhaustive()
    }
}

fn client(timeouts: &Timeouts) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .connect_timeout(timeouts.connect)
        .pool_idle_timeout(POOL_IDLE)
        .tcp_nodelay(true)
        .no_proxy()
        .referer(false)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("zephyr/", env!("CARGO_PKG_VERSION")))
}

fn build(builder: reqwest::ClientBuilder) -> Result<reqwest::Client, HttpError> {
    builder.build().map_err(|error| HttpError::Setup(error.without_url().to_string()))
}

/// An http or https address with a host.
fn address(url: &str) -> Result<reqwest::Url, HttpError> {
    let url = reqwest::Url::parse(url).map_err(|_| HttpError::BadAddress)?;
    let good = matches!(url.scheme(), "http" | "https") && url.has_host();
    good.then_some(url).ok_or(HttpError::BadAddress)
}

/// Where a redirect leads, or `None` when the answer is none. From https it never leads back to http.
fn redirection(from: &reqwest::Url, response: &reqwest::Response) -> Result<Option<reqwest::Url>, HttpError> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let location = response.headers().get(reqwest::header::LOCATION).and_then(|value| value.to_str().ok());
    let target = location.and_then(|location| from.join(location).ok()).ok_or(HttpError::Redirects)?;
    let weaker = from.scheme() == "https" && target.scheme() == "http";
    if weaker { Err(HttpError::Forbidden) } else { address(target.as_str()).map(Some) }
}
