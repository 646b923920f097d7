//! Lost answers, lost requests, late requests and killed connections: everything happens exactly once.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use domain::id::{JobId, TenantId};
use store::Store;
use tokio::sync::oneshot;

use crate::{
    ledger::{self, assert_whole, count, count_for_job, credits},
    proxy::{Fault, Proxy},
    support,
};

async fn fenced(pool: &sqlx::PgPool) -> i64 {
    sqlx::query_scalar("select count(*) from ledger_batches where fenced").fetch_one(pool).await.expect("it counts")
}

/// A store behind a wire that can fail, and a warm account.
async fn behind_proxy(database: &support::TestDatabase) -> (Proxy, Store, TenantId) {
    let proxy = Proxy::before(&database.url).await;
    let store = Store::new(store::connect(&proxy.url, 4).await.expect("it connects"));
    let tenant = ledger::account(&store, 100).await;
    // Twice, so that the next append is one message only.
    for _ in 0..2 {
        store.execute(ledger::hold(&tenant, &ledger::new_job(), 1)).await.expect("held");
    }
    (proxy, store, tenant)
}

#[tokio::test]
async fn an_append_whose_answer_was_lost_happened_once() {
    let database = support::database().await;
    let (proxy, store, tenant) = behind_proxy(&database).await;
    proxy.arm(Fault::LoseAnswer);
    let held = store.execute(ledger::hold(&tenant, &ledger::new_job(), 1)).await.expect("held");
    assert_eq!(held.events.len(), 1);
    assert_eq!(count(&database.pool, &tenant, "CreditsHeld").await, 3);
    assert_eq!(fenced(&database.pool).await, 0, "it was found committed");
    let again = store.execute(ledger::hold(&tenant, &ledger::new_job(), 1)).await.expect("it goes on");
    assert_eq!(again.position, held.position + 1);
    assert_whole(&database.pool).await;
}

#[tokio::test]
async fn an_append_whose_request_was_lost_is_fenced_and_happens_once() {
    let database = support::database().await;
    let (proxy, store, tenant) = behind_proxy(&database).await;
    proxy.arm(Fault::LoseRequest);
    let job = ledger::new_job();
    store.execute(ledger::hold(&tenant, &job, 1)).await.expect("held");
    assert_eq!(count_for_job(&database.pool, &job, "CreditsHeld").await, 1);
    assert_eq!(fenced(&database.pool).await, 1);
    assert_whole(&database.pool).await;
}

#[tokio::test]
async fn a_request_that_arrives_after_its_fence_writes_nothing() {
    let database = support::database().await;
    let (proxy, store, tenant) = behind_proxy(&database).await;
    let ((deliver, delivered), (answer, answered)) = (oneshot::channel(), oneshot::channel());
    proxy.arm(Fault::Late { deliver: delivered, answer });
    let job = ledger::new_job();
    store.execute(ledger::hold(&tenant, &job, 1)).await.expect("held under another batch id");
    deliver.send(()).expect("the proxy waits");
    let answer = answered.await.expect("PostgreSQL answers");
    let refused = String::from_utf8_lossy(&answer).into_owned();
    assert!(refused.contains("events_pkey") || refused.contains("ledger_batches_pkey"), "{refused}");
    assert_eq!(count_for_job(&database.pool, &job, "CreditsHeld").await, 1);
    assert_whole(&database.pool).await;
}

struct Load {
    store: Store,
    tenant: TenantId,
    acknowledged: AtomicU64,
}

impl Load {
    /// Holds and settles; asks again, under the same job, when it is not told what became of it.
    async fn pair(&self) -> JobId {
        let job = ledger::new_job();
        while let Err(error) = self.store.execute(ledger::hold(&self.tenant, &job, 2)).await {
            assert!(matches!(error, store::ExecuteError::Unavailable(_)), "{error}");
        }
        self.acknowledged.fetch_add(1, Ordering::Relaxed);
        loop {
            match self.store.execute(ledger::settle(&self.tenant, &job, 1)).await {
                Ok(_) => return job,
                Err(store::ExecuteError::Unavailable(_)) => {}
                // An earlier try was done, and its answer lost: the hold is gone.
                Err(store::ExecuteError::Refused(_)) => return job,
                Err(error) => panic!("{error}"),
            }
        }
    }
}

/// How often the committer loses its connection at least.
const KILLS_AT_LEAST: u64 = 5;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_connections_lose_nothing_and_double_nothing() {
    let database = support::database().await;
    let store = Store::new(database.pool.clone());
    let tenant = ledger::account(&store, 1_000_000).await;
    let load = Arc::new(Load { store, tenant, acknowledged: AtomicU64::new(0) });
    let over = Arc::new(AtomicBool::new(false));
    let kills = Arc::new(AtomicU64::new(0));
    let (killer_over, killed, pool) = (over.clone(), kills.clone(), database.pool.clone());
    let killer = tokio::spawn(async move {
        let mut beat = tokio::time::interval(std::time::Duration::from_millis(50));
        while !killer_over.load(Ordering::Relaxed) {
            beat.tick().await;
            killed.fetch_add(ledger::kill_committers(&pool).await.unsigned_abs(), Ordering::Relaxed);
        }
    });
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..32 {
        let (load, kills) = (load.clone(), kills.clone());
        tasks.spawn(async move {
            let mut jobs = Vec::new();
            // However fast the machine is, the load lasts until it was hurt.
            while jobs.len() < 20 || kills.load(Ordering::Relaxed) < KILLS_AT_LEAST {
                jobs.push(load.pair().await);
            }
            jobs
        });
    }
    let jobs = tasks.join_all().await.concat();
    over.store(true, Ordering::Relaxed);
    killer.await.expect("the killer ends");
    assert_eq!(load.acknowledged.load(Ordering::Relaxed), jobs.len() as u64);
    for event_type in ["CreditsHeld", "HoldSettled"] {
        let sql = "select payload -> $1 ->> 'job_id' from events where event_type = $1 order by 1";
        let logged: Vec<String> =
            sqlx::query_scalar(sql).bind(event_type).fetch_all(&database.pool).await.expect("a list");
        let mut expected: Vec<String> = jobs.iter().map(ToString::to_string).collect();
        expected.sort_unstable();
        assert_eq!(logged, expected, "each {event_type} once");
    }
    let left = 1_000_000 - i64::try_from(jobs.len()).expect("a count fits");
    assert_eq!(ledger::balance(&load.store, &load.tenant).await, (credits(left), credits(0)));
    assert_whole(&database.pool).await;
}
