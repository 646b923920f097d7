//! A log that was changed behind our back: nothing is written upon it, and the verifier names the place.

use store::{ExecuteError, Store, verify::VerifyError};

use crate::{
    ledger::{self, tamper},
    support,
};

/// Does something to the tables behind a warm store. The next hold has to be refused, and to write nothing.
async fn refuses_after(forgery: &str, kills: bool) {
    let database = support::database().await;
    let store = Store::new(database.pool.clone());
    let tenant = ledger::account(&store, 100).await;
    store.execute(ledger::hold(&tenant, &ledger::new_job(), 1)).await.expect("held");
    tamper(&database.pool, &forgery.replace("$tenant", tenant.as_str())).await;
    if kills {
        assert_eq!(ledger::kill_committers(&database.pool).await, 1);
    }
    let state = "select md5(string_agg(e::text, '|' order by position)) || (select position::text from ledger_head)
                   from events e";
    let before: String = sqlx::query_scalar(state).fetch_one(&database.pool).await.expect("a state");
    for _ in 0..2 {
        let refused = store.execute(ledger::hold(&tenant, &ledger::new_job(), 1)).await;
        assert!(matches!(refused, Err(ExecuteError::Diverged(_))), "{refused:?}");
    }
    let after: String = sqlx::query_scalar(state).fetch_one(&database.pool).await.expect("a state");
    assert_eq!(before, after);
}

const LAST: &str = "aggregate_id = '$tenant' and sequence = 3";

#[tokio::test]
async fn a_forked_stream_is_refused_by_its_leaf() {
    let forged = format!("update events set leaf_hash = sha256('another event') where {LAST}");
    refuses_after(&forged, false).await;
}

#[tokio::test]
async fn a_missing_predecessor_is_refused() {
    refuses_after(&format!("delete from events where {LAST}"), false).await;
}

const OLDER_BACKUP: &str = "delete from events where position > 3;
    delete from ledger_batches where last_position > 3;
    update ledger_head set position = 3,
           hash = (select hash from ledger_batches where last_position = 3 and not fenced)";

#[tokio::test]
async fn an_older_backup_is_refused_by_the_guard() {
    refuses_after(OLDER_BACKUP, false).await;
}

#[tokio::test]
async fn an_older_backup_is_refused_on_reconnecting() {
    refuses_after(OLDER_BACKUP, true).await;
}

#[tokio::test]
async fn a_head_that_went_back_is_refused_by_the_taken_position() {
    refuses_after("update ledger_head set position = position - 1", false).await;
}

/// Where the verifier finds fault after this forgery, and with what.
async fn fault_after(forgery: &str) -> (i64, String) {
    let database = support::database().await;
    let store = Store::new(database.pool.clone());
    let tenant = ledger::account(&store, 100).await;
    for _ in 0..3 {
        store.execute(ledger::hold(&tenant, &ledger::new_job(), 1)).await.expect("held");
    }
    ledger::assert_whole(&database.pool).await;
    tamper(&database.pool, forgery).await;
    match store::verify::verify(&database.pool).await {
        Err(VerifyError::Diverges { position, what }) => (position, what),
        other => panic!("no fault was found: {other:?}"),
    }
}

#[tokio::test]
async fn the_verifier_names_the_first_divergence() {
    let amount = "update events set payload = replace(payload::text, '\"1\"', '\"2\"')::json where position = 5";
    assert_eq!(fault_after(amount).await.0, 5);
    let time = "update events set metadata = replace(metadata::text, 'test', 'mallory')::json where position = 4";
    assert_eq!(fault_after(time).await.0, 4);
    assert_eq!(fault_after("delete from events where position = 4").await, (4, "the event is missing".into()));
    let leaf = "update events set leaf_hash = sha256('x') where position = 6";
    assert_eq!(fault_after(leaf).await.0, 6);
    let root = "update ledger_batches set root = sha256('x') where last_position = 5";
    assert_eq!(fault_after(root).await, (5, "the root of the batch is another".into()));
    let batch = "delete from ledger_batches where last_position = 3";
    assert_eq!(fault_after(batch).await.0, 2, "the recharge was a batch of two events");
    let head = "update ledger_head set hash = sha256('x')";
    assert_eq!(fault_after(head).await, (6, "the head has another chain hash".into()));
}
