//! Outputs: what upstream made is copied into object storage before the job says succeeded. Upstream's URLs die within
//! a day; ours do not. An output has the same id however often it is copied.

use bytes::Bytes;
use domain::{
    id::{AssetId, AttemptId},
    job::Output,
};
use futures::TryStreamExt;
use store::{
    assets::{Asset, AssetKind, AssetsError},
    objects::{ObjectsError, object_key},
};
use tokio::io::AsyncRead;
use uuid::Uuid;

use crate::{Dispatcher, Run};

/// Why an output could not be kept. The task is asked again later: its URLs are fresh then.
#[derive(Debug, thiserror::Error)]
pub enum OutputsError {
    /// Upstream's file can't be fetched.
    #[error("an output can't be fetched: {0}")]
    Fetch(String),
    /// Object storage does not take it.
    #[error(transparent)]
    Objects(#[from] ObjectsError),
    /// Its row can't be written.
    #[error(transparent)]
    Assets(#[from] AssetsError),
}

/// Where an output's bytes are.
pub(crate) enum Source {
    Url(String),
    Bytes(Bytes),
}

/// An output that is to be kept.
pub(crate) struct Made {
    pub(crate) index: u32,
    pub(crate) source: Source,
    pub(crate) content_type: Option<String>,
    pub(crate) size: Option<(u32, u32)>,
}

/// The id of an output: the attempt's, turned by the output's place.
pub(crate) fn asset_id(attempt_id: &AttemptId, index: u32) -> AssetId {
    AssetId::from_uuid(Uuid::from_u128(attempt_id.uuid().as_u128() ^ (u128::from(index) + 1)))
}

impl Dispatcher {
    /// Copies the outputs of an attempt, one after the other.
    pub(crate) async fn keep_outputs(
        &self,
        run: &Run,
        attempt_id: &AttemptId,
        made: Vec<Made>,
    ) -> Result<Vec<Output>, OutputsError> {
        let mut outputs = Vec::with_capacity(made.len());
        for made in made {
            outputs.push(self.keep(run, attempt_id, made).await?);
        }
        Ok(outputs)
    }

    async fn keep(&self, run: &Run, attempt_id: &AttemptId, made: Made) -> Result<Output, OutputsError> {
        let (said, mut bytes): (Option<String>, Box<dyn AsyncRead + Send + Unpin>) = match made.source {
            Source::Bytes(bytes) => (None, Box::new(std::io::Cursor::new(bytes))),
            Source::Url(url) => {
                let file = self.fetch_output(&url).await?;
                let stream = file.stream.map_err(std::io::Error::other);
                (file.content_type, Box::new(tokio_util::io::StreamReader::new(stream)))
            }
        };
        let content_type = said.or(made.content_type).unwrap_or_else(|| "application/octet-stream".into());
        let parts = self.parts();
        let (id, now) = (asset_id(attempt_id, made.index), parts.store.now());
        let object_key = object_key(&run.tenant_id, &id, now);
        let stored = parts.objects.put_stream(&object_key, &mut *bytes, &content_type).await?;
        let (width, height) = made.size.unzip();
        let asset = Asset {
            id: id.clone(),
            tenant_id: run.tenant_id.clone(),
            job_id: Some(run.job_id.clone()),
            kind: AssetKind::Output,
            object_key,
            content_type: content_type.clone(),
            bytes: stored.size,
            sha256: stored.sha256,
            width,
            height,
            duration_ms: None,
            name: None,
            created_at: now,
            expires_at: None,
        };
        parts.assets.insert(&asset).await?;
        Ok(Output { asset_id: id, index: made.index, content_type, bytes: stored.size, width, height })
    }

    async fn fetch_output(&self, url: &str) -> Result<providers::Download, OutputsError> {
        self.parts().http.trusted.download(url).await.map_err(|error| OutputsError::Fetch(error.to_string()))
    }
}
