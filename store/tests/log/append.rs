//! One append: all or nothing, and once.

use domain::{
    account::AccountError,
    id::{AttemptId, JobId},
    stream::{Event, Refusal},
};
use store::{ExecuteError, JobInputsRow, OutboxRow, Store, TimerChange, follow::Follower};
use uuid::Uuid;

use crate::{
    ledger::{self, assert_whole, count, credits},
    support,
};

fn refusal(error: ExecuteError) -> Refusal {
    match error {
        ExecuteError::Refused(refusal) => *refusal,
        other => panic!("not a refusal: {other}"),
    }
}

#[tokio::test]
async fn recharge_hold_and_settle_move_the_balance() {
    let database = support::database().await;
    let store = Store::new(database.pool.clone());
    let tenant = ledger::account(&store, 100).await;
    let (job, attempt) = (ledger::new_job(), AttemptId::from_uuid(Uuid::now_v7()));
    let held = store.execute(ledger::submit(&tenant, &job, 30, Some(&attempt))).await.expect("held");
    assert_eq!(held.events.len(), 3, "hold, submission and attempt in one append");
    assert_eq!(held.events[2].position, held.position);
    assert_eq!(ledger::balance(&store, &tenant).await, (credits(100), credits(30)));
    store.execute(ledger::succeed(&tenant, &job, &attempt, 20)).await.expect("settled");
    assert_eq!(ledger::balance(&store, &tenant).await, (credits(80), credits(0)));
    assert_whole(&database.pool).await;
}

#[tokio::test]
async fn a_refusal_in_the_second_step_leaves_nothing_behind() {
    let database = support::database().await;
    let store = Store::new(database.pool.clone());
    let tenant = ledger::account(&store, 10).await;
    let before = store::log::head(&database.pool).await.expect("a head");
    // The key is used up first, then the account refuses.
    let absurd = ledger::recharge(&tenant, "absurd", 0);
    let refused = refusal(store.execute(absurd).await.expect_err("nothing is no recharge"));
    assert!(matches!(refused, Refusal::Account(AccountError::InvalidAmount { .. })), "{refused}");
    assert_eq!(store::log::head(&database.pool).await.expect("a head"), before);
    store.execute(ledger::recharge(&tenant, "absurd", 5)).await.expect("the key was not used up");
    assert_eq!(ledger::balance(&store, &tenant).await.0, credits(15));
}

#[tokio::test]
async fn a_unit_whose_first_step_is_done_is_done_already() {
    let database = support::database().await;
    let store = Store::new(database.pool.clone());
    let tenant = ledger::account(&store, 100).await;
    let (job, attempt) = (ledger::new_job(), AttemptId::from_uuid(Uuid::now_v7()));
    store.execute(ledger::submit(&tenant, &job, 30, Some(&attempt))).await.expect("held");
    let first = store.execute(ledger::succeed(&tenant, &job, &attempt, 20)).await.expect("settled");
    let other = Store::new(database.pool.clone());
    for store in [&store, &other] {
        let again = store.execute(ledger::succeed(&tenant, &job, &attempt, 20)).await.expect("settled before");
        assert!(again.was_done_already());
        assert!(again.position >= first.position, "who reads from there on sees what was done");
    }
    assert_eq!(ledger::balance(&store, &tenant).await, (credits(80), credits(0)));
    assert_eq!(count(&database.pool, &tenant, "HoldSettled").await, 1);
}

#[tokio::test]
async fn a_key_replayed_over_two_processes_credits_once() {
    let database = support::database().await;
    let (one, two) = (Store::new(database.pool.clone()), Store::new(database.pool.clone()));
    let tenant = ledger::account(&one, 1).await;
    let both: Vec<Store> = (0..20).map(|n| if n % 2 == 0 { one.clone() } else { two.clone() }).collect();
    let tries = both.iter().map(|store| store.execute(ledger::recharge(&tenant, "payment-1", 7)));
    let answers = futures::future::join_all(tries).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    for error in answers.into_iter().filter_map(Result::err) {
        assert!(matches!(refusal(error), Refusal::Once(_)));
    }
    assert_eq!(ledger::balance(&two, &tenant).await.0, credits(8));
}

fn with_side_rows(mut work: store::Work, job: &JobId) -> store::Work {
    work.side.outbox = vec![OutboxRow { topic: "jobs".into(), reference: job.to_string(), payload: "{}".into() }];
    work.side.inputs = Some(JobInputsRow {
        job_id: job.to_string(),
        route: "/v1/jobs".into(),
        params: r#"{"prompt":"a"}"#.into(),
        metadata: None,
        webhook_url: None,
    });
    let due = chrono::Utc::now();
    work.side.timer =
        Some(TimerChange::Set { reference: job.to_string(), kind: "expire".into(), due, attempt: String::new() });
    work
}

async fn side_rows(pool: &sqlx::PgPool, job: &JobId) -> (i64, i64, i64) {
    let sql =
        "select (select count(*) from outbox where ref = $1), (select count(*) from job_inputs where job_id = $1),
                      (select count(*) from timers where ref = $1)";
    sqlx::query_as(sql).bind(job.as_str()).fetch_one(pool).await.expect("it counts")
}

#[tokio::test]
async fn side_rows_stand_and_fall_with_their_events() {
    let database = support::database().await;
    let store = Store::new(database.pool.clone());
    let tenant = ledger::account(&store, 10).await;
    let (poor, job, attempt) = (ledger::new_job(), ledger::new_job(), AttemptId::from_uuid(Uuid::now_v7()));
    let refused = store.execute(with_side_rows(ledger::submit(&tenant, &poor, 11, None), &poor)).await;
    assert!(matches!(refused, Err(ExecuteError::Refused(_))));
    assert_eq!(side_rows(&database.pool, &poor).await, (0, 0, 0));
    let submit = with_side_rows(ledger::submit(&tenant, &job, 10, Some(&attempt)), &job);
    store.execute(submit).await.expect("submitted");
    assert_eq!(side_rows(&database.pool, &job).await, (1, 1, 1));
    let mut end = ledger::succeed(&tenant, &job, &attempt, 10);
    end.side.timer = Some(TimerChange::Clear { reference: job.to_string() });
    store.execute(end.clone()).await.expect("settled");
    assert_eq!(side_rows(&database.pool, &job).await, (1, 1, 0));
    end.side.outbox = vec![OutboxRow { topic: "events".into(), reference: job.to_string(), payload: "{}".into() }];
    assert!(store.execute(end).await.expect("settled before").was_done_already());
    assert_eq!(side_rows(&database.pool, &job).await, (1, 1, 0), "what was done already writes nothing");
}

#[tokio::test]
async fn a_unit_that_the_database_refuses_fails_alone() {
    let database = support::database().await;
    let store = Store::new(database.pool.clone());
    let tenant = ledger::account(&store, 100).await;
    let jobs: Vec<JobId> = (0..10).map(|_| ledger::new_job()).collect();
    let units = jobs.iter().enumerate().map(|(n, job)| {
        let mut work = with_side_rows(ledger::submit(&tenant, job, 1, None), job);
        if n == 4 {
            work.side.outbox[0].payload = "not JSON".into();
        }
        store.execute(work)
    });
    let answers = futures::future::join_all(units).await;
    let failed: Vec<usize> = (0..10).filter(|n| answers[*n].is_err()).collect();
    assert_eq!(failed, [4]);
    assert_eq!(count(&database.pool, &tenant, "CreditsHeld").await, 9);
    store.execute(ledger::hold(&tenant, &jobs[4], 1)).await.expect("the store goes on");
    assert_whole(&database.pool).await;
}

#[tokio::test]
async fn what_was_answered_is_what_stands_in_the_log() {
    let database = support::database().await;
    let store = Store::new(database.pool.clone());
    let follower = Follower::start(database.pool.clone(), 0, |_| {});
    let mut seen = follower.subscribe();
    let tenant = ledger::account(&store, 10).await;
    let held = store.execute(ledger::hold(&tenant, &ledger::new_job(), 1)).await.expect("held");
    assert!(follower.reached(held.position, std::time::Duration::from_secs(10)).await);
    let mut followed = Vec::new();
    while let Ok(events) = seen.try_recv() {
        followed.extend(events.iter().cloned());
    }
    let (answered, logged) = (&held.events[0], followed.last().expect("an event"));
    assert_eq!((answered.position, &answered.event), (logged.position, &logged.event));
    assert_eq!((&answered.metadata, answered.recorded_at), (&logged.metadata, logged.recorded_at));
    assert!(matches!(logged.event, Event::Account(_)));
}
