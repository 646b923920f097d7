//! `POST /v1/assets`: brings a file, as the part `file` of a multipart form. It streams to storage; memory holds one part.

use std::{error::Error as _, io, pin::Pin};

use axum::{
    extract::{
        FromRequest as _, Multipart, Request, State,
        multipart::{Field, MultipartError},
    },
    http::StatusCode,
    response::IntoResponse,
};
use bytes::{Bytes, BytesMut};
use chrono::{DateTime, Utc};
use domain::id::AssetId;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use store::{
    assets::{Asset, AssetKind},
    objects::{ObjectsError, Stored, object_key},
};
use tokio::io::AsyncRead;
use tokio_util::io::StreamReader;
use uuid::Uuid;

use super::{AssetView, sniff, view};
use crate::{
    caller::Caller,
    error::{ApiError, ApiResult, ErrorCode},
    request::BODY_WITHIN,
    state::AppState,
};

/// The longest name of a file that is kept.
const NAME_MAX_CHARS: usize = 200;
/// A multipart form of more parts than this is not looked through.
const PARTS_MAX: usize = 8;

/// Uploads a file.
#[utoipa::path(post, path = "/v1/assets", tag = "assets", security(("token" = []), ("api_key" = [])),
    request_body(content_type = "multipart/form-data", description = "the part `file`"),
    responses((status = 201, body = AssetView), (status = 413, description = "payload_too_large"),
              (status = 415, description = "unsupported_media_type")))]
pub async fn upload(State(state): State<AppState>, caller: Caller, request: Request) -> ApiResult<impl IntoResponse> {
    let not_a_form = |_| ApiError::new(ErrorCode::UnsupportedMediaType, "the body must be multipart/form-data");
    let mut form = Multipart::from_request(request, &state).await.map_err(not_a_form)?;
    let storing = tokio::time::timeout(BODY_WITHIN * 5, store_file(&state, &caller, &mut form));
    let late = |_| ApiError::new(ErrorCode::RequestTimeout, "the file did not arrive in time");
    let asset = storing.await.map_err(late)??;
    Ok((StatusCode::CREATED, axum::Json(view(&state, &asset))))
}

async fn store_file(state: &AppState, caller: &Caller, form: &mut Multipart) -> ApiResult<Asset> {
    for _ in 0..PARTS_MAX {
        let Some(field) = form.next_field().await.map_err(|error| broken(&error))? else { break };
        if field.name() == Some("file") {
            return store_field(state, caller, field, None).await;
        }
    }
    Err(ApiError::parameter("file", "the form lacks the part `file`"))
}

/// Stores one part of a form, until `expires_at` if that is said.
///
/// # Errors
/// `unsupported_media_type`, `payload_too_large`, or when it breaks off.
pub async fn store_field(
    state: &AppState,
    caller: &Caller,
    mut field: Field<'_>,
    expires_at: Option<DateTime<Utc>>,
) -> ApiResult<Asset> {
    let name = field.file_name().map(|name| name.chars().filter(|c| !c.is_control()).take(NAME_MAX_CHARS).collect());
    let head = read_head(&mut field).await?;
    let unknown = || ApiError::new(ErrorCode::UnsupportedMediaType, "a file is an image, a video, a sound or a PDF");
    let found = sniff::sniff(&head).ok_or_else(unknown)?;
    let (id, now) = (AssetId::from_uuid(Uuid::now_v7()), state.store.now());
    let object_key = object_key(&caller.tenant_id, &id, now);
    let rest = field.map_err(io::Error::other);
    let whole = stream::once(async move { Ok::<Bytes, io::Error>(head) }).chain(rest);
    let mut reader: Pin<Box<dyn AsyncRead + Send + '_>> = Box::pin(StreamReader::new(whole));
    let stored = state.objects.put_stream(&object_key, &mut reader, found.content_type).await;
    let Stored { size, sha256 } = stored.map_err(unstored)?;
    let asset = Asset {
        id,
        tenant_id: caller.tenant_id.clone(),
        job_id: None,
        kind: AssetKind::Upload,
        object_key,
        content_type: found.content_type.to_owned(),
        bytes: size,
        sha256,
        width: found.size.map(|(width, _)| width),
        height: found.size.map(|(_, height)| height),
        duration_ms: None,
        name,
        created_at: now,
        expires_at,
    };
    state.assets.insert(&asset).await?;
    Ok(asset)
}

async fn read_head(field: &mut Field<'_>) -> ApiResult<Bytes> {
    let mut head = BytesMut::new();
    while head.len() < sniff::HEAD_BYTES {
        let Some(chunk) = field.chunk().await.map_err(|error| broken(&error))? else { break };
        head.extend_from_slice(&chunk);
    }
    Ok(head.freeze())
}

fn unstored(error: ObjectsError) -> ApiError {
    let within = match &error {
        ObjectsError::Source(source) => source.get_ref().and_then(|inner| inner.downcast_ref::<MultipartError>()),
        _ => None,
    };
    within.map(broken).unwrap_or_else(|| error.into())
}

/// Why a form can't be read on.
pub fn broken(error: &MultipartError) -> ApiError {
    tracing::debug!(cause = ?error.source(), "a form broke off");
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        ApiError::new(ErrorCode::PayloadTooLarge, "the file is larger than this route takes")
    } else {
        ApiError::new(ErrorCode::InvalidRequest, "the form is malformed or broke off")
    }
}
