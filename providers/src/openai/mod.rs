//! OpenAI: chat, embeddings, images from texts and from images. Its video API is gone, so it keeps no tasks.
//!
//! | file | what it holds |
//! |---|---|
//! | `verdicts` | the table of OpenAI's error codes: fate, our code, what becomes of the key |
//! | `chat`, `embeddings` | bodies that go up nearly as they came |
//! | `images` | generations as JSON, edits as a form; both come back in base64 |

mod chat;
mod embeddings;
mod images;
mod verdicts;

use async_trait::async_trait;
use domain::capability::CapabilityKind;

use crate::{
    Call, ChatAnswer, ChatStream, EmbeddingsAnswer, Endpoint, ImagesAnswer, Provider, Trusted, UpstreamError,
    wire::{Request, Wire},
};

/// The translation of OpenAI.
#[derive(Debug)]
pub struct OpenAi {
    wire: Wire,
}

impl OpenAi {
    pub fn new(http: &Trusted) -> Self {
        Self { wire: Wire::new(http, verdicts::judge, &[]) }
    }
}

#[async_trait]
impl Provider for OpenAi {
    /// Its videos are gone.
    fn offers(&self, kind: CapabilityKind) -> bool {
        !matches!(kind, CapabilityKind::TextToVideo | CapabilityKind::ImageToVideo)
    }

    async fn check(&self, endpoint: &Endpoint) -> Result<(), UpstreamError> {
        self.wire.json(endpoint, Request::get("/models".to_owned(), Vec::new())).await.map(drop)
    }

    async fn chat(&self, endpoint: &Endpoint, call: &Call) -> Result<ChatAnswer, UpstreamError> {
        self.complete(endpoint, call).await
    }

    async fn chat_stream(&self, endpoint: &Endpoint, call: &Call) -> Result<ChatStream, UpstreamError> {
        self.stream(endpoint, call).await
    }

    async fn images(&self, endpoint: &Endpoint, call: &Call) -> Result<ImagesAnswer, UpstreamError> {
        self.make_images(endpoint, call).await
    }

    async fn embeddings(&self, endpoint: &Endpoint, call: &Call) -> Result<EmbeddingsAnswer, UpstreamError> {
        self.embed(endpoint, call).await
    }
}
