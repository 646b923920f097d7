//! The questions asked of the read models: pages by key, sums, and how far they are. Each is one statement.

use std::time::Duration;

use chrono::{DateTime, Utc};
use cqrs_es::Aggregate as _;
use domain::{job::Job, stream::Event};
use serde::{Deserialize, de::DeserializeOwned};
use sqlx::PgPool;
use store::log;

use crate::{
    generation::{ReadModels, checkpoint},
    listing::{select_jobs, select_ledger},
    published::published_row,
    rows::{AdjustmentRow, AttemptRow, BalanceRow, JobEventRow, JobRow, JobStatus, LedgerRow, LedgerType},
    table::ReadError,
};

/// The most rows of one page.
pub const LIMIT_AT_MOST: u32 = 100;
/// How long a list waits for what its client wrote.
pub const PATIENCE: Duration = Duration::from_millis(500);

/// Some rows, and whether more follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// Whether more follow after the last of them.
    pub has_more: bool,
}

/// Which jobs to list, the newest first. Without a tenant: those of all.
#[derive(Clone, Debug, Default)]
pub struct JobQuery {
    /// Only of this tenant.
    pub tenant_id: Option<String>,
    /// Only with this status.
    pub status: Option<JobStatus>,
    /// Only those that wait or run.
    pub open: bool,
    /// Only those whose model holds this text, or whose id begins with it.
    pub text: Option<String>,
    /// Only of this model.
    pub model: Option<String>,
    /// Only of this capability.
    pub capability: Option<String>,
    /// Only of one of these capabilities, if any are named.
    pub capabilities: Vec<String>,
    /// Only by this API key.
    pub api_key_id: Option<String>,
    /// Only by this person.
    pub user_id: Option<String>,
    /// Only submitted at or after this.
    pub from: Option<DateTime<Utc>>,
    /// Only submitted before this.
    pub to: Option<DateTime<Utc>>,
    /// Only those with at least so many attempts.
    pub min_attempts: Option<u32>,
    /// The last job of the page before.
    pub after: Option<String>,
    /// The oldest first, instead of the newest.
    pub oldest_first: bool,
    /// How many; more than [`LIMIT_AT_MOST`] are never given.
    pub limit: u32,
}

/// Which lines of statements to list. Without a tenant: those of all.
#[derive(Clone, Debug, Default)]
pub struct LedgerQuery {
    /// Only of this tenant.
    pub tenant_id: Option<String>,
    /// Only of this kind.
    pub entry_type: Option<LedgerType>,
    /// Only of this job.
    pub job_id: Option<String>,
    /// Only recorded at or after this.
    pub from: Option<DateTime<Utc>>,
    /// Only recorded before this.
    pub to: Option<DateTime<Utc>>,
    /// The last line of the page before.
    pub after: Option<i64>,
    /// The newest first, instead of the oldest.
    pub newest_first: bool,
    /// How many; more than [`LIMIT_AT_MOST`] are never given.
    pub limit: u32,
}

/// The balances at the ends of a statement, and its totals.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Statement {
    /// Where the log stood before the first line.
    pub opening_position: i64,
    /// Where it stood with the last line.
    pub closing_position: i64,
    /// Posted before the first line.
    pub opening_posted: i64,
    /// Available before the first line.
    pub opening_available: i64,
    /// Posted after the last line.
    pub closing_posted: i64,
    /// Available after the last line.
    pub closing_available: i64,
    /// The sum of the amounts and the number of lines of each kind, by its name.
    pub totals: std::collections::BTreeMap<String, StatementTotal>,
}

/// The sum of the lines of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct StatementTotal {
    /// The sum of their amounts.
    pub amount: i64,
    /// How many they are.
    pub lines: i64,
}

impl ReadModels {
    /// Jobs, the newest first.
    ///
    /// # Errors
    /// When the database is out of reach.
    pub async fn jobs(&self, query: &JobQuery) -> Result<Page<JobRow>, ReadError> {
        let limit = bounded(query.limit);
        let rows = self
            .ask(move |pool, schema| Box::pin(async move { select_jobs(pool, &schema, query, limit + 1).await }))
            .await?;
        Ok(page(rows, limit))
    }

    /// One job as the table has it. Fresh from the log: [`read_job`].
    ///
    /// # Errors
    /// When the database is out of reach.
    pub async fn job(&self, job_id: &str) -> Result<Option<JobRow>, ReadError> {
        self.ask(move |pool, schema| {
            Box::pin(async move {
                let sql = format!("select row_to_json(t)::text from {schema}.jobs t where job_id = $1");
                one(sqlx::query_scalar(&sql).bind(job_id).fetch_optional(pool).await?)
            })
        })
        .await
    }

    /// The published events of a job after a number, oldest first.
    ///
    /// # Errors
    /// When the database is out of reach.
    pub async fn job_events(&self, job_id: &str, after: i64, limit: u32) -> Result<Page<JobEventRow>, ReadError> {
        let limit = bounded(limit);
        let rows = self.ask(move |pool, schema| {
            Box::pin(async move {
                let sql = format!(
                    "select row_to_json(t)::text from {schema}.job_events t
                  where job_id = $1 and sequence > $2 order by sequence limit $3"
                );
                many(sqlx::query_scalar(&sql).bind(job_id).bind(after).bind(limit + 1).fetch_all(pool).await?)
            })
        });
        Ok(page(rows.await?, limit))
    }

    /// The attempts of a job. For admins.
    ///
    /// # Errors
    /// When the database is out of reach.
    pub async fn attempts(&self, job_id: &str) -> Result<Vec<AttemptRow>, ReadError> {
        self.ask(move |pool, schema| {
            Box::pin(async move {
                let sql = format!(
                    "select row_to_json(t)::text from {schema}.attempts t where job_id = $1 order by number limit 1000"
                );
                many(sqlx::query_scalar(&sql).bind(job_id).fetch_all(pool).await?)
            })
        })
        .await
    }

    /// Lines of statements.
    ///
    /// # Errors
    /// When the database is out of reach.
    pub async fn ledger(&self, query: &LedgerQuery) -> Result<Page<LedgerRow>, ReadError> {
        let limit = bounded(query.limit);
        let rows = self
            .ask(move |pool, schema| Box::pin(async move { select_ledger(pool, &schema, query, limit + 1).await }))
            .await?;
        Ok(page(rows, limit))
    }

    /// The balances at the ends of a tenant's statement, and its totals by kind.
    ///
    /// # Errors
    /// When the database is out of reach.
    pub async fn statement(
        &self,
        tenant_id: &str,
        from: Option<DateTime<Utc>>,
        to: Option<DateTime<Utc>>,
    ) -> Result<Statement, ReadError> {
        self.ask(move |pool, schema| {
            Box::pin(async move { select_statement(pool, &schema, tenant_id, (from, to)).await })
        })
        .await
    }

    /// A tenant's balance as the table has it.
    ///
    /// # Errors
    /// When the database is out of reach.
    pub async fn balance(&self, tenant_id: &str) -> Result<Option<BalanceRow>, ReadError> {
        self.ask(move |pool, schema| {
            Box::pin(async move {
                let sql = format!("select row_to_json(t)::text from {schema}.balances t where tenant_id = $1");
                one(sqlx::query_scalar(&sql).bind(tenant_id).fetch_optional(pool).await?)
            })
        })
        .await
    }

    /// All balances, by tenant.
    ///
    /// # Errors
    /// When the database is out of reach.
    pub async fn balances(&self, after: Option<&str>, limit: u32) -> Result<Page<BalanceRow>, ReadError> {
        let limit = bounded(limit);
        let rows = self.ask(move |pool, schema| {
            Box::pin(async move {
                let sql = format!(
                    "select row_to_json(t)::text from {schema}.balances t
                  where tenant_id > coalesce($1, '') order by tenant_id limit $2"
                );
                many(sqlx::query_scalar(&sql).bind(after).bind(limit + 1).fetch_all(pool).await?)
            })
        });
        Ok(page(rows.await?, limit))
    }

    /// Corrections that wait for a second person, the oldest first.
    ///
    /// # Errors
    /// When the database is out of reach.
    pub async fn pending_adjustments(&self, limit: u32) -> Result<Vec<AdjustmentRow>, ReadError> {
        self.ask(move |pool, schema| {
            Box::pin(async move {
                let sql = format!(
                    "select row_to_json(t)::text from {schema}.adjustments t where status = 'requested'
                  order by requested_at, tenant_id, adjustment_id limit $1"
                );
                many(sqlx::query_scalar(&sql).bind(bounded(limit)).fetch_all(pool).await?)
            })
        })
        .await
    }

    /// How far the tables are in the log.
    ///
    /// # Errors
    /// When the database is out of reach.
    pub async fn position(&self) -> Result<i64, ReadError> {
        self.ask(move |pool, schema| Box::pin(async move { Ok(checkpoint(pool, &schema).await?) })).await
    }

    /// Waits until the tables have reached a position. Says whether they did before `patience` ran out.
    ///
    /// # Errors
    /// When the database is out of reach.
    pub async fn wait_for(&self, position: i64, patience: Duration) -> Result<bool, ReadError> {
        let deadline = tokio::time::Instant::now() + patience;
        let mut pause = Duration::from_millis(5);
        loop {
            if self.position().await? >= position {
                return Ok(true);
            }
            if tokio::time::Instant::now() + pause > deadline {
                return Ok(false);
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(80));
        }
    }
}

/// A job and its published events as the log has them now, for whoever must read his own writes.
///
/// # Errors
/// When the database is out of reach, or the log can't be understood.
pub async fn read_job(pool: &PgPool, job_id: &str) -> Result<Option<(JobRow, Vec<JobEventRow>)>, ReadError> {
    Ok(read_whole_job(pool, job_id).await?.map(|(row, published, _)| (row, published)))
}

/// The same, with the job itself: of one reading of the log.
///
/// # Errors
/// As [`read_job`].
pub async fn read_whole_job(pool: &PgPool, job_id: &str) -> Result<Option<(JobRow, Vec<JobEventRow>, Job)>, ReadError> {
    let events = log::read_stream(pool, "job", job_id, 0).await?;
    let published = events.iter().filter_map(published_row).collect();
    let mut job = Job::default();
    for recorded in &events {
        if let Event::Job(event) = &recorded.event {
            job.apply(event.clone());
        }
    }
    Ok(JobRow::from_events(&events).map(|row| (row, published, job)))
}

/// Who asked for an event, as its metadata says; empty where it says nothing.
#[must_use]
pub fn actor_of(recorded: &store::Recorded) -> String {
    #[derive(Deserialize)]
    struct Asked {
        actor: String,
    }
    serde_json::from_str::<Asked>(&recorded.metadata).map_or_else(|_| String::new(), |asked| asked.actor)
}

async fn select_statement(
    pool: &PgPool,
    schema: &str,
    tenant_id: &str,
    (from, to): (Option<DateTime<Utc>>, Option<DateTime<Utc>>),
) -> Result<Statement, ReadError> {
    let sql = format!(
        "with before as (select position, posted_after, available_after from {schema}.ledger_entries
                          where tenant_id = $1 and recorded_at < $2 order by entry_id desc limit 1),
              closing as (select position, posted_after, available_after from {schema}.ledger_entries
                           where tenant_id = $1 and ($3::timestamptz is null or recorded_at < $3)
                           order by entry_id desc limit 1),
              totals as (select type, sum(amount)::bigint amount, count(*) lines from {schema}.ledger_entries
                          where tenant_id = $1 and ($2::timestamptz is null or recorded_at >= $2)
                            and ($3::timestamptz is null or recorded_at < $3) group by type)
         select json_build_object(
             'opening_position', coalesce((select position from before), 0),
             'closing_position', coalesce((select position from closing), 0),
             'opening_posted', coalesce((select posted_after from before), 0),
             'opening_available', coalesce((select available_after from before), 0),
             'closing_posted', coalesce((select posted_after from closing), 0),
             'closing_available', coalesce((select available_after from closing), 0),
             'totals', coalesce((select json_object_agg(type, json_build_object('amount', amount, 'lines', lines)
                                                        order by type) from totals), '{{}}'))::text"
    );
    let text: String = sqlx::query_scalar(&sql).bind(tenant_id).bind(from).bind(to).fetch_one(pool).await?;
    Ok(serde_json::from_str(&text)?)
}

fn bounded(limit: u32) -> i64 {
    i64::from(limit.clamp(1, LIMIT_AT_MOST))
}

fn page<T>(mut rows: Vec<T>, limit: i64) -> Page<T> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    Page { rows, has_more }
}

fn one<T: DeserializeOwned>(text: Option<String>) -> Result<Option<T>, ReadError> {
    Ok(text.map(|text| serde_json::from_str(&text)).transpose()?)
}

pub(crate) fn many<T: DeserializeOwned>(texts: Vec<String>) -> Result<Vec<T>, ReadError> {
    texts.iter().map(|text| Ok(serde_json::from_str(text)?)).collect()
}
