//! The bytes of files that nobody can see any more. The object is deleted first and its row last: whoever is killed between
//! leaves a row that the next purge finds, and an object that is gone is deleted again without harm.
//!
//! It never touches a file that somebody can still see.

use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::id::AssetId;
use futures::{StreamExt as _, future, stream};

use crate::{
    assets::{Assets, AssetsError, Purgeable},
    objects::Objects,
};

/// How many objects are deleted at a time.
const CONCURRENT: usize = 8;
/// How long what a purge took is left to it. What it could not delete is tried again after that.
pub const LEASE: Duration = Duration::from_mins(10);

/// Takes some files that were deleted or have expired by `before`, and deletes their bytes, then their rows. Answers how many
/// are gone: zero when none is left, or none of those that were taken can be deleted now.
///
/// # Errors
/// Only the database's: an object that can't be deleted keeps its row.
pub async fn purge(
    assets: &Assets,
    objects: &Objects,
    before: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<u64, AssetsError> {
    let taken = assets.lease_purgeable(before, now, now + LEASE).await?;
    let deleting = stream::iter(taken).map(async |file| is_gone(objects, &file).await.then_some(file.id));
    let gone: Vec<AssetId> = deleting.buffer_unordered(CONCURRENT).filter_map(future::ready).collect().await;
    assets.forget(&gone).await
}

async fn is_gone(objects: &Objects, file: &Purgeable) -> bool {
    let deleted = objects.delete(&file.object_key).await;
    if let Err(error) = &deleted {
        tracing::warn!(%error, asset_id = %file.id, "the bytes of a file stay for now");
    }
    deleted.is_ok()
}
