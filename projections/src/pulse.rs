//! How each capability did lately: how many jobs ended, how many well, and how long half of those took at most.
//!
//! Ids of jobs sort by age, so one stretch of the primary key holds all that are asked for.

use chrono::{DateTime, Utc};
use domain::id::JobId;
use serde::Deserialize;
use uuid::Uuid;

use crate::{ReadModels, queries::many, table::ReadError};

/// The most capabilities that are told of.
const CAPABILITIES_MAX: i64 = 5_000;

/// How a capability of a model did.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct PulseRow {
    /// The public name of the model.
    pub model: String,
    /// What it was asked to do.
    pub capability: String,
    /// How many jobs succeeded or failed.
    pub ended: u64,
    /// How many succeeded.
    pub succeeded: u64,
    /// Half of those took no longer than this, in milliseconds.
    pub median_ms: Option<u64>,
}

impl ReadModels {
    /// How each capability did with the jobs submitted since a moment. What was canceled or expired says nothing of it.
    ///
    /// # Errors
    /// When the database is out of reach.
    pub async fn pulses(&self, since: DateTime<Utc>) -> Result<Vec<PulseRow>, ReadError> {
        self.ask(move |pool, schema| {
            Box::pin(async move {
                let sql = format!(
                    "select json_build_object('model', model, 'capability', capability, 'ended', count(*),
                        'succeeded', count(*) filter (where status = 'succeeded'),
                        'median_ms', percentile_disc(0.5) within group (
                            order by (extract(epoch from completed_at - created_at) * 1000)::bigint)
                            filter (where status = 'succeeded'))::text
                      from {schema}.jobs where job_id >= $1 and status in ('succeeded', 'failed')
                      group by model, capability order by model, capability limit $2"
                );
                many(sqlx::query_scalar(&sql).bind(oldest(since)).bind(CAPABILITIES_MAX).fetch_all(pool).await?)
            })
        })
        .await
    }
}

/// The least id that a job of a moment can have.
fn oldest(since: DateTime<Utc>) -> String {
    let ms = u128::try_from(since.timestamp_millis()).unwrap_or_default();
    JobId::from_uuid(Uuid::from_u128(ms << 80)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_jobs_sort_by_the_moment_of_their_submission() {
        let moment = DateTime::from_timestamp(1_795_000_000, 0).expect("a moment");
        let made = |seconds| {
            let timestamp = uuid::Timestamp::from_unix(uuid::NoContext, seconds, 0);
            JobId::from_uuid(Uuid::new_v7(timestamp)).to_string()
        };
        assert!(made(1_794_999_999) < oldest(moment) && oldest(moment) <= made(1_795_000_000));
    }
}
