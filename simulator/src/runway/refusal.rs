//! Runway's errors: `error` is a sentence, not an object; a body that is wrong lists its issues.

use serde_json::{Value, json};

use crate::calls::Refusal;

const DOCUMENTATION: &str = "https://docs.dev.runwayml.com/api";

/// `{"error": "…"}`, with `issues` and `docUrl` when there are some.
pub fn shape(refusal: &Refusal, _request_id: &str) -> Value {
    let mut body = json!({ "error": refusal.message });
    if refusal.details.is_array() {
        body["issues"] = refusal.details.clone();
        body["docUrl"] = json!(DOCUMENTATION);
    }
    body
}

/// 401: no key, or one that the provider does not know.
pub fn bad_key(_key: &str) -> Refusal {
    Refusal::new(401, "Unauthorized", "Unauthorized")
}

/// 400: no body, or one that can't be read.
pub fn bad_body(why: &str) -> Refusal {
    Refusal::new(400, "BadRequest", format!("The body can't be read: {why}."))
}

/// 400: the version of the API is missing or unknown.
pub fn bad_version() -> Refusal {
    Refusal::new(400, "BadRequest", "The X-Runway-Version header is missing or names no version of the API.")
}

/// 400: everything that is wrong with a body.
pub fn invalid(issues: Vec<Value>) -> Refusal {
    Refusal { details: issues.into(), ..Refusal::new(400, "BadRequest", "Validation of body failed") }
}

/// 404: no such task, or one that was deleted.
pub fn no_task() -> Refusal {
    Refusal::new(404, "NotFound", "A task with that ID was not found.")
}

/// 429: as many as a day allows.
pub fn daily_limit(model: &str) -> Refusal {
    Refusal::new(429, "TooManyRequests", format!("You have reached the daily task limit for {model}."))
}
