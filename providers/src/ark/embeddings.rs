//! `POST /embeddings` for texts, `POST /embeddings/multimodal` for parts; both come back as an OpenAI list.

use serde_json::{Map, Value, json};

use super::{Ark, chat};
use crate::{
    Call, EmbeddingsAnswer, Endpoint, UpstreamError, Verdict, code, usage,
    wire::{Request, Work, malformed},
};

/// Ark's models of this family answer on the multimodal path only, texts included.
const MULTIMODAL_FAMILY: &str = "embedding-vision";

impl Ark {
    pub(super) async fn embed(&self, endpoint: &Endpoint, call: &Call) -> Result<EmbeddingsAnswer, UpstreamError> {
        let mut body = chat::body(call)?;
        let path = if is_multimodal(&body) {
            as_parts(&mut body)?;
            "/embeddings/multimodal"
        } else {
            "/embeddings"
        };
        let answer = self.wire.json(endpoint, Request::post(path, call, &body.into(), Work::Paid)).await?;
        let body = listed(answer).ok_or_else(|| malformed(Work::Paid))?;
        let usage = usage::embeddings(&body["usage"])?;
        Ok(EmbeddingsAnswer { body, usage })
    }
}

fn is_multimodal(body: &Map<String, Value>) -> bool {
    let parts = body.get("input").and_then(Value::as_array).is_some_and(|parts| parts.iter().any(Value::is_object));
    parts || body.get("model").and_then(Value::as_str).is_some_and(|model| model.contains(MULTIMODAL_FAMILY))
}

/// Texts become parts. One call makes one vector, so several texts without other parts are refused, not blended.
fn as_parts(body: &mut Map<String, Value>) -> Result<(), UpstreamError> {
    let part = |text: &Value| if text.is_string() { json!({ "type": "text", "text": text }) } else { text.clone() };
    let parts: Vec<Value> = match body.get("input") {
        Some(Value::Array(list)) if list.len() > 1 && list.iter().all(Value::is_string) => {
            let why = "This model makes one vector a call: send one text, or parts that belong together.";
            return Err(UpstreamError::ours(Verdict::Fail, code::INVALID_REQUEST, why));
        }
        Some(Value::Array(list)) => list.iter().map(part).collect(),
        Some(text @ Value::String(_)) => vec![part(text)],
        _ => return Ok(()),
    };
    body.insert("input".to_owned(), parts.into());
    Ok(())
}

/// The answer with its vectors in a list.
fn listed(mut answer: Value) -> Option<Value> {
    if answer["data"].is_object() {
        let mut vector = answer["data"].take();
        vector["index"] = 0.into();
        answer["data"] = json!([vector]);
    }
    let whole = answer["data"].as_array()?.iter().all(|item| !item["embedding"].is_null());
    whole.then_some(answer)
}
