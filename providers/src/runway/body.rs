//! The parameters of a task as Runway wants them: camelCase, files as URIs, frames with their position, references with their tag.
//! What Runway would refuse for certain is refused here, before any call.

use domain::capability::CapabilityKind;
use serde_json::{Map, Value, json};

use crate::{Call, UpstreamError, Verdict, code, wire::body_of};

/// The most UTF-16 code units of a prompt.
const MAX_PROMPT: usize = 1_000;
/// The longest data URI.
const MAX_DATA_URI: usize = 5 << 20;
/// Our names, and Runway's, of what is passed on as it is.
const RENAMED: [(&str, &str); 3] =
    [("prompt", "promptText"), ("generate_audio", "audio"), ("negative_prompt", "negativePrompt")];

/// Where a call goes, and its body.
pub fn of(call: &Call) -> Result<(&'static str, Value), UpstreamError> {
    let path = match call.capability {
        CapabilityKind::TextToVideo => "/text_to_video",
        CapabilityKind::ImageToVideo => "/image_to_video",
        CapabilityKind::TextToImage | CapabilityKind::ImageToImage => "/text_to_image",
        CapabilityKind::Chat | CapabilityKind::Embedding => {
            return Err(refused("Runway makes images and videos only."));
        }
    };
    let mut body = body_of(call)?;
    check_prompt(&body)?;
    let (image, last) = (body.remove("image"), body.remove("last_frame_image"));
    let tags = body.remove("tags");
    let images = list(image);
    for uri in images.iter().chain(&last) {
        check_uri(uri)?;
    }
    if path == "/image_to_video" {
        body.insert("promptImage".to_owned(), frames(images, last));
    } else if !images.is_empty() {
        body.insert("referenceImages".to_owned(), references(images, &list(tags)));
    }
    for (ours, theirs) in RENAMED {
        if let Some(value) = body.remove(ours) {
            body.insert(theirs.to_owned(), value);
        }
    }
    if let Some(threshold) = body.remove("public_figure_threshold") {
        body.insert("contentModeration".to_owned(), json!({ "publicFigureThreshold": threshold }));
    }
    Ok((path, body.into()))
}

fn check_prompt(body: &Map<String, Value>) -> Result<(), UpstreamError> {
    let units = body.get("prompt").and_then(Value::as_str).map_or(0, |prompt| prompt.encode_utf16().count());
    if units <= MAX_PROMPT {
        return Ok(());
    }
    Err(refused(&format!("The prompt has {units} UTF-16 code units; at most {MAX_PROMPT} are taken.")))
}

fn check_uri(uri: &Value) -> Result<(), UpstreamError> {
    match uri.as_str() {
        Some(uri) if uri.len() <= MAX_DATA_URI => Ok(()),
        Some(_) => Err(refused("An input image is larger than 5 MB as a data URI.")),
        None => Err(refused("An input image is no text.")),
    }
}

/// One frame alone is its URI; with a last frame, both say where they stand.
fn frames(mut images: Vec<Value>, last: Option<Value>) -> Value {
    let first = if images.is_empty() { Value::Null } else { images.swap_remove(0) };
    match last {
        None => first,
        Some(last) => json!([{ "uri": first, "position": "first" }, { "uri": last, "position": "last" }]),
    }
}

fn references(images: Vec<Value>, tags: &[Value]) -> Value {
    let reference = |(place, uri): (usize, Value)| match tags.get(place) {
        Some(tag) => json!({ "uri": uri, "tag": tag }),
        None => json!({ "uri": uri }),
    };
    images.into_iter().enumerate().map(reference).collect()
}

fn list(value: Option<Value>) -> Vec<Value> {
    match value {
        None => Vec::new(),
        Some(Value::Array(items)) => items,
        Some(one) => vec![one],
    }
}

fn refused(why: &str) -> UpstreamError {
    UpstreamError::ours(Verdict::Fail, code::INVALID_REQUEST, why)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use domain::id::AttemptId;

    use super::*;

    fn call(capability: CapabilityKind, params: Value) -> Call {
        Call {
            attempt_id: AttemptId::from_uuid(Default::default()),
            upstream_model: "m".to_owned(),
            capability,
            params,
            callback_url: Some("https://gateway/u".to_owned()),
            end_user_hash: None,
        }
    }

    #[test]
    fn names_frames_and_references_are_runways() {
        let params = json!({ "prompt": "p", "image": "data:a", "last_frame_image": "data:b", "ratio": "1280:720",
            "duration": 4, "generate_audio": false, "negative_prompt": "n", "seed": null, "public_figure_threshold": "low" });
        let frames = json!([{ "uri": "data:a", "position": "first" }, { "uri": "data:b", "position": "last" }]);
        let wire = json!({ "model": "m", "promptText": "p", "promptImage": frames, "ratio": "1280:720", "duration": 4,
            "audio": false, "negativePrompt": "n", "contentModeration": { "publicFigureThreshold": "low" } });
        assert_eq!(of(&call(CapabilityKind::ImageToVideo, params)).unwrap(), ("/image_to_video", wire));
        let one = of(&call(CapabilityKind::ImageToVideo, json!({ "image": "data:a" }))).unwrap();
        assert_eq!(one.1, json!({ "model": "m", "promptImage": "data:a" }));
        let params = json!({ "prompt": "p", "image": ["data:a", "data:b"], "tags": ["cat"] });
        let references = json!([{ "uri": "data:a", "tag": "cat" }, { "uri": "data:b" }]);
        let wire = json!({ "model": "m", "promptText": "p", "referenceImages": references });
        assert_eq!(of(&call(CapabilityKind::ImageToImage, params)).unwrap(), ("/text_to_image", wire));
    }

    #[test]
    fn a_prompt_is_counted_in_utf16_and_a_file_in_bytes() {
        let prompt = |text: String| of(&call(CapabilityKind::TextToVideo, json!({ "prompt": text })));
        assert!(prompt("𝄞".repeat(500)).is_ok() && prompt("a".repeat(1_000)).is_ok());
        for text in ["𝄞".repeat(501), "a".repeat(1_001)] {
            let error = prompt(text).unwrap_err();
            assert_eq!((error.fate, error.code), (Verdict::Fail, code::INVALID_REQUEST));
        }
        let large = json!({ "image": format!("data:{}", "a".repeat(MAX_DATA_URI)) });
        assert!(of(&call(CapabilityKind::ImageToVideo, large)).is_err());
    }
}
