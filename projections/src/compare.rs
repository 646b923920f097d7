//! Two generations side by side: every table, row for row, byte for byte, in pages, until the first difference.

use sqlx::{PgConnection, Row};

use crate::table::{ReadError, TABLES};

/// The rows of one page.
const ROWS_A_PAGE: i64 = 2_000;

/// The first place where two generations differ.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{table} differs: the live row is {live:?}, the rebuilt one {rebuilt:?}")]
pub struct Difference {
    /// The table.
    pub table: String,
    /// The live row as JSON, or nothing when it lacks.
    pub live: Option<String>,
    /// The rebuilt row as JSON, or nothing when it lacks.
    pub rebuilt: Option<String>,
}

/// Compares all tables. Gives the number of rows that are equal, or the first difference.
pub(crate) async fn compare_schemas(
    connection: &mut PgConnection,
    live: &str,
    rebuilt: &str,
) -> Result<Result<u64, Difference>, ReadError> {
    let mut equal = 0;
    for (table, key) in TABLES {
        let mut last = None;
        loop {
            let ours = page(connection, live, (table, key), last.as_deref()).await?;
            let theirs = page(connection, rebuilt, (table, key), last.as_deref()).await?;
            for place in 0..ours.len().max(theirs.len()) {
                let (live, rebuilt) = (ours.get(place).cloned(), theirs.get(place).cloned());
                if live != rebuilt {
                    return Ok(Err(Difference { table: (*table).to_owned(), live, rebuilt }));
                }
                equal += 1;
            }
            match ours.into_iter().next_back() {
                Some(row) => last = Some(row),
                None => break,
            }
        }
    }
    Ok(Ok(equal))
}

async fn page(
    connection: &mut PgConnection,
    schema: &str,
    (table, key): (&str, &str),
    after: Option<&str>,
) -> Result<Vec<String>, sqlx::Error> {
    let later = format!("where ({key}) > (select {key} from json_populate_record(null::{schema}.{table}, $2::json))");
    let condition = if after.is_some() { later } else { "where $2::text is null".to_owned() };
    let sql = format!("select row_to_json(t)::text from {schema}.{table} t {condition} order by {key} limit $1");
    let rows = sqlx::query(&sql).persistent(false).bind(ROWS_A_PAGE).bind(after).fetch_all(connection).await?;
    rows.iter().map(|row| row.try_get(0)).collect()
}
