//! What stock cqrs-es and postgres-es 0.5.0 do to a ledger, so that nobody goes back to it unawares, and that they
//! still read ours.
//!
//! These tests describe the libraries, not us: when a new version fails one, the reason to leave that part is gone.

mod support;

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use cqrs_es::{
    Aggregate, CqrsFramework, DomainEvent, EventEnvelope, EventStore, Query,
    event_sink::EventSink,
    persist::{PersistedEventStore, QueryReplay},
};
use domain::{
    Credits,
    account::{Account, AccountCommand, AccountEvent},
    id::TenantId,
    unit::Unit,
};
use postgres_es::PostgresEventRepository;
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use store::{Store, Work};
use uuid::Uuid;

type StockStore<A> = PersistedEventStore<PostgresEventRepository, A>;

/// The tables that postgres-es asks for, in place of ours.
const STOCK_TABLES: &str = "drop table events, snapshots;
create table events (aggregate_type text not null, aggregate_id text not null, sequence bigint not null,
    event_type text not null, event_version text not null, payload json not null, metadata json not null,
    primary key (aggregate_type, aggregate_id, sequence));
create table snapshots (aggregate_type text not null, aggregate_id text not null, last_sequence bigint not null,
    payload json not null, current_snapshot bigint not null, primary key (aggregate_type, aggregate_id, last_sequence))";

/// The smallest account there is.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Purse {
    balance: i64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum PurseEvent {
    Deposited { amount: i64 },
}

impl DomainEvent for PurseEvent {
    fn event_type(&self) -> String {
        "Deposited".to_owned()
    }

    fn event_version(&self) -> String {
        "1".to_owned()
    }
}

impl Aggregate for Purse {
    const TYPE: &'static str = "purse";
    type Command = i64;
    type Event = PurseEvent;
    type Error = std::fmt::Error;
    type Services = ();

    async fn handle(&mut self, amount: i64, (): &(), sink: &EventSink<Self>) -> Result<(), Self::Error> {
        sink.write(PurseEvent::Deposited { amount }, self).await;
        Ok(())
    }

    fn apply(&mut self, PurseEvent::Deposited { amount }: PurseEvent) {
        self.balance += amount;
    }
}

/// The balance after six deposits of 10, through a stock store.
async fn balance_after_six_deposits(make: impl Fn(PostgresEventRepository) -> StockStore<Purse>) -> i64 {
    let database = support::database().await;
    sqlx::raw_sql(STOCK_TABLES).execute(&database.pool).await.expect("the stock tables");
    let new_store = || make(PostgresEventRepository::new(database.pool.clone()));
    let cqrs = CqrsFramework::new(new_store(), vec![], ());
    for _ in 0..6 {
        cqrs.execute("purse_1", 10).await.expect("it deposits");
    }
    new_store().load_aggregate("purse_1").await.expect("it loads").aggregate.balance
}

#[tokio::test]
async fn the_event_store_alone_keeps_a_balance() {
    assert_eq!(balance_after_six_deposits(PersistedEventStore::new_event_store).await, 60);
}

#[tokio::test]
async fn snapshot_and_aggregate_stores_corrupt_a_balance() {
    for (every, wrong) in [(1, 120), (2, 90), (3, 80)] {
        let balance = balance_after_six_deposits(|repo| PersistedEventStore::new_snapshot_store(repo, every)).await;
        assert_eq!(balance, wrong, "with a snapshot every {every} events");
    }
    assert_eq!(balance_after_six_deposits(PersistedEventStore::new_aggregate_store).await, 120);
}

/// Counts what a replay brings; after the first event it ends the connection that the rest would come over.
struct CutShort {
    pool: PgPool,
    seen: Arc<AtomicUsize>,
}

#[async_trait::async_trait]
impl Query<Account> for CutShort {
    async fn dispatch(&self, _: &str, events: &[EventEnvelope<Account>]) {
        if self.seen.fetch_add(events.len(), Ordering::Relaxed) == 0 {
            let sql = "select count(pg_terminate_backend(pid)) from pg_stat_activity
                        where datname = current_database() and pid <> pg_backend_pid()";
            let _: i64 = sqlx::query_scalar(sql).fetch_one(&self.pool).await.expect("it kills");
        }
    }
}

#[tokio::test]
async fn a_replay_ends_early_and_reports_success() {
    let database = support::database().await;
    sqlx::raw_sql(STOCK_TABLES).execute(&database.pool).await.expect("the stock tables");
    let many = "insert into events select 'account', 'ten_1', n, 'AccountFrozen', '1',
                       json_build_object('AccountFrozen', json_build_object('reason', repeat('x', 500))), '{}'
                  from generate_series(1, 50000) n";
    sqlx::query(many).execute(&database.pool).await.expect("events");
    let replay_pool = store::connect(&database.url, 1).await.expect("it connects");
    let seen = Arc::new(AtomicUsize::new(0));
    let query = CutShort { pool: database.pool.clone(), seen: seen.clone() };
    let replay: QueryReplay<_, _, Account> = QueryReplay::new(PostgresEventRepository::new(replay_pool), query);
    replay.replay_all().await.expect("it says that all went well");
    assert!(seen.load(Ordering::Relaxed) < 50_000, "and brought {}", seen.load(Ordering::Relaxed));
}

#[tokio::test]
async fn stock_postgres_es_reads_our_table() {
    let database = support::database().await;
    let ours = Store::new(database.pool.clone());
    let tenant = TenantId::from_uuid(Uuid::now_v7());
    let deposit = || AccountCommand::RechargeCredits {
        amount: Credits::from_whole(10),
        source: "card".into(),
        reference: "deposit".into(),
    };
    for command in [AccountCommand::OpenAccount, deposit(), deposit()] {
        ours.execute(Work { unit: Unit::of(&tenant, command), ..Work::default() }).await.expect("it is done");
    }
    let stock = StockStore::<Account>::new_event_store(PostgresEventRepository::new(database.pool.clone()));
    let events = stock.load_events(tenant.as_str()).await.expect("stock postgres-es reads it");
    assert_eq!(events.iter().map(|event| event.sequence).collect::<Vec<_>>(), [1, 2, 3]);
    assert!(matches!(events[2].payload, AccountEvent::CreditsRecharged { .. }));
    let metadata: &HashMap<String, String> = &events[0].metadata;
    assert!(metadata.contains_key("unit_id"));
    let context = stock.load_aggregate(tenant.as_str()).await.expect("and folds it");
    assert_eq!(context.aggregate.posted(), Credits::from_whole(20));
}
