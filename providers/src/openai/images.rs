//! `POST /images/generations` as JSON, `POST /images/edits` as a form. Images come back in base64, and usage in tokens.

use base64::{Engine, engine::general_purpose::STANDARD};
use domain::capability::CapabilityKind;
use reqwest::multipart::{Form, Part};
use serde_json::{Map, Value};

use super::OpenAi;
use crate::{
    Call, Endpoint, ImageItem, ImageSource, ImagesAnswer, Picture, UpstreamError, Verdict, code, usage,
    wire::{Request, Work, body_of, malformed},
};

const GENERATIONS: &str = "/images/generations";
const EDITS: &str = "/images/edits";
/// What the gateway decides: images come whole and in base64.
const OURS: [&str; 3] = ["stream", "partial_images", "response_format"];
/// What is made when nothing is said.
const USUAL_FORMAT: &str = "png";

impl OpenAi {
    pub(super) async fn make_images(&self, endpoint: &Endpoint, call: &Call) -> Result<ImagesAnswer, UpstreamError> {
        let mut body = body_of(call)?;
        for name in OURS {
            body.remove(name);
        }
        let asked = body.clone();
        let answer = match call.capability {
            CapabilityKind::ImageToImage => {
                let form = form(body)?;
                self.wire.json(endpoint, Request::form(EDITS, call, form, Work::Paid)).await?
            }
            _ => self.wire.json(endpoint, Request::post(GENERATIONS, call, &body.into(), Work::Paid)).await?,
        };
        read(&answer, &asked)
    }
}

fn read(answer: &Value, asked: &Map<String, Value>) -> Result<ImagesAnswer, UpstreamError> {
    let said = |name: &str| answer[name].as_str().or_else(|| asked.get(name).and_then(Value::as_str));
    let content_type = Some(format!("image/{}", said("output_format").unwrap_or(USUAL_FORMAT)));
    let size = said("size").and_then(size);
    let items = answer["data"].as_array().ok_or_else(|| malformed(Work::Paid))?;
    let items: Option<Vec<ImageItem>> = (0..)
        .zip(items)
        .map(|(index, item)| {
            let source = source(item)?;
            Some(ImageItem::Made(Picture { index, source, content_type: content_type.clone(), size }))
        })
        .collect();
    let items = items.ok_or_else(|| malformed(Work::Paid))?;
    let usage = usage::image_tokens(&answer["usage"], items.len())?;
    Ok(ImagesAnswer { items, usage })
}

/// Some older models answer with links.
fn source(item: &Value) -> Option<ImageSource> {
    match (item["b64_json"].as_str(), item["url"].as_str()) {
        (Some(text), _) => Some(ImageSource::Bytes(STANDARD.decode(text).ok()?.into())),
        (None, url) => url.map(|url| ImageSource::Url(url.to_owned())),
    }
}

/// `1536x1024`; `auto` says nothing.
fn size(text: &str) -> Option<(u32, u32)> {
    let (width, height) = text.split_once('x')?;
    Some((width.parse().ok()?, height.parse().ok()?))
}

/// The fields and files of an edit: one `image`, or several under `image[]`; the mask beside them.
fn form(mut body: Map<String, Value>) -> Result<Form, UpstreamError> {
    let mut form = Form::new();
    match body.remove("image") {
        Some(Value::Array(images)) if images.len() > 1 => {
            for (index, image) in images.iter().enumerate() {
                form = form.part("image[]", file(image, &format!("image-{index}"))?);
            }
        }
        Some(Value::Array(images)) => {
            let image = images.first().ok_or_else(|| refused("An edit needs at least one image."))?;
            form = form.part("image", file(image, "image")?);
        }
        Some(image) => form = form.part("image", file(&image, "image")?),
        None => return Err(refused("An edit needs at least one image.")),
    }
    if let Some(mask) = body.remove("mask") {
        form = form.part("mask", file(&mask, "mask")?);
    }
    Ok(body.into_iter().fold(form, |form, (name, value)| form.text(name, text(value))))
}

/// A field's text: strings as they are, everything else as JSON.
fn text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

/// A data URI as a file.
fn file(uri: &Value, name: &str) -> Result<Part, UpstreamError> {
    let bad = || refused("An input image is not a data URI in base64.");
    let data = uri.as_str().and_then(|uri| uri.strip_prefix("data:")).ok_or_else(bad)?;
    let (content_type, encoded) = data.split_once(";base64,").ok_or_else(bad)?;
    let bytes = STANDARD.decode(encoded).map_err(|_| bad())?;
    let ending = content_type.strip_prefix("image/").unwrap_or("bin");
    let part = Part::bytes(bytes).file_name(format!("{name}.{ending}"));
    part.mime_str(content_type).map_err(|_| bad())
}

fn refused(why: &str) -> UpstreamError {
    UpstreamError::ours(Verdict::Fail, code::INVALID_REQUEST, why)
}
