//! Object storage over S3, path style: the bytes of assets.
//!
//! Every call is bounded in time and tried again on transport errors; what was put is visible whole or not at all.
//! It knows keys only, never tenants or permissions.

mod error;
mod retry;
mod upload;

use std::{pin::Pin, time::Duration};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::{Stream, TryStreamExt as _};
use s3::{Bucket, BucketConfiguration, Region, creds::Credentials};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::time::timeout;

pub use error::ObjectsError;
pub use upload::{OBJECT_MAX_BYTES, Stored};

use retry::with_retries;

/// How long one request may take that sends or receives no more than a part.
const REQUEST_WITHIN: Duration = Duration::from_secs(60);
/// How long `ready` waits: it is asked often, by those who wait themselves.
const READY_WITHIN: Duration = Duration::from_secs(2);
/// How long a body may take to be read to its end by a slow client.
const BODY_WITHIN: Duration = Duration::from_secs(30 * 60);
const CONFLICT: u16 = 409;

/// Where the object storage is.
#[derive(Clone, Debug)]
pub struct ObjectsConfig {
    /// The URL of the service.
    pub endpoint: String,
    /// The bucket; all objects are in one.
    pub bucket: String,
    /// The region that requests are signed for.
    pub region: String,
    /// Who we are there.
    pub access_key: String,
    /// What proves it.
    pub secret_key: SecretString,
}

/// The bytes of an object as they come.
pub type ObjectStream = Pin<Box<dyn Stream<Item = std::io::Result<Bytes>> + Send>>;

/// What is known of an object without reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectHead {
    /// Its length in bytes.
    pub size: u64,
    /// Its media type, when the service tells.
    pub content_type: Option<String>,
}

/// An object, or a range of one, being read.
pub struct Object {
    /// How many bytes will come.
    pub size: u64,
    /// How many bytes the whole object has.
    pub total: u64,
    /// Its media type, when the service tells.
    pub content_type: Option<String>,
    /// The bytes.
    pub body: ObjectStream,
}

/// A bucket of an object storage; cheap to clone.
#[derive(Clone)]
pub struct Objects {
    /// For requests of a bounded size.
    bucket: Box<Bucket>,
    /// For bodies that are read as slowly as a client does.
    streaming: Box<Bucket>,
    /// For `ready`.
    probe: Box<Bucket>,
}

impl Objects {
    /// A bucket of a service; nothing is asked of it yet.
    ///
    /// # Errors
    /// `Config`, when names or credentials can't be right.
    pub fn new(config: &ObjectsConfig) -> Result<Self, ObjectsError> {
        s3::set_retries(0); // ours know which calls may be made again
        let region = Region::Custom {
            region: config.region.clone(),
            endpoint: config.endpoint.trim_end_matches('/').to_owned(),
        };
        let (access, secret) = (config.access_key.as_str(), config.secret_key.expose_secret());
        let credentials = Credentials::new(Some(access), Some(secret), None, None, None)
            .map_err(|error| ObjectsError::Config(error.to_string()))?;
        let bucket = Bucket::new(&config.bucket, region, credentials).map_err(ObjectsError::config)?.with_path_style();
        let within = |limit| bucket.with_request_timeout(limit).map_err(ObjectsError::config);
        Ok(Self { streaming: within(BODY_WITHIN)?, probe: within(READY_WITHIN)?, bucket: within(REQUEST_WITHIN)? })
    }

    /// Makes the bucket unless it is there.
    ///
    /// # Errors
    /// `Refused` when we may not; `Unavailable`.
    pub async fn ensure_bucket(&self) -> Result<(), ObjectsError> {
        match with_retries(|| self.bucket.head_object("/")).await {
            Ok(_) => return Ok(()),
            Err(ObjectsError::Missing) => {}
            Err(error) => return Err(error),
        }
        let (name, region) = (self.bucket.name(), self.bucket.region());
        let credentials = self.bucket.credentials().await?;
        let config = BucketConfiguration::default();
        match Bucket::create_with_path_style(&name, region, credentials, config).await.map_err(ObjectsError::from) {
            Ok(_) | Err(ObjectsError::Refused { status: CONFLICT, .. }) => Ok(()), // another process was first
            Err(error) => Err(error),
        }
    }

    /// Whether the bucket answers now, within two seconds and without a second try.
    ///
    /// # Errors
    /// `Missing` when there is no bucket, `Refused`, `Unavailable`.
    pub async fn ready(&self) -> Result<(), ObjectsError> {
        self.probe.head_object("/").await?;
        Ok(())
    }

    /// Stores bytes under a key, replacing what was there.
    ///
    /// # Errors
    /// `TooLarge`, `Refused`, `Unavailable`.
    pub async fn put(&self, key: &str, bytes: &[u8], content_type: &str) -> Result<(), ObjectsError> {
        if u64::try_from(bytes.len()).is_ok_and(|size| size > OBJECT_MAX_BYTES) {
            return Err(ObjectsError::TooLarge);
        }
        with_retries(|| self.bucket.put_object_with_content_type(key, bytes, content_type)).await?;
        Ok(())
    }

    /// Reads an object from its start.
    ///
    /// # Errors
    /// `Missing`, `Refused`, `Unavailable`.
    pub async fn get(&self, key: &str) -> Result<Object, ObjectsError> {
        let ObjectHead { size, content_type } = self.head(key).await?;
        let body = read(&self.streaming, key).await?;
        Ok(Object { size, total: size, content_type, body })
    }

    /// Reads the bytes of an object from `start` to `end`, both included; an end past the last byte means the last.
    ///
    /// # Errors
    /// `OutOfRange`, `Missing`, `Refused`, `Unavailable`.
    pub async fn get_range(&self, key: &str, start: u64, end: u64) -> Result<Object, ObjectsError> {
        let ObjectHead { size: total, content_type } = self.head(key).await?;
        if start >= total || end < start {
            return Err(ObjectsError::OutOfRange { total });
        }
        let end = end.min(total - 1);
        let mut ranged = self.streaming.clone();
        ranged.add_header("range", &format!("bytes={start}-{end}"));
        let body = read(&ranged, key).await?;
        Ok(Object { size: end - start + 1, total, content_type, body })
    }

    /// What is known of an object.
    ///
    /// # Errors
    /// `Missing`, `Refused`, `Unavailable`.
    pub async fn head(&self, key: &str) -> Result<ObjectHead, ObjectsError> {
        let (head, _) = with_retries(|| self.bucket.head_object(key)).await?;
        let size = head.content_length.and_then(|length| u64::try_from(length).ok());
        let size = size.ok_or_else(|| ObjectsError::Garbled("no content length".into()))?;
        Ok(ObjectHead { size, content_type: head.content_type })
    }

    /// Deletes an object; one that is not there is deleted already.
    ///
    /// # Errors
    /// `Refused`, `Unavailable`.
    pub async fn delete(&self, key: &str) -> Result<(), ObjectsError> {
        match with_retries(|| self.bucket.delete_object(key)).await {
            Ok(_) | Err(ObjectsError::Missing) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

async fn read(bucket: &Bucket, key: &str) -> Result<ObjectStream, ObjectsError> {
    let begun = timeout(REQUEST_WITHIN, with_retries(|| bucket.get_object_stream(key))).await;
    let response = begun.map_err(|_| ObjectsError::Unavailable("no answer in time".into()))??;
    Ok(Box::pin(response.bytes.map_err(std::io::Error::other)))
}

/// The key of an asset's object: by tenant and day, so that a listing in the bucket can be read.
#[must_use]
pub fn object_key(tenant: &domain::id::TenantId, asset: &domain::id::AssetId, created_at: DateTime<Utc>) -> String {
    format!("{tenant}/{}/{asset}", created_at.format("%Y/%m/%d"))
}
