//! A body with files, as OpenAI's SDKs send it: a form, or JSON that names its files. The files of a form are stored as
//! assets while they arrive, so that memory holds one part; they expire, since nobody asked to keep them.

use std::time::Duration;

use axum::{
    extract::{FromRequest as _, Multipart, Request, multipart::Field},
    http::header::CONTENT_TYPE,
};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use crate::{
    assets::upload::{broken, store_field},
    caller::Caller,
    error::{ApiError, ApiResult, ErrorCode},
    request::{BODY_WITHIN, Json},
    state::AppState,
};

/// The most fields and files of a form.
pub const PARTS_MAX: usize = 64;
/// The longest text field.
pub const FIELD_MAX_BYTES: usize = 256 * 1024;
/// How long the files of a form are kept beyond the longest life of their job.
const KEPT_FOR: Duration = Duration::from_secs(24 * 3600);
/// How often the time of a JSON body a form may take.
const FORM_PATIENCE: u32 = 5;

/// A body's fields.
pub struct Body {
    /// As JSON would have them; files are `asset://…`, several of one name a list.
    pub fields: Map<String, Value>,
    /// The same with the hashes of the files: the same body again is the same.
    pub fingerprint: Value,
    /// Whether it was a form, whose fields have no types.
    is_form: bool,
}

impl Body {
    /// Gives the texts of a form the types that the schema's properties ask for.
    pub fn typed(&mut self, properties: &Value) {
        if !self.is_form {
            return;
        }
        for (name, value) in &mut self.fields {
            if let Some(read) = value.as_str().and_then(|text| read_as(text, &properties[name])) {
                *value = read;
            }
        }
    }
}

/// A text as the JSON that a property asks for; `None` when it asks for text, or the text is none of it.
fn read_as(text: &str, property: &Value) -> Option<Value> {
    let asks = |kind: &str| {
        let types = &property["type"];
        types == kind || types.as_array().is_some_and(|types| types.iter().any(|of| of == kind))
    };
    let read: Value = if asks("string") { None } else { serde_json::from_str(text).ok() }?;
    let fits = match &read {
        Value::Number(number) => asks("number") || (asks("integer") && (number.is_i64() || number.is_u64())),
        Value::Bool(_) => asks("boolean"),
        Value::Object(_) => asks("object"),
        Value::Array(_) => asks("array"),
        Value::String(_) | Value::Null => false,
    };
    fits.then_some(read)
}

/// Reads a body, whichever kind it is.
///
/// # Errors
/// 4xx for a body that is neither, too large, too slow, or whose files are no images.
pub async fn read(state: &AppState, caller: &Caller, request: Request) -> ApiResult<Body> {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !kind.to_ascii_lowercase().starts_with("multipart/form-data") {
        let Json(fields) = Json::<Map<String, Value>>::from_request(request, state).await?;
        return Ok(Body { fingerprint: Value::Object(fields.clone()), fields, is_form: false });
    }
    let not_a_form = |_| ApiError::new(ErrorCode::InvalidRequest, "the form is malformed");
    let mut form = Multipart::from_request(request, state).await.map_err(not_a_form)?;
    let reading = tokio::time::timeout(BODY_WITHIN * FORM_PATIENCE, read_form(state, caller, &mut form));
    reading.await.map_err(|_| ApiError::new(ErrorCode::RequestTimeout, "the form did not arrive in time"))?
}

async fn read_form(state: &AppState, caller: &Caller, form: &mut Multipart) -> ApiResult<Body> {
    let expires_at = state.store.now() + state.parts.dispatcher.parts().ages.expire_after + KEPT_FOR;
    let (mut fields, mut fingerprint) = (Map::new(), Map::new());
    for _ in 0..PARTS_MAX {
        let Some(part) = form.next_field().await.map_err(|error| broken(&error))? else {
            return Ok(Body { fields, fingerprint: Value::Object(fingerprint), is_form: true });
        };
        let name = part.name().unwrap_or_default().to_owned();
        if part.file_name().is_some() {
            let (uri, sha256) = store_image(state, caller, (part, &name), expires_at).await?;
            add(&mut fields, &name, uri.into());
            add(&mut fingerprint, &name, sha256.into());
        } else {
            let text = read_text(part, &name).await?;
            add(&mut fields, &name, text.clone().into());
            add(&mut fingerprint, &name, text.into());
        }
    }
    Err(ApiError::new(ErrorCode::InvalidRequest, format!("a form has at most {PARTS_MAX} parts")))
}

/// Stores a file that has to be an image; its address, and the hash of its bytes.
async fn store_image(
    state: &AppState,
    caller: &Caller,
    (part, name): (Field<'_>, &str),
    expires_at: DateTime<Utc>,
) -> ApiResult<(String, String)> {
    let asset = store_field(state, caller, part, Some(expires_at)).await?;
    if !asset.content_type.starts_with("image/") {
        return Err(ApiError::new(ErrorCode::UnsupportedMediaType, "the file has to be an image").of(name));
    }
    Ok((format!("asset://{}", asset.id), hex::encode(asset.sha256)))
}

async fn read_text(mut part: Field<'_>, name: &str) -> ApiResult<String> {
    let mut bytes = Vec::new();
    while let Some(piece) = part.chunk().await.map_err(|error| broken(&error))? {
        bytes.extend_from_slice(&piece);
        if bytes.len() > FIELD_MAX_BYTES {
            let why = format!("a field of a form has at most {FIELD_MAX_BYTES} bytes");
            return Err(ApiError::new(ErrorCode::PayloadTooLarge, why).of(name));
        }
    }
    String::from_utf8(bytes).map_err(|_| ApiError::parameter(name, "the field is no UTF-8 text"))
}

/// One value under its name: `name[]`, and a name that comes twice, make a list.
fn add(fields: &mut Map<String, Value>, name: &str, value: Value) {
    let plain = name.strip_suffix("[]");
    match (fields.get_mut(plain.unwrap_or(name)), plain) {
        (Some(Value::Array(list)), _) => list.push(value),
        (Some(first), _) => *first = json!([first.take(), value]),
        (None, Some(plain)) => drop(fields.insert(plain.to_owned(), json!([value]))),
        (None, None) => drop(fields.insert(name.to_owned(), value)),
    }
}

/// Where the image that a body names is: as it stands there, by its address, or by the id of an asset.
///
/// # Errors
/// `invalid_parameter` for anything else.
pub fn named_image(field: &str, named: &Value) -> ApiResult<String> {
    let of = |name: &str| named[name].as_str().filter(|text| !text.is_empty());
    match (named.as_str(), of("image_url"), of("file_id")) {
        (Some(address), ..) | (None, Some(address), _) => Ok(address.to_owned()),
        (None, None, Some(id)) => Ok(format!("asset://{id}")),
        _ => Err(ApiError::parameter(field, format!("{field} is a file, or names an image_url or a file_id"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_a_form_get_the_types_of_the_schema() {
        let properties = json!({
            "n": { "type": "integer" }, "prompt": { "type": "string" }, "loud": { "type": ["boolean", "null"] },
            "either": { "type": ["integer", "string"] }, "tools": { "type": "array" },
        });
        let fields = json!({
            "n": "2", "prompt": "3", "loud": "true", "either": "4", "tools": "[1]", "unknown": "5", "list": ["6"],
        });
        let typed = |is_form| {
            let fields = fields.as_object().cloned().unwrap_or_default();
            let mut body = Body { fields, fingerprint: Value::Null, is_form };
            body.typed(&properties);
            Value::Object(body.fields)
        };
        let wanted = json!({
            "n": 2, "prompt": "3", "loud": true, "either": "4", "tools": [1], "unknown": "5", "list": ["6"],
        });
        assert_eq!((typed(true), typed(false)), (wanted, fields.clone()));
        assert_eq!(read_as("2.5", &json!({ "type": "integer" })), None);
        assert_eq!(read_as("two", &json!({ "type": "integer" })), None);
    }

    #[test]
    fn several_of_one_name_are_a_list() {
        let mut fields = Map::new();
        for (name, value) in [("a", 1), ("b[]", 2), ("b[]", 3), ("c", 4), ("c", 5)] {
            add(&mut fields, name, value.into());
        }
        assert_eq!(Value::Object(fields), json!({ "a": 1, "b": [2, 3], "c": [4, 5] }));
    }

    #[test]
    fn an_image_is_named_in_three_ways() {
        for (named, wanted) in [
            (json!("data:x"), Some("data:x")),
            (json!({ "image_url": "https://x/y" }), Some("https://x/y")),
            (json!({ "file_id": "ast_1" }), Some("asset://ast_1")),
            (json!({}), None),
            (json!(3), None),
        ] {
            assert_eq!(named_image("mask", &named).ok().as_deref(), wanted, "{named}");
        }
    }
}
