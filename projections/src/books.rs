//! What the console asks of the books: balances of some tenants, what they spent, and whether the books hold together.
//!
//! Every question is one statement of bounded work: by the tenants, by the jobs that are open, or by the newest entries.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use sqlx::PgPool;

use crate::{generation::ReadModels, rows::BalanceRow, table::ReadError};

/// How many of the newest entries are checked one after the other.
pub const ENTRIES_CHECKED: i64 = 10_000;

/// Whether the books hold together, as of one position. Amounts are micro-credits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invariants {
    /// The position of the log that the tables stood at.
    pub position: i64,
    /// Where the log ended.
    pub head: i64,
    /// How many accounts there are.
    pub accounts: i64,
    /// All credits of all accounts.
    pub posted: i64,
    /// What came in, less what was spent: recharges, refunds and corrections, less charges.
    pub moved: i64,
    /// What is set aside in all accounts.
    pub held: i64,
    /// What was set aside for the jobs that are open.
    pub held_by_jobs: i64,
    /// How many jobs are open.
    pub open_jobs: i64,
    /// How many accounts differ from their last entry.
    pub accounts_off: i64,
    /// How many of the newest entries were checked.
    pub entries: i64,
    /// How many of them don't follow from the one before.
    pub entries_off: i64,
    /// Whether the newest batch of the log ends where the log does, with the same chain hash.
    pub chained: bool,
}

impl ReadModels {
    /// The balances of some tenants, by tenant.
    ///
    /// # Errors
    /// When the database is out of reach.
    pub async fn balances_of(&self, tenant_ids: &[String]) -> Result<BTreeMap<String, BalanceRow>, ReadError> {
        let texts =
            self.ask(move |pool, schema| Box::pin(async move { select_balances(pool, &schema, tenant_ids).await }));
        let rows = texts.await?.into_iter().map(|text| serde_json::from_str::<BalanceRow>(&text));
        rows.map(|row| Ok(row.map(|row| (row.tenant_id.clone(), row))?)).collect()
    }

    /// What some tenants were charged, less what they were given back, on these days.
    ///
    /// # Errors
    /// When the database is out of reach.
    pub async fn spent_by(
        &self,
        tenant_ids: &[String],
        from: NaiveDate,
        to: NaiveDate,
    ) -> Result<BTreeMap<String, i64>, ReadError> {
        let rows = self.ask(move |pool, schema| {
            Box::pin(async move { select_spent(pool, &schema, tenant_ids, (from, to)).await })
        });
        Ok(rows.await?.into_iter().collect())
    }

    /// Whether the books hold together.
    ///
    /// # Errors
    /// When the database is out of reach.
    pub async fn invariants(&self) -> Result<Invariants, ReadError> {
        let text = self.ask(move |pool, schema| Box::pin(async move { select_invariants(pool, &schema).await }));
        Ok(serde_json::from_str(&text.await?)?)
    }
}

async fn select_balances(pool: &PgPool, schema: &str, tenant_ids: &[String]) -> Result<Vec<String>, ReadError> {
    let sql = format!("select row_to_json(t)::text from {schema}.balances t where tenant_id = any($1)");
    Ok(sqlx::query_scalar(&sql).bind(tenant_ids).fetch_all(pool).await?)
}

async fn select_spent(
    pool: &PgPool,
    schema: &str,
    tenant_ids: &[String],
    (from, to): (NaiveDate, NaiveDate),
) -> Result<Vec<(String, i64)>, ReadError> {
    let sql = format!(
        "select tenant_id, sum(charged - refunded)::bigint from {schema}.usage_daily
          where tenant_id = any($1) and day between $2 and $3 group by tenant_id"
    );
    Ok(sqlx::query_as(&sql).bind(tenant_ids).bind(from).bind(to).fetch_all(pool).await?)
}

/// One statement, so that everything is seen at the same moment.
async fn select_invariants(pool: &PgPool, schema: &str) -> Result<String, ReadError> {
    let sql = format!(
        "with accounts as (
                select count(*) n, coalesce(sum(posted), 0)::bigint posted, coalesce(sum(held), 0)::bigint held,
                       coalesce(sum(recharged + refunded + adjusted - charged), 0)::bigint moved,
                       count(*) filter (where (b.posted, b.held) is distinct from
                                              (coalesce(l.posted_after, 0), coalesce(l.held_after, 0))) off
                  from {schema}.balances b
                  left join lateral (select posted_after, held_after from {schema}.ledger_entries e
                                      where e.tenant_id = b.tenant_id order by entry_id desc limit 1) l on true),
              jobs as (select count(*) n, coalesce(sum(held), 0)::bigint held from {schema}.jobs
                        where status in ('queued', 'running')),
              newest as (select * from {schema}.ledger_entries order by entry_id desc limit $1),
              followed as (select posted_after - posted_change posted, held_after - held_change held,
                                  lag(posted_after) over w posted_before, lag(held_after) over w held_before
                             from newest window w as (partition by tenant_id order by entry_id)),
              entries as (select count(*) n, count(*) filter (where posted_before is not null
                                 and (posted, held) is distinct from (posted_before, held_before)) off from followed),
              batch as (select last_position, hash from ledger_batches where not fenced order by last_position desc limit 1)
         select json_build_object(
                'position', (select position from {schema}.checkpoint where name = 'log'), 'head', h.position,
                'accounts', a.n, 'posted', a.posted, 'moved', a.moved, 'held', a.held, 'accounts_off', a.off,
                'held_by_jobs', j.held, 'open_jobs', j.n, 'entries', e.n, 'entries_off', e.off,
                'chained', h.position = 0 or exists (select 1 from batch b where (b.last_position, b.hash) = (h.position, h.hash)))::text
           from ledger_head h, accounts a, jobs j, entries e where h.id = 1"
    );
    Ok(sqlx::query_scalar(&sql).bind(ENTRIES_CHECKED).fetch_one(pool).await?)
}
