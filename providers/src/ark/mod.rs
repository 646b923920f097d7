//! Volcengine Ark: chat, images, embeddings, video tasks.
//!
//! | file | what it holds |
//! |---|---|
//! | `wire` | one call over HTTP: headers, JSON, what a lost connection means |
//! | `verdicts` | the table of Ark's error codes: fate, our code, what becomes of the key |
//! | `chat`, `images`, `embeddings` | calls that answer at once |
//! | `video` | parameters of a video as Ark wants them |
//! | `tasks` | submit, read, find, cancel |
//!
//! It never deletes the record of a task that has ended, and never submits twice.

mod chat;
mod embeddings;
mod images;
mod tasks;
mod verdicts;
mod video;
mod wire;

use crate::{Download, HttpError, Trusted};

/// The translation of Ark.
#[derive(Clone, Debug)]
pub struct Ark {
    http: Trusted,
}

impl Ark {
    pub(crate) const fn new(http: Trusted) -> Self {
        Self { http }
    }

    pub(crate) async fn download(&self, url: &str) -> Result<Download, HttpError> {
        self.http.download(url).await
    }
}
