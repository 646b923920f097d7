//! Input media: assets and URLs in the parameters become data URIs, because upstream can't and must not reach ours.
//!
//! URLs come from users: they are fetched by the guarded client only. A data URI passes through as it is.

use base64::{Engine, engine::general_purpose::STANDARD};
use domain::id::{AssetId, TenantId};
use futures::{StreamExt, TryStreamExt};
use serde_json::Value;

use crate::Dispatcher;

/// The largest input file: what the strictest upstream takes in a data URI.
pub const INPUT_MAX_BYTES: u64 = 30 * 1024 * 1024;
/// The most input files of one job.
pub const INPUTS_AT_MOST: usize = 32;
/// The parameters that hold media, alone or in a list.
const MEDIA: [&str; 5] = ["image", "last_frame_image", "reference_images", "reference_audios", "mask"];

/// Why a job's inputs can't be sent. Definite: another try would not help.
#[derive(Debug, thiserror::Error)]
pub enum InputsError {
    /// The inputs were erased.
    #[error("the inputs were erased")]
    Erased,
    /// There is no such asset of this tenant.
    #[error("there is no asset {0}")]
    NoAsset(String),
    /// The file can't be fetched or read.
    #[error("an input file can't be read: {0}")]
    Unreadable(String),
    /// The file is too large.
    #[error("an input file has more than {INPUT_MAX_BYTES} bytes")]
    TooLarge,
    /// Too many files.
    #[error("a job has at most {INPUTS_AT_MOST} input files")]
    TooMany,
    /// Not a data URI, an asset or an http(s) URL.
    #[error("an input file is a data URI, an asset or an http(s) URL")]
    Malformed,
}

impl InputsError {
    /// Our stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Erased => "inputs_erased",
            Self::NoAsset(_) => "input_asset_not_found",
            Self::Unreadable(_) => "input_unreadable",
            Self::TooLarge => "input_too_large",
            Self::TooMany => "too_many_inputs",
            Self::Malformed => "input_malformed",
        }
    }
}

impl Dispatcher {
    /// The parameters with every input file as a data URI.
    pub(crate) async fn with_media(&self, tenant_id: &TenantId, mut params: Value) -> Result<Value, InputsError> {
        let Some(fields) = params.as_object_mut() else { return Ok(params) };
        let mut left = INPUTS_AT_MOST;
        for name in MEDIA {
            match fields.get_mut(name) {
                Some(Value::String(source)) => *source = self.data_uri(tenant_id, source, &mut left).await?,
                Some(Value::Array(sources)) => {
                    for source in sources {
                        let text = source.as_str().ok_or(InputsError::Malformed)?;
                        *source = Value::String(self.data_uri(tenant_id, text, &mut left).await?);
                    }
                }
                _ => {}
            }
        }
        Ok(params)
    }

    async fn data_uri(&self, tenant_id: &TenantId, source: &str, left: &mut usize) -> Result<String, InputsError> {
        *left = left.checked_sub(1).ok_or(InputsError::TooMany)?;
        if source.starts_with("data:") {
            return Ok(source.to_owned());
        }
        // An id alone is what pages show and forms send.
        let asset = source.strip_prefix("asset://").or_else(|| source.starts_with("ast_").then_some(source));
        let (content_type, bytes) = match asset {
            Some(id) => self.read_asset(tenant_id, id).await?,
            None if source.starts_with("http://") || source.starts_with("https://") => self.fetch(source).await?,
            None => return Err(InputsError::Malformed),
        };
        Ok(format!("data:{content_type};base64,{}", STANDARD.encode(bytes)))
    }

    async fn read_asset(&self, tenant_id: &TenantId, id: &str) -> Result<(String, Vec<u8>), InputsError> {
        let missing = || InputsError::NoAsset(id.to_owned());
        let asset_id: AssetId = id.parse().map_err(|_| missing())?;
        let parts = self.parts();
        let asset = parts.assets.by_id(tenant_id, &asset_id, parts.store.now()).await.map_err(|_| missing())?;
        if asset.bytes > INPUT_MAX_BYTES {
            return Err(InputsError::TooLarge);
        }
        let unreadable = |error: store::objects::ObjectsError| InputsError::Unreadable(error.to_string());
        let object = parts.objects.get(&asset.object_key).await.map_err(unreadable)?;
        let chunks: Vec<bytes::Bytes> =
            object.body.try_collect().await.map_err(|error| InputsError::Unreadable(error.to_string()))?;
        Ok((asset.content_type, chunks.concat()))
    }

    async fn fetch(&self, url: &str) -> Result<(String, Vec<u8>), InputsError> {
        let unreadable = |error: providers::HttpError| InputsError::Unreadable(error.to_string());
        let mut file = self.parts().http.guarded.download(url).await.map_err(unreadable)?;
        let content_type = file.content_type.clone().unwrap_or_else(|| "application/octet-stream".into());
        let mut bytes = Vec::new();
        while let Some(chunk) = file.stream.next().await {
            bytes.extend_from_slice(&chunk.map_err(|error| InputsError::Unreadable(error.to_string()))?);
            if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > INPUT_MAX_BYTES {
                return Err(InputsError::TooLarge);
            }
        }
        Ok((content_type, bytes))
    }
}
