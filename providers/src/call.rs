//! What an upstream is asked, and where. Never how: that is the adapter's.

use domain::{capability::CapabilityKind, id::AttemptId};
use secrecy::SecretString;
use serde_json::Value;

/// Where a provider listens, and the key that opens it.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// The base address, such as `https://ark.cn-beijing.volces.com/api/v3`.
    pub base_url: String,
    /// The provider key. It shows in no debug output.
    pub key: SecretString,
}

/// One attempt's request.
#[derive(Clone, Debug)]
pub struct Call {
    /// The attempt; upstream sees it as the client's request id, and echoes it on tasks.
    pub attempt_id: AttemptId,
    /// The model or endpoint id that the provider is asked for.
    pub upstream_model: String,
    /// What the model is asked to do.
    pub capability: CapabilityKind,
    /// The resolved parameters of the capability; for chat, the OpenAI body. Input files are data URIs by now.
    pub params: Value,
    /// Where the provider may tell that a task has changed.
    pub callback_url: Option<String>,
    /// Whom it is for, as a hash.
    pub end_user_hash: Option<String>,
}
