//! Storing a stream: small ones in one request, larger ones in parts, so that memory holds one part at a time.
//!
//! The object appears whole when the last part is in. A failed upload is aborted; parts are sent again on transport errors.

use s3::serde_types::Part;
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncRead, AsyncReadExt as _};

use super::{Objects, ObjectsError, retry::with_retries};

/// The largest object that is stored.
pub const OBJECT_MAX_BYTES: u64 = 512 * 1024 * 1024;
/// What is read and sent at once; S3 wants at least 5 MiB of every part but the last.
const PART_BYTES: usize = 8 * 1024 * 1024;

/// What was stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// How many bytes.
    pub size: u64,
    /// Their hash.
    pub sha256: [u8; 32],
}

impl Objects {
    /// Stores what a reader gives, to its end, under a key; replaces what was there.
    ///
    /// # Errors
    /// `TooLarge` and `Source`, after which nothing is stored; `Refused`, `Unavailable`.
    pub async fn put_stream(
        &self,
        key: &str,
        reader: &mut (dyn AsyncRead + Send + Unpin),
        content_type: &str,
    ) -> Result<Stored, ObjectsError> {
        let mut source = Source { reader, size: 0, hash: Sha256::new() };
        let first = source.next_part().await?;
        if first.len() < PART_BYTES {
            self.put(key, &first, content_type).await?;
        } else {
            self.put_parts(key, first, &mut source, content_type).await?;
        }
        Ok(Stored { size: source.size, sha256: source.hash.finalize().into() })
    }

    async fn put_parts(
        &self,
        key: &str,
        first: Vec<u8>,
        source: &mut Source<'_>,
        content_type: &str,
    ) -> Result<(), ObjectsError> {
        let upload = with_retries(|| self.bucket.initiate_multipart_upload(key, content_type)).await?;
        let sent = match self.send_parts(key, &upload.upload_id, first, source, content_type).await {
            Ok(parts) => self.complete(key, &upload.upload_id, parts).await,
            Err(error) => Err(error),
        };
        if sent.is_err()
            && let Err(error) = self.bucket.abort_upload(key, &upload.upload_id).await
        {
            tracing::warn!(%error, key, "object storage: an upload was left unfinished");
        }
        sent
    }

    async fn send_parts(
        &self,
        key: &str,
        upload_id: &str,
        first: Vec<u8>,
        source: &mut Source<'_>,
        content_type: &str,
    ) -> Result<Vec<Part>, ObjectsError> {
        let (mut parts, mut part) = (Vec::new(), first);
        while !part.is_empty() {
            let number = u32::try_from(parts.len() + 1).expect("the largest object has few parts");
            let send = || self.bucket.put_multipart_chunk(part.clone(), key, number, upload_id, content_type);
            parts.push(with_retries(send).await?);
            part = source.next_part().await?;
        }
        Ok(parts)
    }

    async fn complete(&self, key: &str, upload_id: &str, parts: Vec<Part>) -> Result<(), ObjectsError> {
        self.bucket.complete_multipart_upload(key, upload_id, parts).await?;
        Ok(())
    }
}

struct Source<'a> {
    reader: &'a mut (dyn AsyncRead + Send + Unpin),
    size: u64,
    hash: Sha256,
}

impl Source<'_> {
    /// The next full part, or what is left; empty at the end.
    async fn next_part(&mut self) -> Result<Vec<u8>, ObjectsError> {
        let mut part = Vec::new();
        let limit = u64::try_from(PART_BYTES).expect("a part's size fits");
        let read = (&mut *self.reader).take(limit).read_to_end(&mut part).await.map_err(ObjectsError::Source)?;
        self.size += u64::try_from(read).expect("a part's size fits");
        if self.size > OBJECT_MAX_BYTES {
            return Err(ObjectsError::TooLarge);
        }
        self.hash.update(&part);
        Ok(part)
    }
}
