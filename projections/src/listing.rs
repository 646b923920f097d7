//! The two lists with many filters: jobs, and lines of the ledger. Only the conditions that are asked for stand in a statement:
//! pooled connections plan each statement once, for any value, and a condition that may be absent would rule out every index.

use std::fmt::Display;

use sqlx::{Encode, PgPool, Postgres, QueryBuilder, Type};

use crate::{
    queries::{JobQuery, LedgerQuery, many},
    rows::{JobRow, LedgerRow},
    table::ReadError,
};

pub(crate) async fn select_jobs(
    pool: &PgPool,
    schema: &str,
    query: &JobQuery,
    limit: i64,
) -> Result<Vec<JobRow>, ReadError> {
    let (side, order) = if query.oldest_first { (">", "asc") } else { ("<", "desc") };
    let mut sql = List::of(schema, "jobs");
    sql.only("tenant_id =", query.tenant_id.as_ref());
    sql.only("model =", query.model.as_ref());
    sql.only("capability =", query.capability.as_ref());
    sql.only("api_key_id =", query.api_key_id.as_ref());
    sql.only("user_id =", query.user_id.as_ref());
    sql.only("created_at >=", query.from);
    sql.only("created_at <", query.to);
    sql.only("attempts >=", query.min_attempts.map(i64::from));
    sql.only(format_args!("job_id {side}"), query.after.as_ref());
    // A name of ours stands in the statement, so that an index of some names can be used.
    if let Some(status) = query.status {
        sql.0.push(format_args!(" and status = '{}'", status.name()));
    }
    if query.open {
        sql.0.push(" and status in ('queued', 'running')");
    }
    if !query.capabilities.is_empty() {
        sql.0.push(" and capability = any(").push_bind(&query.capabilities).push(")");
    }
    if let Some(text) = &query.text {
        sql.0.push(" and (strpos(lower(model), lower(").push_bind(text).push(")) > 0 or starts_with(job_id, ");
        sql.0.push_bind(text).push("))");
    }
    many(sql.rows(pool, ("job_id", order), limit).await?)
}

pub(crate) async fn select_ledger(
    pool: &PgPool,
    schema: &str,
    query: &LedgerQuery,
    limit: i64,
) -> Result<Vec<LedgerRow>, ReadError> {
    let (side, order) = if query.newest_first { ("<", "desc") } else { (">", "asc") };
    let mut sql = List::of(schema, "ledger_entries");
    sql.only("tenant_id =", query.tenant_id.as_ref());
    sql.only("job_id =", query.job_id.as_ref());
    sql.only("recorded_at >=", query.from);
    sql.only("recorded_at <", query.to);
    sql.only(format_args!("entry_id {side}"), query.after);
    if let Some(kind) = query.entry_type {
        sql.0.push(format_args!(" and type = '{}'", kind.name()));
    }
    many(sql.rows(pool, ("entry_id", order), limit).await?)
}

/// A statement that lists rows of a table as JSON.
struct List<'q>(QueryBuilder<'q, Postgres>);

impl<'q> List<'q> {
    fn of(schema: &str, table: &str) -> Self {
        Self(QueryBuilder::new(format!("select row_to_json(t)::text from {schema}.{table} t where true")))
    }

    /// Only rows that compare so with a value, if one is asked for.
    fn only(&mut self, comparison: impl Display, value: Option<impl Encode<'q, Postgres> + Type<Postgres> + 'q>) {
        if let Some(value) = value {
            self.0.push(format_args!(" and {comparison} ")).push_bind(value);
        }
    }

    async fn rows(mut self, pool: &PgPool, (by, order): (&str, &str), limit: i64) -> Result<Vec<String>, sqlx::Error> {
        self.0.push(format_args!(" order by {by} {order} limit ")).push_bind(limit);
        self.0.build_query_scalar().fetch_all(pool).await
    }
}
