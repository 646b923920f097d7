//! What comes back from calls that answer at once: chats, images, vectors. Neutral of the provider.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use domain::pricing::Quantities;
use futures::Stream;
use serde_json::Value;

use crate::UpstreamError;

/// A whole chat answer.
#[derive(Clone, Debug, PartialEq)]
pub struct ChatAnswer {
    /// An OpenAI `chat.completion`, with whatever else upstream said.
    pub body: Value,
    /// What it used.
    pub usage: Quantities,
}

/// A piece of a streamed chat.
#[derive(Clone, Debug, PartialEq)]
pub enum ChatEvent {
    /// A chunk as the client asked for it, without a usage.
    Chunk(Value),
    /// A chunk with which the usage so far came; the last one before `Done` is what counts.
    Usage {
        /// The chunk as the client asked for it.
        chunk: Value,
        /// The usage of everything up to here.
        usage: Quantities,
        /// The client did not ask for this chunk: it is not to be passed on.
        forced: bool,
    },
    /// The end, all of it arrived. A usage always came before.
    Done,
}

/// A streamed chat. It ends after `Done` or after an error; dropping it hangs up.
pub struct ChatStream(Pin<Box<dyn Stream<Item = Result<ChatEvent, UpstreamError>> + Send>>);

impl ChatStream {
    pub(crate) fn new(events: impl Stream<Item = Result<ChatEvent, UpstreamError>> + Send + 'static) -> Self {
        Self(Box::pin(events))
    }
}

impl Stream for ChatStream {
    type Item = Result<ChatEvent, UpstreamError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(context)
    }
}

impl std::fmt::Debug for ChatStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ChatStream")
    }
}

/// What an image call answers; some of its images may have failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImagesAnswer {
    /// One for each image, made or not, in upstream's order.
    pub items: Vec<ImageItem>,
    /// What it used. The images counted are those that upstream charges for.
    pub usage: Quantities,
}

/// One image, or why there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImageItem {
    /// It was made.
    Made(Picture),
    /// It was not.
    Failed {
        /// Its place, from zero.
        index: u32,
        /// Our stable code.
        code: &'static str,
        /// In words fit for users.
        message: String,
    },
}

/// An image that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Its place, from zero; failures count.
    pub index: u32,
    /// Where its bytes are.
    pub source: ImageSource,
    /// Its media type, when upstream said or the request decides.
    pub content_type: Option<String>,
    /// Pixels across and down, when upstream said.
    pub size: Option<(u32, u32)>,
}

/// Where an image's bytes are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImageSource {
    /// At an address that dies soon.
    Url(String),
    /// Here.
    Bytes(Bytes),
}

/// Vectors.
#[derive(Clone, Debug, PartialEq)]
pub struct EmbeddingsAnswer {
    /// An OpenAI list of embeddings.
    pub body: Value,
    /// What it used.
    pub usage: Quantities,
}
