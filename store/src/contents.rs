//! What people sent and what came back as text: job inputs, texts of jobs, and answers of once-only keys.
//!
//! All of it can be erased, which is why none of it is ever in an event. Inputs are written by the append that submits
//! their job; here they are read and erased.

use chrono::{DateTime, Utc};
use domain::id::JobId;
use serde_json::Value;
use sqlx::{FromRow, PgPool};

/// The longest answer that is kept for a once-only key.
pub const REPLY_MAX_BYTES: usize = 32 * 1024 * 1024;
/// The longest text that is kept of a job.
pub const TEXT_MAX_BYTES: usize = 32 * 1024 * 1024;
/// How many expired answers one purge deletes.
const PURGED_AT_ONCE: i64 = 1_000;

/// Why contents can't be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum ContentsError {
    /// The answer is longer than [`REPLY_MAX_BYTES`].
    #[error("the answer of {0} bytes is too long to be kept")]
    ReplyTooLong(usize),
    /// The text is longer than [`TEXT_MAX_BYTES`].
    #[error("the text of {0} bytes is too long to be kept")]
    TextTooLong(usize),
    /// The database could not answer, or holds what can't be read.
    #[error("the database failed: {0}")]
    Database(#[from] sqlx::Error),
}

/// What a job was submitted with.
#[derive(Clone, Debug, PartialEq)]
pub struct JobInputs {
    /// The job.
    pub job_id: JobId,
    /// The API route that took it.
    pub route: String,
    /// The resolved parameters.
    pub params: Value,
    /// What the client attached.
    pub metadata: Option<Value>,
    /// Where the client wants to be told.
    pub webhook_url: Option<String>,
    /// When it was submitted.
    pub created_at: DateTime<Utc>,
}

/// What a stored text of a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextKind {
    /// The text that a person reads.
    Text,
    /// The upstream's whole response, as JSON text.
    Response,
}

impl TextKind {
    /// The kind as it is stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Response => "response",
        }
    }

    fn from_stored(text: &str) -> Option<Self> {
        [Self::Text, Self::Response].into_iter().find(|kind| kind.as_str() == text)
    }
}

/// One stored text of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobText {
    /// Which of the job's outputs, from zero.
    pub index: u32,
    /// What it is.
    pub kind: TextKind,
    /// The text itself.
    pub body: String,
}

/// An answer to be given again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The type of the body.
    pub content_type: String,
    /// The body.
    pub body: Vec<u8>,
}

/// Job inputs, texts and answers in the database; cheap to clone.
#[derive(Clone, Debug)]
pub struct Contents {
    pool: PgPool,
}

impl Contents {
    /// Over a database.
    #[must_use]
    pub fn new(pool: PgPool) -> Self {
        Self { pool }
    }

    /// What a job was submitted with; nothing when it was erased.
    ///
    /// # Errors
    /// Only the database's.
    pub async fn job_inputs(&self, job: &JobId) -> Result<Option<JobInputs>, ContentsError> {
        Ok(select_inputs(&self.pool, job).await?.map(InputsRow::into_inputs).transpose()?)
    }

    /// What jobs were submitted with, in no order; those that were erased are missing.
    ///
    /// # Errors
    /// Only the database's.
    pub async fn inputs_of(&self, jobs: &[String]) -> Result<Vec<JobInputs>, ContentsError> {
        let rows = select_inputs_of(&self.pool, jobs).await?;
        Ok(rows.into_iter().map(InputsRow::into_inputs).collect::<Result<_, _>>()?)
    }

    /// Erases what a job was submitted with and its texts.
    ///
    /// # Errors
    /// Only the database's.
    pub async fn erase(&self, job: &JobId) -> Result<(), ContentsError> {
        Ok(delete_contents(&self.pool, job).await?)
    }

    /// Keeps a text of a job; the first of an index and kind stays. NUL, which the database can't hold, becomes U+FFFD.
    ///
    /// # Errors
    /// `TextTooLong`.
    pub async fn put_text(&self, job: &JobId, text: &JobText) -> Result<(), ContentsError> {
        if text.body.len() > TEXT_MAX_BYTES {
            return Err(ContentsError::TextTooLong(text.body.len()));
        }
        Ok(insert_text(&self.pool, job, text).await?)
    }

    /// The texts of a job, by index and kind (the response before the text).
    ///
    /// # Errors
    /// Only the database's.
    pub async fn texts(&self, job: &JobId) -> Result<Vec<JobText>, ContentsError> {
        let rows = select_texts(&self.pool, job).await?;
        rows.into_iter().map(|row| row.into_text().map_err(ContentsError::from)).collect()
    }

    /// Keeps the answer of a once-only key until it expires; the first answer stays.
    ///
    /// # Errors
    /// `ReplyTooLong`.
    pub async fn put_reply(
        &self,
        once_id: &str,
        reply: &Reply,
        now: DateTime<Utc>,
        expires_at: DateTime<Utc>,
    ) -> Result<(), ContentsError> {
        if reply.body.len() > REPLY_MAX_BYTES {
            return Err(ContentsError::ReplyTooLong(reply.body.len()));
        }
        Ok(insert_reply(&self.pool, once_id, reply, now, expires_at).await?)
    }

    /// The answer of a once-only key, if it is kept and has not expired.
    ///
    /// # Errors
    /// Only the database's.
    pub async fn reply(&self, once_id: &str, now: DateTime<Utc>) -> Result<Option<Reply>, ContentsError> {
        Ok(select_reply(&self.pool, once_id, now).await?.map(ReplyRow::into_reply).transpose()?)
    }

    /// Deletes some expired answers; answers how many, zero when none is left.
    ///
    /// # Errors
    /// Only the database's.
    pub async fn purge_replies(&self, now: DateTime<Utc>) -> Result<u64, ContentsError> {
        Ok(delete_expired_replies(&self.pool, now).await?)
    }
}

#[derive(FromRow)]
struct InputsRow {
    job_id: String,
    route: String,
    params: String,
    metadata: Option<String>,
    webhook_url: Option<String>,
    created_at: DateTime<Utc>,
}

impl InputsRow {
    fn into_inputs(self) -> Result<JobInputs, sqlx::Error> {
        Ok(JobInputs {
            job_id: self.job_id.parse().map_err(undecodable)?,
            route: self.route,
            params: serde_json::from_str(&self.params).map_err(undecodable)?,
            metadata: self.metadata.map(|text| serde_json::from_str(&text)).transpose().map_err(undecodable)?,
            webhook_url: self.webhook_url,
            created_at: self.created_at,
        })
    }
}

#[derive(FromRow)]
struct TextRow {
    index: i32,
    kind: String,
    body: String,
}

impl TextRow {
    fn into_text(self) -> Result<JobText, sqlx::Error> {
        let kind = TextKind::from_stored(&self.kind).ok_or_else(|| sqlx::Error::Decode(self.kind.into()))?;
        Ok(JobText { index: u32::try_from(self.index).map_err(undecodable)?, kind, body: self.body })
    }
}

#[derive(FromRow)]
struct ReplyRow {
    status: i16,
    content_type: String,
    body: Vec<u8>,
}

impl ReplyRow {
    fn into_reply(self) -> Result<Reply, sqlx::Error> {
        let status = u16::try_from(self.status).map_err(undecodable)?;
        Ok(Reply { status, content_type: self.content_type, body: self.body })
    }
}

fn undecodable(error: impl std::error::Error + Send + Sync + 'static) -> sqlx::Error {
    sqlx::Error::Decode(Box::new(error))
}

async fn select_inputs(pool: &PgPool, job: &JobId) -> Result<Option<InputsRow>, sqlx::Error> {
    sqlx::query_as(
        "select job_id, route, params::text, metadata::text, webhook_url, created_at
         from job_inputs where job_id = $1",
    )
    .bind(job.as_str())
    .fetch_optional(pool)
    .await
}

async fn select_inputs_of(pool: &PgPool, jobs: &[String]) -> Result<Vec<InputsRow>, sqlx::Error> {
    sqlx::query_as(
        "select job_id, route, params::text, metadata::text, webhook_url, created_at
         from job_inputs where job_id = any($1)",
    )
    .bind(jobs)
    .fetch_all(pool)
    .await
}

async fn delete_contents(pool: &PgPool, job: &JobId) -> Result<(), sqlx::Error> {
    sqlx::query(
        "with inputs as (delete from job_inputs where job_id = $1)
         delete from job_texts where job_id = $1",
    )
    .bind(job.as_str())
    .execute(pool)
    .await?;
    Ok(())
}

async fn insert_text(pool: &PgPool, job: &JobId, text: &JobText) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into job_texts (job_id, index, kind, body) values ($1, $2, $3, $4)
         on conflict (job_id, index, kind) do nothing",
    )
    .bind(job.as_str())
    .bind(i32::try_from(text.index).map_err(undecodable)?)
    .bind(text.kind.as_str())
    .bind(text.body.replace('\0', "\u{fffd}"))
    .execute(pool)
    .await?;
    Ok(())
}

async fn select_texts(pool: &PgPool, job: &JobId) -> Result<Vec<TextRow>, sqlx::Error> {
    let select = sqlx::query_as("select index, kind, body from job_texts where job_id = $1 order by index, kind");
    select.bind(job.as_str()).fetch_all(pool).await
}

async fn insert_reply(
    pool: &PgPool,
    once_id: &str,
    reply: &Reply,
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into idempotent_replies (once_id, status, content_type, body, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6)
         on conflict (once_id) do nothing",
    )
    .bind(once_id)
    .bind(i16::try_from(reply.status).map_err(undecodable)?)
    .bind(&reply.content_type)
    .bind(&reply.body)
    .bind(now)
    .bind(expires_at)
    .execute(pool)
    .await?;
    Ok(())
}

async fn select_reply(pool: &PgPool, once_id: &str, now: DateTime<Utc>) -> Result<Option<ReplyRow>, sqlx::Error> {
    sqlx::query_as("select status, content_type, body from idempotent_replies where once_id = $1 and expires_at > $2")
        .bind(once_id)
        .bind(now)
        .fetch_optional(pool)
        .await
}

async fn delete_expired_replies(pool: &PgPool, now: DateTime<Utc>) -> Result<u64, sqlx::Error> {
    let delete = sqlx::query(
        "delete from idempotent_replies
         where once_id in (select once_id from idempotent_replies where expires_at <= $1 limit $2)",
    );
    Ok(delete.bind(now).bind(PURGED_AT_ONCE).execute(pool).await?.rows_affected())
}
