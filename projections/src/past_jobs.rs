//! Jobs of the past with what they were asked, page by page: what a rehearsal of another price replays.
//!
//! Each page is one short statement, so that no snapshot is held while a rehearsal computes.

use chrono::{DateTime, Utc};
use domain::{
    id::JobId,
    job::{JobEvent, Submission, Usage},
};
use serde::Deserialize;
use serde_json::Value;
use sqlx::PgPool;

use crate::{generation::ReadModels, rows::JobStatus, table::ReadError};

/// How many jobs one page holds.
pub const PAGE: i64 = 250;
/// The longest inputs that are read, in bytes: longer ones carry files, and a page has to fit into memory.
pub const INPUTS_MAX_BYTES: i64 = 64 * 1024;

/// Which jobs, the oldest first.
#[derive(Clone, Debug)]
pub struct PastJobs {
    /// The public name of the model.
    pub model: String,
    /// What it was asked to do.
    pub capability: String,
    /// Submitted at or after this.
    pub from: DateTime<Utc>,
    /// The last job of the page before; the beginning, for none.
    pub after: Option<JobId>,
}

/// A job of the past.
#[derive(Clone, Debug, Deserialize)]
pub struct PastJob {
    /// Its id.
    pub job_id: JobId,
    /// Where it stands.
    pub status: JobStatus,
    /// What its tenant was charged, in micro-credits.
    pub charged: i64,
    /// What was counted.
    pub usage: Usage,
    /// When it was submitted.
    pub created_at: DateTime<Utc>,
    /// The provider of its last attempt, if it had one.
    pub provider: Option<String>,
    /// What the provider was asked for.
    pub upstream_model: Option<String>,
    /// Its resolved parameters, unless they were erased or are longer than [`INPUTS_MAX_BYTES`].
    pub params: Option<Value>,
    submitted: Option<JobEvent>,
}

impl PastJob {
    /// What was frozen on it.
    #[must_use]
    pub fn submission(&self) -> Option<&Submission> {
        match &self.submitted {
            Some(JobEvent::JobSubmitted(submission)) => Some(submission),
            _ => None,
        }
    }
}

impl ReadModels {
    /// The next page of the jobs of one capability.
    ///
    /// # Errors
    /// When the database is out of reach.
    pub async fn past_jobs(&self, jobs: &PastJobs) -> Result<Vec<PastJob>, ReadError> {
        self.ask(move |pool, schema| Box::pin(async move { select_past_jobs(pool, &schema, jobs).await })).await
    }
}

/// Ids begin with the time they were made at, so that a page begins by the primary key.
fn beginning(jobs: &PastJobs) -> String {
    let millis = u128::try_from(jobs.from.timestamp_millis()).unwrap_or(0);
    let first = || JobId::from_uuid(uuid::Uuid::from_u128(millis << 80)).to_string();
    jobs.after.as_ref().map_or_else(first, ToString::to_string)
}

async fn select_past_jobs(pool: &PgPool, schema: &str, jobs: &PastJobs) -> Result<Vec<PastJob>, ReadError> {
    let sql = format!(
        "select json_build_object(
                    'job_id', j.job_id, 'status', j.status, 'charged', j.charged, 'usage', j.usage,
                    'created_at', j.created_at, 'provider', a.provider, 'upstream_model', a.upstream_model,
                    'params', case when octet_length(i.params::text) <= $5 then i.params end,
                    'submitted', e.payload)::text
           from {schema}.jobs j
           left join {schema}.attempts a on a.attempt_id = j.attempt_id
           left join job_inputs i on i.job_id = j.job_id
           left join events e on e.aggregate_type = 'job' and e.aggregate_id = j.job_id and e.sequence = 1
          where j.model = $1 and j.capability = $2 and j.job_id > $3 and j.created_at >= $4
          order by j.job_id limit $6"
    );
    let asked = sqlx::query_scalar(&sql).bind(&jobs.model).bind(&jobs.capability).bind(beginning(jobs));
    let texts: Vec<String> = asked.bind(jobs.from).bind(INPUTS_MAX_BYTES).bind(PAGE).fetch_all(pool).await?;
    texts.iter().map(|text| Ok(serde_json::from_str(text)?)).collect()
}
