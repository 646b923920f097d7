//! `POST /images/generations`: one endpoint for images from texts and from images. Settled by what upstream says it generated.

use base64::{Engine, engine::general_purpose::STANDARD};
use secrecy::ExposeSecret;
use serde_json::{Map, Value, json};

use super::{Ark, verdicts};
use crate::{
    Call, Endpoint, ImageItem, ImageSource, ImagesAnswer, Picture, UpstreamError, usage,
    wire::{Request, Work, body_of, malformed},
};

impl Ark {
    pub(super) async fn make_images(&self, endpoint: &Endpoint, call: &Call) -> Result<ImagesAnswer, UpstreamError> {
        let body = Value::Object(body(call)?);
        let answer = self.wire.json(endpoint, Request::post("/images/generations", call, &body, Work::Paid)).await?;
        let key = endpoint.key.expose_secret();
        let items = answer["data"].as_array().map(Vec::as_slice).unwrap_or_default();
        if let Some(error) = answer.get("error").filter(|error| error.is_object() && items.is_empty()) {
            return Err(verdicts::of_output(error, key));
        }
        if !answer["data"].is_array() {
            return Err(malformed(Work::Paid));
        }
        let usage = usage::images(&answer["usage"])?;
        let asked = body["output_format"].as_str();
        let items = (0..).zip(items).map(|(index, item)| image(index, item, asked, key)).collect::<Result<_, _>>()?;
        Ok(ImagesAnswer { items, usage })
    }
}

/// The parameters as Ark names them; what has no other name goes up as it is.
fn body(call: &Call) -> Result<Map<String, Value>, UpstreamError> {
    let mut body = body_of(call)?;
    body.remove("stream");
    body.entry("response_format").or_insert_with(|| "url".into());
    let most = body.remove("max_images");
    // There is no `n` at Ark: several images are a series.
    let several = body.remove("n").filter(|n| n.as_u64() != Some(1));
    let series = body.get("sequential_image_generation").and_then(Value::as_str);
    let wanted = match series {
        Some("auto") => most.or(several),
        _ if several.is_some() => several,
        None => most.filter(|most| most.as_u64() != Some(1)),
        // A series that is switched off has no length.
        Some(_) => None,
    };
    if let Some(wanted) = wanted {
        body.insert("sequential_image_generation".to_owned(), "auto".into());
        nested(&mut body, "sequential_image_generation_options", "max_images", wanted);
    }
    if let Some(mode) = body.remove("optimize_prompt_mode") {
        nested(&mut body, "optimize_prompt_options", "mode", mode);
    }
    Ok(body)
}

/// Sets a field of a nested object, unless the caller set it.
fn nested(body: &mut Map<String, Value>, object: &str, field: &str, value: Value) {
    let options = body.entry(object).or_insert_with(|| json!({}));
    if let Some(options) = options.as_object_mut() {
        options.entry(field).or_insert(value);
    }
}

fn image(index: u32, item: &Value, asked: Option<&str>, key: &str) -> Result<ImageItem, UpstreamError> {
    if let Some(error) = item.get("error").filter(|error| !error.is_null()) {
        let error = verdicts::of_output(error, key);
        return Ok(ImageItem::Failed { index, code: error.code, message: error.message });
    }
    let source = source(item).ok_or_else(|| malformed(Work::Paid))?;
    let format = item["output_format"].as_str().or(asked);
    let content_type = format.map(|format| format!("image/{format}"));
    Ok(ImageItem::Made(Picture { index, source, content_type, size: item["size"].as_str().and_then(size) }))
}

fn source(item: &Value) -> Option<ImageSource> {
    if let Some(url) = item["url"].as_str() {
        return Some(ImageSource::Url(url.to_owned()));
    }
    let text = item["b64_json"].as_str()?;
    let text = text.split_once(";base64,").map_or(text, |(_, data)| data);
    Some(ImageSource::Bytes(STANDARD.decode(text).ok()?.into()))
}

/// `2048x2048`; Ark also writes `×`.
fn size(text: &str) -> Option<(u32, u32)> {
    let (width, height) = text.split_once(['x', 'X', '×', '*'])?;
    Some((width.trim().parse().ok()?, height.trim().parse().ok()?))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use domain::{capability::CapabilityKind, id::AttemptId};

    use super::*;

    fn translated(params: Value) -> Value {
        let call = Call {
            attempt_id: AttemptId::from_uuid(Default::default()),
            upstream_model: "m".to_owned(),
            capability: CapabilityKind::TextToImage,
            params,
            callback_url: None,
            end_user_hash: None,
        };
        body(&call).unwrap().into()
    }

    #[test]
    fn a_series_is_auto_and_its_length() {
        let off = json!({ "prompt": "p", "sequential_image_generation": "disabled", "max_images": 4, "new": [1] });
        let wire = json!({ "model": "m", "response_format": "url", "prompt": "p", "sequential_image_generation": "disabled", "new": [1] });
        assert_eq!(translated(off), wire);
        for several in [json!({ "n": 3 }), json!({ "sequential_image_generation": "auto", "max_images": 3 })] {
            let wire = translated(several);
            assert_eq!(wire["sequential_image_generation"], "auto");
            assert_eq!(wire["sequential_image_generation_options"], json!({ "max_images": 3 }));
            assert!(wire.get("n").is_none() && wire.get("max_images").is_none());
        }
        assert!(translated(json!({ "n": 1 })).get("sequential_image_generation").is_none());
        assert_eq!(translated(json!({ "optimize_prompt_mode": "fast" }))["optimize_prompt_options"]["mode"], "fast");
    }

    #[test]
    fn sizes_are_read_with_either_sign() {
        assert_eq!((size("2048x1024"), size("2048×1024"), size("2K")), (Some((2048, 1024)), Some((2048, 1024)), None));
    }
}
