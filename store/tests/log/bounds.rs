//! What is bounded: the queue, the batch, and the way back to a state.

use std::time::Duration;

use domain::unit::Unit;
use store::{
    ExecuteError, Store,
    committer::{BATCH_EVENTS, QUEUE_UNITS},
};

use crate::{
    ledger::{self, assert_whole, count, credits},
    support,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_queue_says_busy_and_batches_stay_bounded() {
    let database = support::database().await;
    let store = Store::new(database.pool.clone());
    let tenant = ledger::account(&store, 100_000).await;
    let mut blocker = database.pool.begin().await.expect("a transaction");
    sqlx::query("select from ledger_head for update").execute(&mut *blocker).await.expect("the head is held");
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..QUEUE_UNITS + 4_000 {
        let (store, tenant) = (store.clone(), tenant.clone());
        tasks.spawn(async move { store.execute(ledger::hold(&tenant, &ledger::new_job(), 1)).await });
    }
    // The first answer can only be a refusal: nothing else gets past the head.
    let first = tasks.join_next().await.expect("an answer").expect("no panic");
    assert!(matches!(first, Err(ExecuteError::Busy)), "{first:?}");
    blocker.rollback().await.expect("the head is free");
    let answers = tasks.join_all().await;
    let done = answers.iter().filter(|answer| answer.is_ok()).count();
    let busy = answers.iter().filter(|answer| matches!(answer, Err(ExecuteError::Busy))).count();
    assert_eq!(done + busy, answers.len());
    assert!(done >= QUEUE_UNITS, "{done}");
    assert_eq!(usize::try_from(count(&database.pool, &tenant, "CreditsHeld").await), Ok(done));
    let largest: i32 =
        sqlx::query_scalar("select max(n) from ledger_batches").fetch_one(&database.pool).await.expect("a size");
    assert!(usize::try_from(largest).is_ok_and(|largest| largest <= BATCH_EVENTS + 8), "{largest}");
    assert_whole(&database.pool).await;
}

/// Waits until the snapshot that is written behind the append is there.
async fn snapshot_sequence(pool: &sqlx::PgPool) -> i64 {
    let mut beat = tokio::time::interval(Duration::from_millis(10));
    for _ in 0..1_000 {
        beat.tick().await;
        let found = sqlx::query_scalar("select sequence from snapshots").fetch_optional(pool).await;
        if let Some(sequence) = found.expect("it reads") {
            return sequence;
        }
    }
    panic!("no snapshot was written");
}

async fn posted_by_a_cold_store(database: &support::TestDatabase, tenant: &domain::id::TenantId) -> domain::Credits {
    ledger::balance(&Store::new(database.pool.clone()), tenant).await.0
}

#[tokio::test]
async fn snapshots_are_written_used_and_passed_over_when_not_ours() {
    let database = support::database().await;
    let store = Store::new(database.pool.clone());
    let tenant = ledger::account(&store, 1_000).await;
    let jobs: Vec<_> = (0..600).map(|_| ledger::new_job()).collect();
    // Small batches, from stores that come and go: the multiple of 1,000 is passed all the same.
    for some in jobs.chunks(50) {
        let store = Store::new(database.pool.clone());
        futures::future::join_all(some.iter().map(|job| store.execute(ledger::hold(&tenant, job, 1)))).await;
        futures::future::join_all(some.iter().map(|job| store.execute(ledger::settle(&tenant, job, 1)))).await;
    }
    let sequence = snapshot_sequence(&database.pool).await;
    assert!((1_000..=1_202).contains(&sequence), "{sequence}");
    assert_eq!(posted_by_a_cold_store(&database, &tenant).await, credits(400));
    let forge = "update snapshots set state = jsonb_set(state::jsonb, '{posted}', to_jsonb(
                        ((state ->> 'posted')::numeric + 5000)::int::text))::json";
    sqlx::query(forge).execute(&database.pool).await.expect("forged");
    assert_eq!(posted_by_a_cold_store(&database, &tenant).await, credits(5_400), "it is used");
    sqlx::query("update snapshots set code_version = code_version + 1").execute(&database.pool).await.expect("aged");
    assert_eq!(posted_by_a_cold_store(&database, &tenant).await, credits(400), "other code wrote it");
    let restore = "update snapshots set code_version = code_version - 1, leaf_hash = sha256('x')";
    sqlx::query(restore).execute(&database.pool).await.expect("forged");
    assert_eq!(posted_by_a_cold_store(&database, &tenant).await, credits(400), "its leaf is not in the log");
}

#[tokio::test]
async fn a_unit_whose_caller_has_gone_is_not_begun() {
    let database = support::database().await;
    let store = Store::new(database.pool.clone());
    let tenant = ledger::account(&store, 10).await;
    let (first, gone) = (ledger::new_job(), ledger::new_job());
    let mut blocker = database.pool.begin().await.expect("a transaction");
    sqlx::query("select from ledger_head for update").execute(&mut *blocker).await.expect("the head is held");
    let in_flight = tokio::spawn({
        let (store, work) = (store.clone(), ledger::hold(&tenant, &first, 1));
        async move { store.execute(work).await }
    });
    tokio::task::yield_now().await;
    // A caller that is polled once and then goes away.
    let leaving = store.execute(ledger::hold(&tenant, &gone, 1));
    assert!(futures::FutureExt::now_or_never(leaving).is_none());
    blocker.rollback().await.expect("the head is free");
    in_flight.await.expect("no panic").expect("held");
    let after = store.execute(ledger::work(Unit::of(&tenant, domain::account::AccountCommand::OpenAccount))).await;
    assert!(after.expect("open").was_done_already());
    assert_eq!(ledger::count_for_job(&database.pool, &gone, "CreditsHeld").await, 0);
}
