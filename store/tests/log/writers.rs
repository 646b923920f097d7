//! Two processes write to one log: no caller sees a conflict, and no answer rests on what was overtaken.

use domain::{
    account::{AccountCommand, AccountError},
    id::AttemptId,
    stream::Refusal,
    unit::Unit,
};
use store::{ExecuteError, Store, committer::BATCH_EVENTS};
use uuid::Uuid;

use crate::{
    ledger::{self, assert_whole, credits},
    support,
};

#[tokio::test]
async fn two_writers_of_one_account_see_no_conflict_and_sums_are_exact() {
    let database = support::database().await;
    let stores = [Store::new(database.pool.clone()), Store::new(database.pool.clone())];
    let tenant = ledger::account(&stores[0], 10_000).await;
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..16 {
        let (store, tenant) = (stores[task % 2].clone(), tenant.clone());
        tasks.spawn(async move {
            for _ in 0..25 {
                let job = ledger::new_job();
                store.execute(ledger::hold(&tenant, &job, 3)).await.expect("held");
                store.execute(ledger::settle(&tenant, &job, 2)).await.expect("settled");
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.expect("no caller saw a conflict");
    }
    for store in &stores {
        assert_eq!(ledger::balance(store, &tenant).await, (credits(10_000 - 16 * 25 * 2), credits(0)));
    }
    assert_whole(&database.pool).await;
}

#[tokio::test]
async fn two_writers_of_many_accounts_read_under_the_lock_what_each_unit_touches() {
    let database = support::database().await;
    let stores = [Store::new(database.pool.clone()), Store::new(database.pool.clone())];
    let mut tenants = Vec::new();
    for _ in 0..5 {
        tenants.push(ledger::account(&stores[0], 1_000).await);
    }
    let lives = (0..32).map(|task: usize| {
        let (store, tenants) = (&stores[task % 2], &tenants);
        async move {
            for round in 0..10 {
                // Each round is on another account: who comes late touches streams that were not asked for.
                let tenant = &tenants[(task + round) % tenants.len()];
                let (job, attempt) = (ledger::new_job(), AttemptId::from_uuid(Uuid::now_v7()));
                store.execute(ledger::submit(tenant, &job, 3, Some(&attempt))).await.expect("held");
                store.execute(ledger::succeed(tenant, &job, &attempt, 2)).await.expect("settled");
            }
        }
    });
    futures::future::join_all(lives).await;
    for tenant in &tenants {
        assert_eq!(ledger::balance(&stores[1], tenant).await, (credits(1_000 - 64 * 2), credits(0)));
    }
    assert_whole(&database.pool).await;
}

#[tokio::test]
async fn two_writers_never_overdraw_together() {
    let database = support::database().await;
    let stores = [Store::new(database.pool.clone()), Store::new(database.pool.clone())];
    let tenant = ledger::account(&stores[0], 50).await;
    let holds = (0..200).map(|n| {
        let (store, tenant) = (stores[n % 2].clone(), tenant.clone());
        async move { store.execute(ledger::hold(&tenant, &ledger::new_job(), 1)).await }
    });
    let answers = futures::future::join_all(holds).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 50);
    for error in answers.into_iter().filter_map(Result::err) {
        let ExecuteError::Refused(refusal) = error else { panic!("not a refusal: {error}") };
        assert!(matches!(*refusal, Refusal::Account(AccountError::InsufficientCredits { .. })));
    }
}

#[tokio::test]
async fn a_recharge_in_one_process_leaves_no_false_refusal_in_another() {
    let database = support::database().await;
    let (one, two) = (Store::new(database.pool.clone()), Store::new(database.pool.clone()));
    let tenant = ledger::account(&one, 1).await;
    let warm = ledger::new_job();
    two.execute(ledger::hold(&tenant, &warm, 1)).await.expect("the other process is warm");
    two.execute(ledger::settle(&tenant, &warm, 1)).await.expect("and the account is empty");
    for number in 0..1_000 {
        let job = ledger::new_job();
        one.execute(ledger::recharge(&tenant, &format!("r{number}"), 1)).await.expect("recharged");
        two.execute(ledger::hold(&tenant, &job, 1)).await.expect("no false 402");
        two.execute(ledger::settle(&tenant, &job, 1)).await.expect("settled");
    }
    assert_eq!(ledger::balance(&one, &tenant).await, (credits(0), credits(0)));
}

#[tokio::test]
async fn a_unit_that_rests_on_a_stream_it_only_reads_is_decided_under_the_lock() {
    let database = support::database().await;
    let (one, two) = (Store::new(database.pool.clone()), Store::new(database.pool.clone()));
    let (from, to) = (ledger::account(&one, 10).await, ledger::account(&one, 10).await);
    let frozen = AccountCommand::FreezeAccount { reason: "asked".into() };
    one.execute(ledger::work(Unit::of(&to, frozen.clone()))).await.expect("frozen");
    one.execute(ledger::hold(&from, &ledger::new_job(), 1)).await.expect("both are warm in one");
    two.execute(ledger::work(Unit::of(&to, AccountCommand::UnfreezeAccount))).await.expect("unfrozen elsewhere");
    // The second step looked done already to a process that did not hear of it.
    let both = Unit::of(&from, frozen.clone()).then(&to, frozen);
    let done = one.execute(ledger::work(both)).await.expect("both are frozen");
    assert_eq!(done.events.len(), 2);
}

#[tokio::test]
async fn answers_that_append_nothing_are_decided_again_when_overtaken() {
    let database = support::database().await;
    let (one, two) = (Store::new(database.pool.clone()), Store::new(database.pool.clone()));
    let tenant = ledger::account(&one, 1).await;
    let freeze =
        |reason: &str| ledger::work(Unit::of(&tenant, AccountCommand::FreezeAccount { reason: reason.into() }));
    one.execute(freeze("first")).await.expect("frozen");
    two.execute(ledger::work(Unit::of(&tenant, AccountCommand::UnfreezeAccount))).await.expect("unfrozen");
    let again = one.execute(freeze("second")).await.expect("frozen again");
    assert_eq!(again.events.len(), 1, "it was not done already, whatever this process remembered");
}

#[tokio::test]
async fn a_batch_under_the_lock_holds_no_more_events_than_any_other() {
    let database = support::database().await;
    let (one, two) = (Store::new(database.pool.clone()), Store::new(database.pool.clone()));
    let tenant = ledger::account(&one, 10_000).await;
    two.execute(ledger::hold(&tenant, &ledger::new_job(), 1)).await.expect("the other process wrote last");
    one.execute(ledger::hold(&tenant, &ledger::new_job(), 1)).await.expect("after a conflict the lock comes first");
    let submits = (0..1_000).map(|_| {
        let (one, tenant) = (&one, &tenant);
        async move {
            one.execute(ledger::submit(tenant, &ledger::new_job(), 1, Some(&AttemptId::from_uuid(Uuid::now_v7()))))
                .await
        }
    });
    for done in futures::future::join_all(submits).await {
        assert_eq!(done.expect("submitted").events.len(), 3);
    }
    let sql = "select max(n) from ledger_batches";
    let largest: i32 = sqlx::query_scalar(sql).fetch_one(&database.pool).await.expect("batches");
    assert!(usize::try_from(largest).is_ok_and(|largest| largest < BATCH_EVENTS + 3), "{largest}");
    assert_whole(&database.pool).await;
}
