//! `GET /v1/catalog[/{model}]`: every model with its capabilities: schema, hints, price. Public, so that prices can be seen
//! before anybody registers; an API key sees the models that it may use. Never routes nor what upstream costs us.

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use domain::{capability::UiHints, pricing::Price};
use projections::live::{Callable, ModelEntry};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;

use super::deprecation::DeprecationView;
use crate::{
    caller::Caller,
    error::{ApiError, ApiResult, ErrorCode},
    request::Path,
    state::AppState,
};

/// The dialect of every schema here.
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";
const ACTIVE: &str = "active";
const DEPRECATED: &str = "deprecated";

/// A model of the catalog.
#[derive(Debug, Serialize, ToSchema)]
pub struct CatalogModel {
    /// What requests call it.
    id: String,
    /// What people call it.
    name: String,
    /// The provider it is known from.
    provider: String,
    /// What it is good for.
    description: String,
    /// `active`, or `deprecated` when all that it can do is to go.
    status: &'static str,
    /// What it can do.
    capabilities: Vec<CatalogCapability>,
}

/// One thing that a model can do.
#[derive(Debug, Serialize, ToSchema)]
pub struct CatalogCapability {
    /// Such as `text_to_image`.
    id: &'static str,
    /// `active`, or `deprecated` when it is to go.
    status: &'static str,
    /// Since when, until when, and what takes its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    deprecation: Option<DeprecationView>,
    /// JSON Schema 2020-12 of the parameters.
    #[schema(value_type = Object)]
    param_schema: Value,
    /// How a form shows them.
    #[schema(value_type = Object)]
    ui_hints: UiHints,
    /// What it costs.
    #[schema(value_type = Object)]
    pricing: Price,
    /// Which version; jobs freeze it.
    version: u32,
}

/// The whole catalog.
#[derive(Debug, Serialize, ToSchema)]
pub struct CatalogList {
    /// The models, by name.
    data: Vec<CatalogModel>,
}

/// Shows the catalog. Takes `If-None-Match`.
#[utoipa::path(get, path = "/v1/catalog", tag = "models", responses((status = 200, body = CatalogList), (status = 304)))]
pub async fn all(State(state): State<AppState>, caller: Option<Caller>, headers: HeaderMap) -> ApiResult<Response> {
    let catalog = state.live.catalog();
    let models = catalog.models().filter_map(|entry| view(entry));
    let data = models.filter(|model| may_see(caller.as_ref(), model)).collect();
    tagged(&CatalogList { data }, &headers)
}

/// Shows one model of the catalog. Takes `If-None-Match`.
#[utoipa::path(get, path = "/v1/catalog/{model}", tag = "models", params(("model" = String, Path)),
    responses((status = 200, body = CatalogModel), (status = 304), (status = 404)))]
pub async fn one(
    State(state): State<AppState>,
    caller: Option<Caller>,
    Path(model): Path<String>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    let catalog = state.live.catalog();
    let missing = || ApiError::new(ErrorCode::ModelNotFound, "there is no such model").of("model");
    let found = catalog.model(&model).and_then(|entry| view(entry));
    tagged(&found.filter(|model| may_see(caller.as_ref(), model)).ok_or_else(missing)?, &headers)
}

/// An API key that is for some models only sees no others.
fn may_see(caller: Option<&Caller>, model: &CatalogModel) -> bool {
    caller.is_none_or(|caller| caller.may_use(&model.id).is_ok())
}

fn view(entry: &ModelEntry) -> Option<CatalogModel> {
    let identity = entry.identity()?;
    let capabilities: Vec<_> = entry.callables().map(|callable| capability(entry, &callable)).collect();
    let living = capabilities.iter().any(|capability| capability.deprecation.is_none());
    (!capabilities.is_empty()).then(|| CatalogModel {
        id: identity.name.clone(),
        name: identity.display_name.clone(),
        provider: identity.provider.clone(),
        description: identity.description.clone(),
        status: if living { ACTIVE } else { DEPRECATED },
        capabilities,
    })
}

fn capability(entry: &ModelEntry, callable: &Callable) -> CatalogCapability {
    let deprecation = entry.deprecation(callable.kind).map(DeprecationView::from);
    CatalogCapability {
        id: callable.kind.name(),
        status: if deprecation.is_none() { ACTIVE } else { DEPRECATED },
        deprecation,
        param_schema: document(&callable.capability.param_schema),
        ui_hints: callable.capability.ui_hints.clone(),
        pricing: callable.capability.pricing.clone(),
        version: callable.version,
    }
}

/// The schema as a document of its own, which names its dialect.
fn document(schema: &Value) -> Value {
    let mut document = schema.clone();
    if let Some(fields) = document.as_object_mut() {
        fields.entry("$schema").or_insert_with(|| DIALECT.into());
    }
    document
}

fn tagged(body: &impl Serialize, headers: &HeaderMap) -> ApiResult<Response> {
    let json = serde_json::to_vec(body).map_err(|error| ApiError::internal(&error))?;
    let etag = format!("\"{}\"", hex::encode(&Sha256::digest(&json)[..16]));
    let tag = [
        (header::ETAG, HeaderValue::from_str(&etag).expect("hex is ASCII")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (header::VARY, HeaderValue::from_static("authorization")),
    ];
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let same = |given: &str| given == "*" || given.trim_start_matches("W/") == etag;
    if known.is_some_and(|known| known.split(',').map(str::trim).any(same)) {
        return Ok((StatusCode::NOT_MODIFIED, tag).into_response());
    }
    Ok((tag, [(header::CONTENT_TYPE, "application/json")], json).into_response())
}
