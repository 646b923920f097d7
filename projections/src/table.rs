//! Rows to tables and back, by name: a row travels as JSON whose fields are the columns.

use domain::stream::DecodeError;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use sqlx::{PgConnection, PgExecutor};
use store::load::LoadError;

use crate::rows::{AdjustmentRow, AttemptRow, BalanceRow, JobEventRow, JobRow, LedgerRow, UsageRow};

/// Why the read models can't be read or moved on.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The database is out of reach, or refuses.
    #[error("the read models can't be read: {0}")]
    Database(#[from] sqlx::Error),
    /// The log can't be read or understood.
    #[error(transparent)]
    Log(#[from] LoadError),
    /// A row or an event's metadata is not what this code writes.
    #[error("a row can't be understood: {0}")]
    Json(#[from] serde_json::Error),
    /// The read models were never prepared.
    #[error("there are no read models yet")]
    Missing,
}

impl From<DecodeError> for ReadError {
    fn from(error: DecodeError) -> Self {
        Self::Log(error.into())
    }
}

/// A struct that is a row of a table.
pub(crate) trait Table: Serialize + DeserializeOwned {
    /// The table's name.
    const NAME: &'static str;
    /// Its primary key.
    const KEY: &'static str;
}

macro_rules! tables {
    ($($row:ty: $name:literal ($key:literal);)*) => {
        $(impl Table for $row {
            const NAME: &'static str = $name;
            const KEY: &'static str = $key;
        })*

        /// Every table that is folded from the log, and its primary key.
        pub(crate) const TABLES: &[(&str, &str)] = &[$(($name, $key)),*];
    };
}

tables! {
    BalanceRow: "balances" ("tenant_id");
    LedgerRow: "ledger_entries" ("entry_id");
    AdjustmentRow: "adjustments" ("tenant_id, adjustment_id");
    JobRow: "jobs" ("job_id");
    JobEventRow: "job_events" ("job_id, sequence");
    UsageRow: "usage_daily" ("day, tenant_id, model, api_key_id");
    AttemptRow: "attempts" ("attempt_id");
}

/// Writes rows, over those that have their keys.
pub(crate) async fn upsert<T: Table + 'static>(
    connection: &mut PgConnection,
    schema: &str,
    rows: impl IntoIterator<Item = &T>,
) -> Result<(), ReadError> {
    let rows = rows.into_iter().map(serde_json::to_value).collect::<Result<Vec<_>, _>>()?;
    let Some(Value::Object(first)) = rows.first() else { return Ok(()) };
    let columns: Vec<_> = first.keys().map(String::as_str).collect();
    let (listed, table) = (columns.join(", "), T::NAME);
    let set = columns.iter().map(|column| format!("{column} = excluded.{column}")).collect::<Vec<_>>().join(", ");
    let sql = format!(
        "insert into {schema}.{table} ({listed})
         select {listed} from json_populate_recordset(null::{schema}.{table}, $1::json)
         on conflict ({}) do update set {set}",
        T::KEY
    );
    sqlx::query(&sql).bind(storable(Value::Array(rows))?).execute(connection).await?;
    Ok(())
}

/// The rows that `condition` (over the table as `t`, with `$1` a JSON array of `keys`) picks.
pub(crate) async fn select_by_keys<T: Table>(
    executor: impl PgExecutor<'_>,
    schema: &str,
    keys: &[Value],
) -> Result<Vec<T>, ReadError> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let (table, key) = (T::NAME, T::KEY);
    let sql = format!(
        "select row_to_json(t)::text from {schema}.{table} t
           join (select distinct {key} from json_populate_recordset(null::{schema}.{table}, $1::json)) k using ({key})"
    );
    let keys = storable(Value::Array(keys.to_vec()))?;
    let texts: Vec<String> = sqlx::query_scalar(&sql).bind(keys).fetch_all(executor).await?;
    texts.iter().map(|text| Ok(serde_json::from_str(text)?)).collect()
}

/// JSON text that the database can hold: it has no NUL in texts, though the log's JSON may.
fn storable(mut json: Value) -> Result<String, serde_json::Error> {
    let text = serde_json::to_string(&json)?;
    if !text.contains("\\u0000") {
        return Ok(text);
    }
    without_nul(&mut json);
    serde_json::to_string(&json)
}

fn without_nul(json: &mut Value) {
    match json {
        Value::String(text) => *text = text.replace('\0', "\u{fffd}"),
        Value::Array(items) => items.iter_mut().for_each(without_nul),
        Value::Object(fields) => {
            let replaced = std::mem::take(fields).into_iter().map(|(name, mut value)| {
                without_nul(&mut value);
                (name.replace('\0', "\u{fffd}"), value)
            });
            *fields = replaced.collect();
        }
        _ => {}
    }
}
