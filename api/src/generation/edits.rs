//! `POST /v1/images/edits`, as OpenAI's: images made from images, on any model that can.

use axum::{
    extract::{Request, State},
    http::HeaderMap,
    response::Response,
};
use domain::capability::CapabilityKind;
use serde_json::{Map, Value};

use super::{
    body::{self, Body, named_image},
    idempotency,
    images::{Making, make},
    prepare::model_and_params,
};
use crate::{
    caller::Caller,
    catalog::estimates::callable,
    error::{ApiError, ApiResult},
    state::AppState,
};

/// The route, as jobs remember it.
pub const ROUTE: &str = "/v1/images/edits";
/// What models here call the images that they start from: the first that the schema has.
const IMAGES: [&str; 2] = ["image", "reference_images"];

/// Edits images while the caller waits.
///
/// # Errors
/// As OpenAI's: 400 for parameters, 401, 402, 404, 413, 429, 5xx.
#[utoipa::path(post, path = "/v1/images/edits", tag = "compatible",
    request_body(content_type = "multipart/form-data", description = "`model`, `prompt`, `image` or several `image[]`, `mask`, and what else the model takes; or the same as JSON, its images in `images`"),
    security(("api_key" = []), ("token" = [])),
    responses((status = 200, description = "Links to images, or their bytes in base64."), (status = 402, description = "insufficient_credits")))]
pub async fn create(
    State(state): State<AppState>,
    caller: Caller,
    headers: HeaderMap,
    request: Request,
) -> ApiResult<Response> {
    edit(&state, &caller, &headers, request).await.map_err(ApiError::openai)
}

async fn edit(state: &AppState, caller: &Caller, headers: &HeaderMap, request: Request) -> ApiResult<Response> {
    let mut body = body::read(state, caller, request).await?;
    let once = idempotency::once_key(headers, &caller.tenant_id, ROUTE, &body.fingerprint)?;
    let kind = CapabilityKind::ImageToImage;
    let model = body.fields.get("model").and_then(Value::as_str).unwrap_or_default().to_owned();
    let properties = match model.is_empty() {
        true => Value::Null,
        false => callable(state, caller, &model, kind)?.schema.schema()["properties"].clone(),
    };
    body.typed(&properties);
    let Body { mut fields, .. } = body;
    place_images(&mut fields, &properties)?;
    let (model, params) = model_and_params(Value::Object(fields))?;
    make(state, caller, headers, Making { route: ROUTE, model, kind, params, once }).await
}

/// Puts the images and the mask where the model looks for them.
fn place_images(fields: &mut Map<String, Value>, properties: &Value) -> ApiResult<()> {
    let mut images = Vec::new();
    for name in ["image", "images"] {
        match fields.remove(name) {
            None | Some(Value::Null) => {}
            Some(Value::Array(list)) => images.extend(list),
            Some(one) => images.push(one),
        }
    }
    let images = images.iter().map(|image| named_image("image", image).map(Value::String));
    let mut images: Vec<Value> = images.collect::<ApiResult<_>>()?;
    let name = IMAGES.into_iter().find(|name| properties.get(*name).is_some()).unwrap_or(IMAGES[0]);
    let types = &properties[name]["type"];
    let takes_one = types == "string" || types.as_array().is_some_and(|types| types.iter().any(|of| of == "string"));
    match (images.len(), takes_one) {
        (0, _) => return Err(ApiError::parameter("image", "image is required: one file, or several")),
        (1, true) => drop(images.pop().map(|image| fields.insert(name.to_owned(), image))),
        _ => drop(fields.insert(name.to_owned(), Value::Array(images))),
    }
    if let Some(mask) = fields.remove("mask").filter(|mask| !mask.is_null()) {
        fields.insert("mask".to_owned(), named_image("mask", &mask)?.into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn placed(fields: Value, properties: Value) -> Option<Value> {
        let mut fields = fields.as_object().cloned()?;
        place_images(&mut fields, &properties).ok().map(|()| fields.into())
    }

    #[test]
    fn images_stand_where_the_schema_has_them() {
        let either = json!({ "image": { "type": ["string", "array"] } });
        let list = json!({ "reference_images": { "type": "array" } });
        let named = json!({ "images": [{ "file_id": "ast_1" }, { "image_url": "https://x/y" }] });
        assert_eq!(placed(json!({ "image": "a" }), either.clone()), Some(json!({ "image": "a" })));
        assert_eq!(placed(json!({ "image": ["a"] }), either.clone()), Some(json!({ "image": "a" })));
        assert_eq!(placed(json!({ "image": "a" }), list.clone()), Some(json!({ "reference_images": ["a"] })));
        let both = json!(["asset://ast_1", "https://x/y"]);
        assert_eq!(placed(named.clone(), either.clone()), Some(json!({ "image": both })));
        assert_eq!(placed(named, list), Some(json!({ "reference_images": both })));
        let masked = json!({ "image": "a", "mask": { "image_url": "m" } });
        assert_eq!(placed(masked, either.clone()), Some(json!({ "image": "a", "mask": "m" })));
        assert_eq!(placed(json!({}), either.clone()), None);
        assert_eq!(placed(json!({ "image": [3] }), either), None);
    }
}
