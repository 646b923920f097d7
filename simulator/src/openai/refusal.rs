//! OpenAI's errors: their codes and types, and the JSON in which they are told.

use serde_json::{Value, json};

use crate::calls::Refusal;
use crate::fields::{INVALID, MISSING};

/// `{"error":{message,type,param,code}}`.
pub fn shape(refusal: &Refusal, _request_id: &str) -> Value {
    let code = if refusal.code.is_empty() { Value::Null } else { json!(refusal.code) };
    json!({ "error": {
        "message": refusal.message,
        "type": kind(refusal),
        "param": refusal.details.as_str(),
        "code": code,
    } })
}

fn kind(refusal: &Refusal) -> &'static str {
    match (refusal.status, refusal.code.as_str()) {
        (_, "insufficient_quota") => "insufficient_quota",
        (403, _) => "permission_error",
        (429, _) => "requests",
        (500.., _) => "server_error",
        _ => "invalid_request_error",
    }
}

/// What reading a field refuses, as OpenAI says it.
pub fn in_our_words(refusal: Refusal) -> Refusal {
    let field = refusal.details.as_str().unwrap_or_default();
    if refusal.code.starts_with(MISSING) {
        let message = format!("Missing required parameter: '{field}'.");
        return Refusal { code: "missing_required_parameter".into(), message, ..refusal };
    }
    if refusal.code == INVALID {
        let why = refusal.message.rsplit_once("not valid: ").map_or("it is not valid.", |(_, why)| why);
        let message = format!("Invalid value for '{field}': {why}");
        return Refusal { code: "invalid_value".into(), message, ..refusal };
    }
    if refusal.code.starts_with("InvalidImageURL") {
        return Refusal { code: "invalid_image_url".into(), ..refusal };
    }
    refusal
}

fn of(field: &str, refusal: Refusal) -> Refusal {
    Refusal { details: field.into(), ..refusal }
}

/// 401: no key, or one that the provider does not know.
pub fn bad_key(key: &str) -> Refusal {
    let why = match key {
        "" => "You didn't provide an API key.",
        _ => "Incorrect API key provided.",
    };
    Refusal::new(401, "invalid_api_key", why)
}

/// 400: a body that can't be read.
pub fn bad_body(why: &str) -> Refusal {
    Refusal::new(400, "", format!("We could not parse the body of your request: {why}."))
}

/// 400: a parameter that this model does not take.
pub fn unsupported(field: &str, why: &str) -> Refusal {
    of(field, Refusal::new(400, "unsupported_parameter", format!("Unsupported parameter: '{field}' {why}.")))
}

/// 400: a parameter that there is not.
pub fn unknown(field: &str) -> Refusal {
    of(field, Refusal::new(400, "unknown_parameter", format!("Unknown parameter: '{field}'.")))
}

/// 404: no such model.
pub fn no_model(model: &str) -> Refusal {
    let why = format!("The model '{model}' does not exist or you do not have access to it.");
    of("model", Refusal::new(404, "model_not_found", why))
}

/// 400: the model is known but does other things.
pub fn wrong_model(model: &str) -> Refusal {
    of("model", Refusal::new(400, "invalid_value", format!("The model '{model}' can't be used with this endpoint.")))
}

/// 400: the content filter of images and videos.
pub fn moderated() -> Refusal {
    Refusal::new(400, "moderation_blocked", "Your request was rejected by the safety system.")
}

/// 400: the content filter of texts.
pub fn against_policy() -> Refusal {
    Refusal::new(400, "content_policy_violation", "Your request was rejected by our usage policies.")
}

/// 404: no such video (any more).
pub fn no_video(id: &str) -> Refusal {
    Refusal::new(404, "not_found", format!("Video with id '{id}' not found."))
}
