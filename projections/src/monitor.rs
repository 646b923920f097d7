//! The questions of those who watch the platform: what is open and for how long, and how the last while went. Each is one
//! statement over a bounded part of the tables.

use chrono::{DateTime, Utc};
use domain::id::JobId;
use serde::Deserialize;
use uuid::Uuid;

use crate::{generation::ReadModels, table::ReadError};

/// The most jobs that one look at the last while goes through; the newest.
pub const LOOKED_AT_MOST: i64 = 100_000;
/// The upper ends of the ages that open jobs are sorted by, in seconds; the last group has none.
pub const AGES_S: [i64; 4] = [60, 300, 900, 3_600];
/// How many kinds of failures are told of.
const FAILURES_SHOWN: i64 = 10;

/// How many jobs are open, by how long.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpenJobs {
    /// Waiting for an attempt, by age.
    pub queued: [i64; AGES_S.len() + 1],
    /// Under way, by age.
    pub running: [i64; AGES_S.len() + 1],
    /// What is held for them, in micro-credits.
    pub held: i64,
    /// When the oldest was submitted.
    pub oldest: Option<DateTime<Utc>>,
}

/// How the jobs of one capability went.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct CapabilityPulse {
    /// What was asked for.
    pub capability: String,
    /// How many were submitted.
    pub jobs: i64,
    /// How many succeeded.
    pub succeeded: i64,
    /// How many failed or expired.
    pub failed: i64,
    /// In how many milliseconds half of the succeeded ones were done, from their submission on.
    pub p50_ms: Option<i64>,
    /// In how many 95 of 100 were.
    pub p95_ms: Option<i64>,
    /// What tenants paid for them, less what was given back, in micro-credits.
    pub charged: i64,
}

/// How often jobs failed by one code.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct FailurePulse {
    /// Our stable code.
    pub code: String,
    /// How often.
    pub jobs: i64,
}

/// How the last while went.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Pulse {
    /// By capability, by name.
    pub capabilities: Vec<CapabilityPulse>,
    /// The most frequent failures.
    pub failures: Vec<FailurePulse>,
}

impl ReadModels {
    /// How many jobs are open, and for how long.
    ///
    /// # Errors
    /// When the database is out of reach.
    pub async fn open_jobs(&self, now: DateTime<Utc>) -> Result<OpenJobs, ReadError> {
        let rows = self.ask(move |pool, schema| {
            Box::pin(async move {
                let sql = format!(
                    "select status, width_bucket(extract(epoch from $1 - created_at)::bigint, $2::bigint[])::bigint,
                            count(*), sum(held)::bigint, min(created_at)
                       from {schema}.jobs where status in ('queued', 'running') group by 1, 2"
                );
                let ages = AGES_S.as_slice();
                let rows: Vec<(String, i64, i64, i64, DateTime<Utc>)> =
                    sqlx::query_as(&sql).bind(now).bind(ages).fetch_all(pool).await?;
                Ok(rows)
            })
        });
        let mut open = OpenJobs::default();
        for (status, bucket, count, held, oldest) in rows.await? {
            let side = if status == "queued" { &mut open.queued } else { &mut open.running };
            let place = usize::try_from(bucket).unwrap_or_default().min(AGES_S.len());
            side[place] += count;
            open.held += held;
            open.oldest = Some(open.oldest.map_or(oldest, |known| known.min(oldest)));
        }
        Ok(open)
    }

    /// How the jobs went that were submitted since a moment, the newest [`LOOKED_AT_MOST`] of them.
    ///
    /// # Errors
    /// When the database is out of reach.
    pub async fn pulse(&self, since: DateTime<Utc>) -> Result<Pulse, ReadError> {
        self.ask(move |pool, schema| {
            Box::pin(async move {
                let sql = format!(
                    "with looked as (select capability, status, error_code, charged - refunded paid, created_at, completed_at
                                       from {schema}.jobs where job_id >= $1 order by job_id desc limit $2),
                          by_capability as (
                     select capability, count(*) jobs, count(*) filter (where status = 'succeeded') succeeded,
                            count(*) filter (where status in ('failed', 'expired')) failed, sum(paid)::bigint charged,
                            (percentile_disc(0.5) within group (order by extract(epoch from completed_at - created_at))
                               filter (where status = 'succeeded') * 1000)::bigint p50_ms,
                            (percentile_disc(0.95) within group (order by extract(epoch from completed_at - created_at))
                               filter (where status = 'succeeded') * 1000)::bigint p95_ms
                       from looked group by capability),
                          by_code as (
                     select coalesce(error_code, status) code, count(*) jobs from looked
                      where status in ('failed', 'expired') group by 1 order by 2 desc, 1 limit $3)
                     select json_build_object(
                         'capabilities', coalesce((select json_agg(c order by capability) from by_capability c), '[]'),
                         'failures', coalesce((select json_agg(f order by jobs desc, code) from by_code f), '[]'))::text"
                );
                let asked = sqlx::query_scalar(&sql).bind(first_job_of(since)).bind(LOOKED_AT_MOST);
                let text: String = asked.bind(FAILURES_SHOWN).fetch_one(pool).await?;
                Ok(serde_json::from_str(&text)?)
            })
        })
        .await
    }
}

/// The least id of a job that was made at a moment or later: ids begin with the milliseconds of their making.
fn first_job_of(since: DateTime<Utc>) -> String {
    let millis = u128::try_from(since.timestamp_millis()).unwrap_or_default();
    JobId::from_uuid(Uuid::from_u128(millis << 80)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_of_a_moment_is_not_before_the_first_of_it() {
        let id = JobId::from_uuid(Uuid::now_v7());
        let (seconds, nanos) = id.uuid().get_timestamp().expect("a version with a time").to_unix();
        let at = DateTime::from_timestamp(seconds.cast_signed(), nanos).expect("a moment");
        assert!(first_job_of(at).as_str() <= id.as_str());
        assert!(first_job_of(at + chrono::TimeDelta::milliseconds(1)).as_str() > id.as_str());
    }
}
