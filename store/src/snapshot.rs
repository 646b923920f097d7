//! Snapshots: the folded state of a stream at a known event, written behind the append. A cache, never the truth.

use sqlx::PgPool;

use crate::version::{StreamKey, Version};

/// The version of the code that folds states. Whoever changes what a fold means counts it up.
pub const CODE_VERSION: i32 = 3;

/// Writes a snapshot without anybody waiting for it. When it fails, loading takes longer and nothing else.
pub(crate) fn write_behind(pool: PgPool, key: StreamKey, version: Version) {
    tokio::spawn(async move {
        if let Err(error) = upsert(&pool, &key, &version).await {
            tracing::warn!(%error, ?key, "a snapshot was not written");
        }
    });
}

async fn upsert(pool: &PgPool, key: &StreamKey, version: &Version) -> Result<(), sqlx::Error> {
    // No flush of its own: one that a crash takes is only a cache entry less.
    let sql = "with unflushed as (select set_config('synchronous_commit', 'off', true))
               insert into snapshots (aggregate_type, aggregate_id, sequence, leaf_hash, code_version, state)
               select $1, $2, $3, $4, $5, $6::json from unflushed
               on conflict (aggregate_type, aggregate_id) do update
                  set sequence = excluded.sequence, leaf_hash = excluded.leaf_hash,
                      code_version = excluded.code_version, state = excluded.state
                where snapshots.sequence < excluded.sequence or snapshots.code_version <> excluded.code_version";
    let leaf = version.leaf.map(|leaf| leaf.to_vec());
    sqlx::query(sql)
        .bind(key.aggregate_type)
        .bind(&*key.aggregate_id)
        .bind(version.sequence)
        .bind(leaf)
        .bind(CODE_VERSION)
        .bind(version.state.encode())
        .execute(pool)
        .await?;
    Ok(())
}
