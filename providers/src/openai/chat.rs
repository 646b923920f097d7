//! `POST /chat/completions`: the body goes up as it is, but for a name that OpenAI has given up.

use serde_json::{Map, Value};

use super::OpenAi;
use crate::{Call, ChatAnswer, ChatStream, Endpoint, UpstreamError, completions, wire::body_of};

/// What makes OpenAI tell the usage of a stream.
const USAGE_OPTIONS: [&str; 1] = ["include_usage"];

impl OpenAi {
    pub(super) async fn complete(&self, endpoint: &Endpoint, call: &Call) -> Result<ChatAnswer, UpstreamError> {
        completions::whole(&self.wire, endpoint, call, body(call)?).await
    }

    pub(super) async fn stream(&self, endpoint: &Endpoint, call: &Call) -> Result<ChatStream, UpstreamError> {
        completions::streamed(&self.wire, endpoint, call, (body(call)?, &USAGE_OPTIONS)).await
    }
}

fn body(call: &Call) -> Result<Map<String, Value>, UpstreamError> {
    let mut body = for_end_user(call)?;
    // Models that reason refuse the old name, and all models take the new one.
    if !body.contains_key("max_completion_tokens")
        && let Some(most) = body.remove("max_tokens")
    {
        body.insert("max_completion_tokens".to_owned(), most);
    }
    if let Some(options) = body.get_mut("stream_options").and_then(Value::as_object_mut) {
        options.remove("chunk_include_usage");
    }
    Ok(body)
}

/// The body, with whom it is for.
fn for_end_user(call: &Call) -> Result<Map<String, Value>, UpstreamError> {
    let mut body = body_of(call)?;
    if let Some(hash) = &call.end_user_hash {
        body.entry("safety_identifier").or_insert_with(|| hash.clone().into());
    }
    Ok(body)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use domain::{capability::CapabilityKind, id::AttemptId};
    use serde_json::json;

    use super::*;

    #[test]
    fn the_old_name_of_the_longest_answer_becomes_the_new_one() {
        let call = |params: Value| Call {
            attempt_id: AttemptId::from_uuid(Default::default()),
            upstream_model: "m".to_owned(),
            capability: CapabilityKind::Chat,
            params,
            callback_url: None,
            end_user_hash: Some("h".to_owned()),
        };
        let wire = body(&call(json!({ "max_tokens": 5, "seed": null, "new": [1] }))).unwrap();
        let expected = json!({ "model": "m", "max_completion_tokens": 5, "new": [1], "safety_identifier": "h" });
        assert_eq!(Value::Object(wire), expected);
        let both = body(&call(json!({ "max_tokens": 5, "max_completion_tokens": 6 }))).unwrap();
        assert_eq!((&both["max_tokens"], &both["max_completion_tokens"]), (&json!(5), &json!(6)));
    }
}
