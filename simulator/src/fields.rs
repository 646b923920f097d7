//! Reading fields of a request strictly: null is absent, a wrong kind or range is refused.
//! The refusals are in Ark's words, with the field in their details; another provider puts them into its own.

use std::ops::RangeInclusive;

use serde_json::Value;

use crate::calls::Refusal;

/// The code of a field that is not valid.
pub const INVALID: &str = "InvalidParameter";
/// What the code of a missing field begins with.
pub const MISSING: &str = "MissingParameter";

/// 400 for a field that is not valid.
pub fn invalid(field: &str, why: &str) -> Refusal {
    let message = format!("The parameter `{field}` specified in the request is not valid: {why}.");
    Refusal { details: field.into(), ..Refusal::new(400, INVALID, message) }
}

/// 400 for a field that must be there.
pub fn missing(field: &str) -> Refusal {
    let message = format!("The required parameter `{field}` is missing.");
    Refusal { details: field.into(), ..Refusal::new(400, format!("{MISSING}.{field}"), message) }
}

/// The field, unless it is absent or null.
pub fn present<'a>(body: &'a Value, field: &str) -> Option<&'a Value> {
    body.get(field).filter(|value| !value.is_null())
}

/// A string.
pub fn text<'a>(body: &'a Value, field: &str) -> Result<Option<&'a str>, Refusal> {
    present(body, field).map(|value| value.as_str().ok_or_else(|| invalid(field, "it must be a string"))).transpose()
}

/// A string that must be there and not be empty.
pub fn required_text<'a>(body: &'a Value, field: &str) -> Result<&'a str, Refusal> {
    text(body, field)?.filter(|text| !text.is_empty()).ok_or_else(|| missing(field))
}

/// True or false.
pub fn flag(body: &Value, field: &str) -> Result<Option<bool>, Refusal> {
    present(body, field)
        .map(|value| value.as_bool().ok_or_else(|| invalid(field, "it must be true or false")))
        .transpose()
}

/// A whole number within a range.
pub fn integer(body: &Value, field: &str, range: RangeInclusive<i64>) -> Result<Option<i64>, Refusal> {
    let bad = || invalid(field, &format!("it must be an integer from {} to {}", range.start(), range.end()));
    present(body, field).map(|value| value.as_i64().filter(|number| range.contains(number)).ok_or_else(bad)).transpose()
}

/// A number within a range.
pub fn number(body: &Value, field: &str, range: RangeInclusive<f64>) -> Result<Option<f64>, Refusal> {
    let bad = || invalid(field, &format!("it must be a number from {} to {}", range.start(), range.end()));
    present(body, field).map(|value| value.as_f64().filter(|number| range.contains(number)).ok_or_else(bad)).transpose()
}

/// One of a few words.
pub fn word<'a>(body: &'a Value, field: &str, words: &[&str]) -> Result<Option<&'a str>, Refusal> {
    match text(body, field)? {
        Some(found) if !words.contains(&found) => {
            Err(invalid(field, &format!("it must be one of {}", words.join(", "))))
        }
        found => Ok(found),
    }
}

/// Checks that a media field holds a web address, an asset, or a data URI of one of the kinds (`image/`, …).
pub fn media_url(field: &str, url: &str, kinds: &[&str]) -> Result<(), Refusal> {
    if url.is_empty() {
        return Err(Refusal::new(400, "InvalidImageURL.EmptyURL", format!("The `{field}` in the request is empty.")));
    }
    let format =
        |why: &str| Refusal::new(400, "InvalidImageURL.InvalidFormat", format!("The `{field}` is not valid: {why}."));
    if let Some(data) = url.strip_prefix("data:") {
        let (kind, encoded) = data.split_once(";base64,").ok_or_else(|| format("a data URI must be base64"))?;
        if !kinds.iter().any(|wanted| kind.starts_with(wanted)) || kind != kind.to_ascii_lowercase() {
            return Err(format("the data URI has the wrong media type"));
        }
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'\n' | b'\r');
        return match !encoded.is_empty() && encoded.bytes().all(plain) {
            true => Ok(()),
            false => Err(format("the data URI is not base64")),
        };
    }
    match ["http://", "https://", "asset://"].iter().any(|scheme| url.starts_with(scheme)) {
        true => Ok(()),
        false => Err(format("it is neither a URL nor a data URI")),
    }
}

/// The pixels of a picture in a data URI; none for web addresses and unreadable pictures.
pub fn pixels(url: &str) -> Option<(u32, u32)> {
    use base64::Engine;
    let (_, encoded) = url.strip_prefix("data:")?.split_once(";base64,")?;
    let bytes = base64::engine::general_purpose::STANDARD.decode(encoded.trim()).ok()?;
    let reader = image::ImageReader::new(std::io::Cursor::new(bytes)).with_guessed_format().ok()?;
    reader.into_dimensions().ok()
}
