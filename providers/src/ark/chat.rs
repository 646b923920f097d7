//! `POST /chat/completions`, in OpenAI's shape. Ark can also tell the usage so far in each chunk, and is always asked to.

use serde_json::{Map, Value};

use super::Ark;
use crate::{Call, ChatAnswer, ChatStream, Endpoint, UpstreamError, completions, wire::body_of};

/// What makes Ark tell the usage, at the end and in each chunk.
const USAGE_OPTIONS: [&str; 2] = ["include_usage", "chunk_include_usage"];

impl Ark {
    pub(super) async fn complete(&self, endpoint: &Endpoint, call: &Call) -> Result<ChatAnswer, UpstreamError> {
        completions::whole(&self.wire, endpoint, call, body(call)?).await
    }

    pub(super) async fn stream(&self, endpoint: &Endpoint, call: &Call) -> Result<ChatStream, UpstreamError> {
        completions::streamed(&self.wire, endpoint, call, (body(call)?, &USAGE_OPTIONS)).await
    }
}

/// The body, with whom it is for.
pub(super) fn body(call: &Call) -> Result<Map<String, Value>, UpstreamError> {
    let mut body = body_of(call)?;
    if let Some(hash) = &call.end_user_hash {
        body.entry("user").or_insert_with(|| hash.clone().into());
    }
    Ok(body)
}
