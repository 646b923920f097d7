//! OpenAI's `seconds`, `size` and `input_reference` in the words of a capability, read from its schema alone: whatever model
//! it is, what its schema has no word for is refused. And back, for answers.

use serde_json::{Map, Value, json};
use store::contents::JobInputs;

use crate::{
    error::{ApiError, ApiResult},
    generation::{body::named_image, size},
};

/// What models here call a video's length: the first that the schema has.
const LENGTHS: [&str; 2] = ["seconds", "duration"];
/// What models here call the picture that a video begins with.
const FIRST_FRAME: &str = "image";

/// The parameters, and what was asked for in OpenAI's words, to be shown again.
///
/// # Errors
/// `invalid_parameter` for what the model has no word for.
pub fn translate(mut fields: Map<String, Value>, properties: &Value) -> ApiResult<(Map<String, Value>, Value)> {
    let wanted = json!({ "seconds": fields.get("seconds").map(text), "size": fields.get("size") });
    if let Some(seconds) = taken(&mut fields, "seconds") {
        let name = first(&LENGTHS, properties).ok_or_else(|| unfit("seconds", "length"))?;
        fields.insert(name.to_owned(), length(&seconds, &properties[name])?);
    }
    if let Some(size) = taken(&mut fields, "size") {
        let size = size.as_str().ok_or_else(|| ApiError::parameter("size", "size is a text such as 1280x720"))?;
        fields.extend(size::translate(size, properties)?);
    }
    if let Some(reference) = taken(&mut fields, "input_reference") {
        properties.get(FIRST_FRAME).ok_or_else(|| unfit("input_reference", "first frame"))?;
        fields.insert(FIRST_FRAME.to_owned(), named_image("input_reference", &reference)?.into());
    }
    Ok((fields, wanted))
}

fn taken(fields: &mut Map<String, Value>, name: &str) -> Option<Value> {
    fields.remove(name).filter(|value| !value.is_null())
}

fn first(names: &[&'static str], properties: &Value) -> Option<&'static str> {
    names.iter().copied().find(|name| properties.get(*name).is_some())
}

fn unfit(field: &str, what: &str) -> ApiError {
    ApiError::parameter(field, format!("this model takes no {field}: its {what} can't be chosen"))
}

/// A length as the property wants it: a number, or a text.
fn length(seconds: &Value, property: &Value) -> ApiResult<Value> {
    let wrong = || ApiError::parameter("seconds", "seconds is a whole number, such as \"8\"");
    let number: i64 = text(seconds).parse().map_err(|_| wrong())?;
    if property["type"] == "string" { Ok(number.to_string().into()) } else { Ok(number.into()) }
}

/// A text as it is, anything else as JSON.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A refusal by the schema names our parameter; the caller knows another word for it.
pub fn in_their_words(mut error: ApiError) -> ApiError {
    let theirs = match error.param.as_deref() {
        Some(name) if LENGTHS.contains(&name) => "seconds",
        Some("ratio" | "resolution") => "size",
        Some(FIRST_FRAME) => "input_reference",
        _ => return error,
    };
    error.param = Some(theirs.to_owned());
    error
}

/// The length and the size of a video, in OpenAI's words: as they were asked for, else as its parameters have them.
pub fn asked(inputs: &JobInputs) -> (String, String) {
    let wanted = |name: &str| inputs.metadata.as_ref().and_then(|metadata| metadata[name].as_str()).map(str::to_owned);
    let params = &inputs.params;
    let length = || LENGTHS.iter().find_map(|name| params.get(*name)).map(text).unwrap_or_default();
    (wanted("seconds").unwrap_or_else(length), wanted("size").unwrap_or_else(|| size::of(params)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn translated(fields: Value, properties: &Value) -> Result<Value, Option<String>> {
        let fields = fields.as_object().cloned().unwrap_or_default();
        translate(fields, properties).map(|(params, _)| params.into()).map_err(|error| error.param)
    }

    #[test]
    fn lengths_become_numbers_or_texts_as_the_schema_wants_them() {
        let integer = json!({ "duration": { "type": "integer" } });
        let words = json!({ "seconds": { "type": "string" } });
        for seconds in [json!("8"), json!(8)] {
            assert_eq!(translated(json!({ "seconds": seconds }), &integer), Ok(json!({ "duration": 8 })));
            assert_eq!(translated(json!({ "seconds": seconds }), &words), Ok(json!({ "seconds": "8" })));
        }
        for (fields, properties) in [(json!({ "seconds": "long" }), integer), (json!({ "seconds": "8" }), json!({}))] {
            assert_eq!(translated(fields, &properties), Err(Some("seconds".to_owned())));
        }
    }

    #[test]
    fn the_first_frame_has_the_name_of_the_schema_and_the_rest_passes() {
        let properties = json!({ "image": { "type": "string" } });
        let fields = json!({ "prompt": "p", "input_reference": { "file_id": "ast_1" }, "new": [1], "seconds": null });
        let wanted = json!({ "prompt": "p", "image": "asset://ast_1", "new": [1] });
        assert_eq!(translated(fields.clone(), &properties), Ok(wanted));
        assert_eq!(translated(fields, &json!({})), Err(Some("input_reference".to_owned())));
    }
}
