//! Assets: what is known of each stored file. The bytes are in object storage, and never here.
//!
//! Deleting hides a file at once; its bytes and row go when a purge comes by: lease the row, delete the object, forget the row.

use chrono::{DateTime, Utc};
use domain::id::{AssetId, JobId, TenantId};
use sqlx::{FromRow, PgPool};

/// The most assets that one page lists.
pub const ASSETS_LISTED: u32 = 100;
/// The most deleted ones that one purge takes, and the most expired ones.
const PURGED_AT_ONCE: i64 = 100;

/// Why an asset can't be kept or found.
#[derive(Debug, thiserror::Error)]
pub enum AssetsError {
    /// There is no such asset, or it is another tenant's, deleted or expired.
    #[error("there is no such asset")]
    Missing,
    /// The object key belongs to another asset.
    #[error("another asset has the object key")]
    ObjectKeyTaken,
    /// The database could not answer, or holds what can't be read.
    #[error("the database failed: {0}")]
    Database(#[source] sqlx::Error),
}

/// A constraint's name becomes a domain error here.
impl From<sqlx::Error> for AssetsError {
    fn from(error: sqlx::Error) -> Self {
        match error.as_database_error().and_then(sqlx::error::DatabaseError::constraint) {
            Some("assets_object_key_key") => Self::ObjectKeyTaken,
            _ => Self::Database(error),
        }
    }
}

/// Where a file comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AssetKind {
    /// A job made it.
    Output,
    /// A person brought it.
    Upload,
}

impl AssetKind {
    /// The kind as it is stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Output => "output",
            Self::Upload => "upload",
        }
    }

    fn from_stored(text: &str) -> Option<Self> {
        [Self::Output, Self::Upload].into_iter().find(|kind| kind.as_str() == text)
    }
}

/// One stored file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asset {
    /// Which.
    pub id: AssetId,
    /// Whose.
    pub tenant_id: TenantId,
    /// The job that made it, or that it was brought for.
    pub job_id: Option<JobId>,
    /// Where it comes from.
    pub kind: AssetKind,
    /// Where its bytes are in object storage.
    pub object_key: String,
    /// Its media type.
    pub content_type: String,
    /// Its length.
    pub bytes: u64,
    /// The hash of its bytes.
    pub sha256: [u8; 32],
    /// In pixels, of images and videos.
    pub width: Option<u32>,
    /// In pixels, of images and videos.
    pub height: Option<u32>,
    /// Of videos and sounds.
    pub duration_ms: Option<u64>,
    /// The file's name, as it was brought.
    pub name: Option<String>,
    /// When it was stored.
    pub created_at: DateTime<Utc>,
    /// When it goes by itself.
    pub expires_at: Option<DateTime<Utc>>,
}

/// Which of a tenant's assets to list.
#[derive(Clone, Debug, Default)]
pub struct AssetQuery {
    /// Only of this kind.
    pub kind: Option<AssetKind>,
    /// Only media types that start so, such as `image/`.
    pub content_type_prefix: Option<String>,
    /// Only of this job.
    pub job_id: Option<JobId>,
    /// Only those before this one: the last of the page before.
    pub before: Option<AssetId>,
    /// How many; more than [`ASSETS_LISTED`] are never given.
    pub limit: u32,
}

/// A file whose bytes are to be deleted, then its row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purgeable {
    /// Which.
    pub id: AssetId,
    /// Where its bytes are.
    pub object_key: String,
}

/// Assets in the database; cheap to clone.
#[derive(Clone, Debug)]
pub struct Assets {
    pool: PgPool,
}

impl Assets {
    /// Over a database.
    #[must_use]
    pub fn new(pool: PgPool) -> Self {
        Self { pool }
    }

    /// Adds an asset; one that is there already stays as it is.
    ///
    /// # Errors
    /// `ObjectKeyTaken`.
    pub async fn insert(&self, asset: &Asset) -> Result<(), AssetsError> {
        Ok(insert_asset(&self.pool, asset).await?)
    }

    /// A tenant's asset.
    ///
    /// # Errors
    /// `Missing`.
    pub async fn by_id(&self, tenant: &TenantId, id: &AssetId, now: DateTime<Utc>) -> Result<Asset, AssetsError> {
        let asset = self.by_link(id, now).await?;
        if asset.tenant_id == *tenant { Ok(asset) } else { Err(AssetsError::Missing) }
    }

    /// An asset for whoever holds a signed link to it.
    ///
    /// # Errors
    /// `Missing`.
    pub async fn by_link(&self, id: &AssetId, now: DateTime<Utc>) -> Result<Asset, AssetsError> {
        let row = select_asset(&self.pool, id, now).await?.ok_or(AssetsError::Missing)?;
        Ok(row.into_asset()?)
    }

    /// A tenant's assets, the newest first.
    ///
    /// # Errors
    /// Only the database's.
    pub async fn list(
        &self,
        tenant: &TenantId,
        query: &AssetQuery,
        now: DateTime<Utc>,
    ) -> Result<Vec<Asset>, AssetsError> {
        let rows = select_page(&self.pool, tenant, query, now).await?;
        rows.into_iter().map(|row| row.into_asset().map_err(AssetsError::from)).collect()
    }

    /// Hides a tenant's asset at once; a purge takes its bytes.
    ///
    /// # Errors
    /// `Missing`, also the second time.
    pub async fn delete(&self, tenant: &TenantId, id: &AssetId, now: DateTime<Utc>) -> Result<(), AssetsError> {
        if mark_deleted(&self.pool, tenant, id, now).await? == 0 { Err(AssetsError::Missing) } else { Ok(()) }
    }

    /// Leases some assets that were deleted or have expired by `before`, for their bytes to be deleted. Nobody else is given
    /// them until the lease lapses.
    ///
    /// # Errors
    /// Only the database's.
    pub async fn lease_purgeable(
        &self,
        before: DateTime<Utc>,
        now: DateTime<Utc>,
        lease_until: DateTime<Utc>,
    ) -> Result<Vec<Purgeable>, AssetsError> {
        let rows = lease_purgeable(&self.pool, before, now, lease_until).await?;
        let purgeable =
            rows.into_iter().map(|(id, object_key)| Ok(Purgeable { id: id.parse().map_err(undecodable)?, object_key }));
        purgeable.collect()
    }

    /// Forgets assets whose bytes are gone; answers how many were still known.
    ///
    /// # Errors
    /// Only the database's.
    pub async fn forget(&self, ids: &[AssetId]) -> Result<u64, AssetsError> {
        Ok(delete_rows(&self.pool, ids).await?)
    }
}

#[derive(FromRow)]
struct AssetRow {
    id: String,
    tenant_id: String,
    job_id: Option<String>,
    kind: String,
    object_key: String,
    content_type: String,
    bytes: i64,
    sha256: Vec<u8>,
    width: Option<i32>,
    height: Option<i32>,
    duration_ms: Option<i64>,
    name: Option<String>,
    created_at: DateTime<Utc>,
    expires_at: Option<DateTime<Utc>>,
}

impl AssetRow {
    fn into_asset(self) -> Result<Asset, sqlx::Error> {
        Ok(Asset {
            id: self.id.parse().map_err(undecodable)?,
            tenant_id: self.tenant_id.parse().map_err(undecodable)?,
            job_id: self.job_id.map(|id| id.parse()).transpose().map_err(undecodable)?,
            kind: AssetKind::from_stored(&self.kind).ok_or_else(|| sqlx::Error::Decode(self.kind.into()))?,
            object_key: self.object_key,
            content_type: self.content_type,
            bytes: u64::try_from(self.bytes).map_err(undecodable)?,
            sha256: self.sha256.as_slice().try_into().map_err(undecodable)?,
            width: self.width.map(u32::try_from).transpose().map_err(undecodable)?,
            height: self.height.map(u32::try_from).transpose().map_err(undecodable)?,
            duration_ms: self.duration_ms.map(u64::try_from).transpose().map_err(undecodable)?,
            name: self.name,
            created_at: self.created_at,
            expires_at: self.expires_at,
        })
    }
}

fn undecodable(error: impl std::error::Error + Send + Sync + 'static) -> sqlx::Error {
    sqlx::Error::Decode(Box::new(error))
}

fn unencodable(error: std::num::TryFromIntError) -> sqlx::Error {
    sqlx::Error::Encode(Box::new(error))
}

async fn insert_asset(pool: &PgPool, asset: &Asset) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into assets (id, tenant_id, job_id, kind, object_key, content_type, bytes, sha256, width, height,
                             duration_ms, name, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
         on conflict (id) do nothing",
    )
    .bind(asset.id.as_str())
    .bind(asset.tenant_id.as_str())
    .bind(asset.job_id.as_ref().map(JobId::as_str))
    .bind(asset.kind.as_str())
    .bind(&asset.object_key)
    .bind(&asset.content_type)
    .bind(i64::try_from(asset.bytes).map_err(unencodable)?)
    .bind(asset.sha256.as_slice())
    .bind(asset.width.map(i32::try_from).transpose().map_err(unencodable)?)
    .bind(asset.height.map(i32::try_from).transpose().map_err(unencodable)?)
    .bind(asset.duration_ms.map(i64::try_from).transpose().map_err(unencodable)?)
    .bind(asset.name.as_ref().map(|name| name.replace('\0', "\u{fffd}")))
    .bind(asset.created_at)
    .bind(asset.expires_at)
    .execute(pool)
    .await?;
    Ok(())
}

async fn select_asset(pool: &PgPool, id: &AssetId, now: DateTime<Utc>) -> Result<Option<AssetRow>, sqlx::Error> {
    sqlx::query_as(
        "select * from assets where id = $1 and deleted_at is null and (expires_at is null or expires_at > $2)",
    )
    .bind(id.as_str())
    .bind(now)
    .fetch_optional(pool)
    .await
}

async fn select_page(
    pool: &PgPool,
    tenant: &TenantId,
    query: &AssetQuery,
    now: DateTime<Utc>,
) -> Result<Vec<AssetRow>, sqlx::Error> {
    sqlx::query_as(
        "select * from assets
         where tenant_id = $1 and deleted_at is null and (expires_at is null or expires_at > $2)
           and ($3::text is null or kind = $3)
           and ($4::text is null or starts_with(content_type, $4))
           and ($5::text is null or job_id = $5)
           and ($6::text is null or id < $6)
         order by id desc limit $7",
    )
    .bind(tenant.as_str())
    .bind(now)
    .bind(query.kind.map(AssetKind::as_str))
    .bind(&query.content_type_prefix)
    .bind(query.job_id.as_ref().map(JobId::as_str))
    .bind(query.before.as_ref().map(AssetId::as_str))
    .bind(i64::from(query.limit.min(ASSETS_LISTED)))
    .fetch_all(pool)
    .await
}

async fn mark_deleted(pool: &PgPool, tenant: &TenantId, id: &AssetId, now: DateTime<Utc>) -> Result<u64, sqlx::Error> {
    let update =
        sqlx::query("update assets set deleted_at = $3 where id = $1 and tenant_id = $2 and deleted_at is null");
    Ok(update.bind(id.as_str()).bind(tenant.as_str()).bind(now).execute(pool).await?.rows_affected())
}

/// Each cause by its own index, so that a purge costs the same however many wait.
async fn lease_purgeable(
    pool: &PgPool,
    before: DateTime<Utc>,
    now: DateTime<Utc>,
    lease_until: DateTime<Utc>,
) -> Result<Vec<(String, String)>, sqlx::Error> {
    let sql = "with deleted as (select id from assets
                                 where deleted_at <= $1 and (purge_lease_until is null or purge_lease_until < $2)
                                 order by deleted_at limit $4 for update skip locked),
                    expired as (select id from assets
                                 where deleted_at is null and expires_at <= $1
                                   and (purge_lease_until is null or purge_lease_until < $2)
                                 order by expires_at limit $4 for update skip locked)
               update assets set purge_lease_until = $3
                where id in (select id from deleted union all select id from expired)
            returning id, object_key";
    sqlx::query_as(sql).bind(before).bind(now).bind(lease_until).bind(PURGED_AT_ONCE).fetch_all(pool).await
}

async fn delete_rows(pool: &PgPool, ids: &[AssetId]) -> Result<u64, sqlx::Error> {
    let ids: Vec<&str> = ids.iter().map(AssetId::as_str).collect();
    Ok(sqlx::query("delete from assets where id = any($1)").bind(ids).execute(pool).await?.rows_affected())
}
