//! Ark's errors: their codes, and the JSON in which they are told.

use serde_json::{Value, json};

use crate::calls::Refusal;
pub use crate::fields::{invalid, missing};

/// `{"error":{code,message,param,type}}`, the message ending in the request id.
pub fn shape(refusal: &Refusal, request_id: &str) -> Value {
    json!({ "error": {
        "code": refusal.code,
        "message": format!("{} Request id: {request_id}", refusal.message),
        "param": "",
        "type": kind(refusal.status),
    } })
}

/// The HTTP phrase that Ark writes as `type`.
fn kind(status: u16) -> &'static str {
    match status {
        400 | 413 => "BadRequest",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "NotFound",
        409 => "Conflict",
        429 => "TooManyRequests",
        503 => "ServiceUnavailable",
        _ => "InternalServerError",
    }
}

/// 401: no key, or one that the provider does not know.
pub fn bad_key(key: &str) -> Refusal {
    let why = match key {
        "" => "the API key or AK/SK in the request is missing or invalid",
        _ => "the API key doesn't exist",
    };
    Refusal::new(401, "AuthenticationError", format!("The request failed because {why}."))
}

/// 404: no such model or endpoint.
pub fn no_model(model: &str) -> Refusal {
    let why = format!("The model or endpoint {model} does not exist or you do not have access to it.");
    Refusal::new(404, "InvalidEndpointOrModel.NotFound", why)
}

/// 404: the model is known but does other things.
pub fn wrong_model(model: &str, interface: &str) -> Refusal {
    Refusal::new(404, "UnsupportedModel", format!("The model {model} does not support the {interface} API."))
}

/// 400: the content filter.
pub fn sensitive_text() -> Refusal {
    let why = "The request failed because the input text may contain sensitive information.";
    Refusal::new(400, "InputTextSensitiveContentDetected", why)
}

/// 404: no such task (any more).
pub fn no_task(id: &str) -> Refusal {
    Refusal::new(404, "NotFound.Task", format!("The task {id} does not exist or has been deleted."))
}
