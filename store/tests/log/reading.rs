//! Reading the log: in order, without a hole, and never less than there is.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use store::{Store, follow::Follower, log};

use crate::{
    ledger::{self, tamper},
    support,
};

#[tokio::test]
async fn a_hole_is_an_error_not_a_shorter_log() {
    let database = support::database().await;
    let store = Store::new(database.pool.clone());
    ledger::account(&store, 1).await;
    assert_eq!(log::read_after(&database.pool, 0, 10).await.expect("whole").len(), 3);
    tamper(&database.pool, "delete from events where position = 2").await;
    let error = log::read_after(&database.pool, 0, 10).await.expect_err("a hole");
    assert!(error.to_string().contains("no position 2"), "{error}");
}

#[tokio::test]
async fn a_follower_misses_nothing_while_its_connections_are_killed() {
    let database = support::database().await;
    let follower_pool = store::connect(&database.url, 4).await.expect("it connects");
    let seen = Arc::new(Mutex::new(Vec::new()));
    let into = seen.clone();
    let follower = Follower::start(follower_pool, 0, move |events| {
        into.lock().expect("no panic").extend(events.iter().map(|event| event.position));
    });
    let store = Store::new(database.pool.clone());
    let tenant = ledger::account(&store, 1_000).await;
    let mut last = 0;
    for _ in 0..30 {
        let sql = "select count(pg_terminate_backend(pid)) from pg_stat_activity
                    where datname = current_database() and query ilike 'listen%'";
        let _: i64 = sqlx::query_scalar(sql).fetch_one(&database.pool).await.expect("it kills");
        last = store.execute(ledger::hold(&tenant, &ledger::new_job(), 1)).await.expect("held").position;
    }
    assert!(follower.reached(last, Duration::from_secs(20)).await);
    assert_eq!(*seen.lock().expect("no panic"), (1..=last).collect::<Vec<_>>());
}
