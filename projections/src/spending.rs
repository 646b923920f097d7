//! What was spent, summed by the database: by day with the models that cost most, and by API key. However many keys and
//! models there are, an answer stays small, and no row is ever cut off.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use sqlx::{FromRow, PgPool};

use crate::{generation::ReadModels, table::ReadError};

/// The days of a tenant whose spending is asked for.
#[derive(Clone, Debug)]
pub struct SpendingQuery {
    /// The tenant.
    pub tenant_id: String,
    /// The first day.
    pub from: NaiveDate,
    /// The last day.
    pub to: NaiveDate,
}

/// What was spent on one day, on one model or on all the others together. Amounts are micro-credits.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct DaySpent {
    /// The day, UTC, of the log.
    pub day: NaiveDate,
    /// The model; without one, all that have no share of their own.
    pub model: Option<String>,
    /// What was charged.
    pub charged: i64,
    /// What was given back.
    pub refunded: i64,
}

/// What an API key spent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeySpent {
    /// What was charged, less what was given back, in micro-credits.
    pub spent: i64,
    /// The last day on which it was used.
    pub last_day: Option<NaiveDate>,
}

impl ReadModels {
    /// What was spent by day, the oldest first, and by the models that cost most from `ranked_from` on: so many have a
    /// share of their own.
    ///
    /// # Errors
    /// When the database is out of reach.
    pub async fn spent_by_day(
        &self,
        query: &SpendingQuery,
        ranked_from: NaiveDate,
        shares: usize,
    ) -> Result<Vec<DaySpent>, ReadError> {
        self.ask(move |pool, schema| {
            Box::pin(async move { Ok(select_days(pool, &schema, query, ranked_from, shares).await?) })
        })
        .await
    }

    /// What some API keys of a tenant spent, by their ids; a key that spent nothing is left out.
    ///
    /// # Errors
    /// When the database is out of reach.
    pub async fn spent_by_key(
        &self,
        query: &SpendingQuery,
        api_key_ids: &[String],
    ) -> Result<BTreeMap<String, KeySpent>, ReadError> {
        let rows = self
            .ask(move |pool, schema| Box::pin(async move { Ok(select_keys(pool, &schema, query, api_key_ids).await?) }))
            .await?;
        let keyed = rows.into_iter().map(|(id, spent, last_day)| (id, KeySpent { spent, last_day: Some(last_day) }));
        Ok(keyed.collect())
    }
}

async fn select_days(
    pool: &PgPool,
    schema: &str,
    query: &SpendingQuery,
    ranked_from: NaiveDate,
    shares: usize,
) -> Result<Vec<DaySpent>, sqlx::Error> {
    let sql = format!(
        "with used as (select day, model, sum(charged) charged, sum(refunded) refunded from {schema}.usage_daily
                        where tenant_id = $1 and day between $2 and $3 group by day, model),
              most as (select model from used where day >= $4 group by model order by sum(charged) desc, model limit $5)
         select day, case when model in (select model from most) then model end model,
                sum(charged)::bigint charged, sum(refunded)::bigint refunded
           from used group by 1, 2 order by 1, 2"
    );
    let asked = sqlx::query_as(&sql).bind(&query.tenant_id).bind(query.from).bind(query.to);
    asked.bind(ranked_from).bind(i64::try_from(shares).unwrap_or(i64::MAX)).fetch_all(pool).await
}

async fn select_keys(
    pool: &PgPool,
    schema: &str,
    query: &SpendingQuery,
    api_key_ids: &[String],
) -> Result<Vec<(String, i64, NaiveDate)>, sqlx::Error> {
    let sql = format!(
        "select api_key_id, sum(charged - refunded)::bigint, max(day) from {schema}.usage_daily
          where tenant_id = $1 and day between $2 and $3 and api_key_id = any($4)
          group by api_key_id"
    );
    let asked = sqlx::query_as(&sql).bind(&query.tenant_id).bind(query.from).bind(query.to);
    asked.bind(api_key_ids).fetch_all(pool).await
}
