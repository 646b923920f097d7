//! The one statement that appends a batch, and its parameters.
//!
//! It moves the head, unless a guard fails; every other row is written *from the moved head*, so no row comes
//! without it. It never reads a latest or a missing event after a wait: only the head row is read again.
//!
//! All arrays of the events are as long as their number: were one shorter, its nulls would be refused by the table.

use sqlx::{PgConnection, Row, postgres::PgRow};

use super::batch::Batch;
use crate::work::TimerChange;

const HEAD: &str = "
with h as (
    update ledger_head set position = position + $1, hash = sha256(hash || $2 || int8send($1)),
           recorded_at = greatest(recorded_at, clock_timestamp())
     where id = 1 and not exists (
           select 1 from unnest($3::text[], $4::text[], $5::int8[], $6::bytea[]) g(a, i, s, l)
            where (select p.leaf_hash from events p
                    where p.aggregate_type = g.a and p.aggregate_id = g.i and p.sequence = g.s)
                  is distinct from g.l)
 returning position, hash, recorded_at),
b as (insert into ledger_batches (batch_id, last_position, n, root, hash, fenced)
      select $7, h.position, $1, $2, h.hash, false from h),
e as (insert into events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
                          leaf_hash, position, recorded_at)
      select u.a, u.i, u.s, u.t, u.v, u.p, u.m, u.l, h.position - $1 + u.ord, h.recorded_at
        from h, (select unnest($8::text[]) a, unnest($9::text[]) i, unnest($10::int8[]) s, unnest($11::text[]) t,
                        unnest($12::text[]) v, unnest($13::json[]) p, unnest($14::json[]) m, unnest($15::bytea[]) l,
                        generate_series(1, $1) ord) u)";

const SIDE_ROWS: &str = ",
o as (insert into outbox (topic, ref, payload)
      select u.t, u.r, u.p::json from h, unnest($16::text[], $17::text[], $18::text[]) u(t, r, p)),
i as (insert into job_inputs (job_id, route, params, metadata, webhook_url, created_at)
      select u.j, u.r, u.p::json, u.m::json, u.w, h.recorded_at
        from h, unnest($19::text[], $20::text[], $21::text[], $22::text[], $23::text[]) u(j, r, p, m, w)),
t as (insert into timers (ref, kind, due, attempt)
      select u.r, u.k, u.d, u.a
        from h, unnest($24::text[], $25::text[], $26::timestamptz[], $27::text[]) u(r, k, d, a)
          on conflict (ref) do update set kind = excluded.kind, due = excluded.due, attempt = excluded.attempt,
             tries = 0, lease_owner = null, lease_until = null),
d as (delete from timers using h where ref = any($28::text[]))";

const RESULT: &str = "
select h.position, h.hash, h.recorded_at, pg_notify('zephyr_log', h.position::text) from h";

/// Where the log ends after an append.
#[derive(Clone, Debug)]
pub(super) struct Appended {
    pub(super) position: i64,
    pub(super) hash: Vec<u8>,
    pub(super) recorded_at: chrono::DateTime<chrono::Utc>,
}

/// Appends a batch. `None` means that a guard failed and nothing was written.
pub(super) async fn append(connection: &mut PgConnection, batch: &Batch) -> Result<Option<Appended>, sqlx::Error> {
    let count = i64::try_from(batch.events.len()).expect("a batch is bounded");
    let plain = batch.timers.is_empty() && batch.appending().all(is_plain);
    let sql = if plain { format!("{HEAD}{RESULT}") } else { format!("{HEAD}{SIDE_ROWS}{RESULT}") };
    let guards: Vec<_> = batch.guards.values().map(|guard| &guard.point).collect();
    let columns = &batch.columns;
    let query = sqlx::query(&sql)
        .bind(count)
        .bind(columns.tree.root().to_vec())
        .bind(guards.iter().map(|guard| guard.key.aggregate_type).collect::<Vec<_>>())
        .bind(guards.iter().map(|guard| &*guard.key.aggregate_id).collect::<Vec<_>>())
        .bind(guards.iter().map(|guard| guard.sequence).collect::<Vec<_>>())
        .bind(guards.iter().map(|guard| guard.leaf.map(|leaf| leaf.to_vec())).collect::<Vec<_>>())
        .bind(batch.id)
        .bind(&columns.aggregate_types)
        .bind(&columns.aggregate_ids)
        .bind(&columns.sequences)
        .bind(&columns.event_types)
        .bind(&columns.event_versions)
        .bind(&columns.payloads)
        .bind(&columns.metadata)
        .bind(&columns.leaves);
    let query = if plain { query } else { bind_side_rows(query, batch) };
    query.fetch_optional(connection).await?.map(|row| read_end(&row)).transpose()
}

fn is_plain(work: &crate::work::Work) -> bool {
    work.side.outbox.is_empty() && work.side.inputs.is_none()
}

type Query<'q> = sqlx::query::Query<'q, sqlx::Postgres, sqlx::postgres::PgArguments>;

fn bind_side_rows<'q>(query: Query<'q>, batch: &'q Batch) -> Query<'q> {
    let outbox: Vec<_> = batch.outbox().collect();
    let inputs: Vec<_> = batch.appending().filter_map(|work| work.side.inputs.as_ref()).collect();
    let (mut set, mut cleared) = (Vec::new(), Vec::new());
    for timer in batch.timers.values() {
        match timer {
            TimerChange::Set { reference, kind, due, attempt } => set.push((reference, kind, *due, attempt)),
            TimerChange::Clear { reference } => cleared.push(reference.as_str()),
        }
    }
    query
        .bind(outbox.iter().map(|row| row.topic.as_str()).collect::<Vec<_>>())
        .bind(outbox.iter().map(|row| row.reference.as_str()).collect::<Vec<_>>())
        .bind(outbox.iter().map(|row| row.payload.as_str()).collect::<Vec<_>>())
        .bind(inputs.iter().map(|row| row.job_id.as_str()).collect::<Vec<_>>())
        .bind(inputs.iter().map(|row| row.route.as_str()).collect::<Vec<_>>())
        .bind(inputs.iter().map(|row| row.params.as_str()).collect::<Vec<_>>())
        .bind(inputs.iter().map(|row| row.metadata.as_deref()).collect::<Vec<_>>())
        .bind(inputs.iter().map(|row| row.webhook_url.as_deref()).collect::<Vec<_>>())
        .bind(set.iter().map(|row| row.0.as_str()).collect::<Vec<_>>())
        .bind(set.iter().map(|row| row.1.as_str()).collect::<Vec<_>>())
        .bind(set.iter().map(|row| row.2).collect::<Vec<_>>())
        .bind(set.iter().map(|row| row.3.as_str()).collect::<Vec<_>>())
        .bind(cleared)
}

fn read_end(row: &PgRow) -> Result<Appended, sqlx::Error> {
    Ok(Appended {
        position: row.try_get("position")?,
        hash: row.try_get("hash")?,
        recorded_at: row.try_get("recorded_at")?,
    })
}
