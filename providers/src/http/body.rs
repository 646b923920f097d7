//! Sends a request and reads its answer within bounds: time to the headers, time between pieces, total time, bytes.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::stream;
use reqwest::{RequestBuilder, Response, header};
use tokio::time::{Instant, timeout, timeout_at};

use super::{Download, HttpError, MAX_DOWNLOAD, Timeouts};

/// An answer whose body is still to be read.
pub struct Body {
    response: Response,
    idle: Duration,
    deadline: Instant,
    bound: u64,
    left: u64,
}

impl Body {
    /// Sends the request and waits for the headers.
    pub async fn send(
        request: RequestBuilder,
        timeouts: &Timeouts,
        headers: Duration,
        bound: u64,
    ) -> Result<Self, HttpError> {
        let deadline = Instant::now() + timeouts.total;
        let sent = timeout(headers.min(timeouts.total), request.send()).await.map_err(|_| HttpError::Timeout)?;
        let response = sent.map_err(|error| HttpError::of(&error))?;
        Ok(Self { response, idle: timeouts.idle, deadline, bound, left: bound })
    }

    pub const fn response(&self) -> &Response {
        &self.response
    }

    pub fn status(&self) -> u16 {
        self.response.status().as_u16()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.response.headers().get(name).and_then(|value| value.to_str().ok())
    }

    /// The next piece, or `None` at the end.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, HttpError> {
        let until = self.deadline.min(Instant::now() + self.idle);
        let read = timeout_at(until, self.response.chunk()).await.map_err(|_| HttpError::Timeout)?;
        let Some(piece) = read.map_err(|_| HttpError::Lost)? else { return Ok(None) };
        let length = u64::try_from(piece.len()).unwrap_or(u64::MAX);
        self.left = self.left.checked_sub(length).ok_or(HttpError::TooLarge(self.bound))?;
        Ok(Some(piece))
    }

    /// All of it.
    pub async fn whole(mut self) -> Result<Bytes, HttpError> {
        let mut all = BytesMut::new();
        while let Some(piece) = self.chunk().await? {
            all.extend_from_slice(&piece);
        }
        Ok(all.freeze())
    }

    /// The answer as a file, if it is one.
    pub fn download(self) -> Result<Download, HttpError> {
        if !self.response.status().is_success() {
            return Err(HttpError::Status(self.status()));
        }
        let length = self.response.content_length();
        if length.is_some_and(|length| length > MAX_DOWNLOAD) {
            return Err(HttpError::TooLarge(MAX_DOWNLOAD));
        }
        let content_type = self.header(header::CONTENT_TYPE.as_str()).map(str::to_owned);
        let pieces = stream::unfold(Some(self), |body| async {
            let mut body = body?;
            match body.chunk().await {
                Ok(None) => None,
                Ok(Some(piece)) => Some((Ok(piece), Some(body))),
                Err(error) => Some((Err(error), None)),
            }
        });
        Ok(Download { content_type, length, stream: Box::pin(pieces) })
    }
}
