//! The read models against random histories: folded live by two projectors, rebuilt, compared, exported and judged.

#[path = "../../store/tests/support/mod.rs"]
mod support;

use std::time::Duration;

use chrono::{NaiveDate, Utc};
use domain::{
    Credits,
    account::{Account, AccountCommand, Overrun},
    capability::CapabilityKind,
    id::{AttemptId, JobId, ProviderKeyId, TenantId},
    job::{AttemptStart, Failure, Fate, Mode, Submission, Usage},
    pricing::{Meter, PricedParams},
    unit::{OnceKey, Success, Unit, Unsuccessful},
};
use futures::TryStreamExt as _;
use projections::{
    ReadModels,
    export::{Format, Range, export},
    live::Live,
    projector,
    queries::{JobQuery, LedgerQuery, read_job},
    rebuild,
    rows::{LedgerRow, LedgerType},
    spending::{KeySpent, SpendingQuery},
};
use store::{Context, Store, Work};
use uuid::Uuid;

const JOBS: u64 = 60;

async fn execute(store: &Store, unit: Unit) {
    let context = Context { actor: "test".into(), request_id: "req".into() };
    store.execute(Work { unit, context, ..Work::default() }).await.expect("the rules allow it");
}

async fn tenant(store: &Store) -> TenantId {
    let tenant_id = TenantId::from_uuid(Uuid::now_v7());
    execute(store, Unit::of(&tenant_id, AccountCommand::OpenAccount)).await;
    let once = OnceKey { id: format!("topup:{tenant_id}"), fingerprint: "f".into() };
    let (source, reference) = ("bank, \"wire\"\n".to_owned(), "=1+1".to_owned());
    execute(store, Unit::recharge(once, &tenant_id, Credits::from_whole(5_000), source, reference)).await;
    tenant_id
}

fn start() -> AttemptStart {
    AttemptStart {
        attempt_id: AttemptId::from_uuid(Uuid::now_v7()),
        provider: "ark".into(),
        upstream_model: "ep".into(),
        provider_key_id: ProviderKeyId::from_uuid(Uuid::now_v7()),
    }
}

/// One job whose fate its number decides: settled below, at or above its hold, released, refunded, or left open.
async fn job(store: &Store, tenant_id: &TenantId, number: u64) -> JobId {
    let job_id = JobId::from_uuid(Uuid::now_v7());
    let submission = Submission {
        tenant_id: tenant_id.clone(),
        user_id: None,
        api_key_id: None,
        model: "a.model_1".into(),
        capability: CapabilityKind::TextToImage,
        price_version: 1,
        priced_params: PricedParams::default(),
        inputs_sha256: "00".into(),
        hold: Credits::from_whole(10),
        mode: Mode::Queued,
        expires_at: Utc::now(),
    };
    let first = start();
    let attempt_id = first.attempt_id.clone();
    execute(store, Unit::submit(None, &job_id, submission, (number % 6 != 3).then_some(first))).await;
    let usage = Usage::new().with(Meter::Image, 1);
    let succeed = |cost: i64, overrun| {
        let success = Success { attempt_id: attempt_id.clone(), outputs: vec![], usage: usage.clone() };
        Unit::succeed(tenant_id, &job_id, success, (Credits::from_whole(cost), overrun))
    };
    match number % 6 {
        0 => execute(store, succeed(3, Overrun::FromBalance)).await,
        1 => execute(store, succeed(10, Overrun::Absorb)).await,
        2 => execute(store, succeed(12, Overrun::FromBalance)).await,
        3 => execute(store, Unit::release(tenant_id, &job_id, Unsuccessful::Canceled)).await,
        4 => {
            let code = "upstream_error".to_owned();
            let failure = Failure { code, fate: Fate::Fail, upstream_status: Some(500), upstream_code: None };
            execute(store, Unit::fail_attempt_for_good(tenant_id, &job_id, attempt_id, failure)).await;
        }
        _ => {}
    }
    if number.is_multiple_of(6) {
        let refund = Credits::from_whole(1);
        execute(store, Unit::refund(tenant_id, &job_id, refund, "a.model_1".into(), "bad".into())).await;
    }
    job_id
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_projectors_and_a_rebuild_agree_while_writes_go_on() {
    let database = support::database().await;
    let store = Store::new(database.pool.clone());
    let models = ReadModels::open(database.pool.clone()).await.expect("they open");
    let tenant_id = tenant(&store).await;
    let writing = async {
        for number in 0..JOBS {
            job(&store, &tenant_id, number).await;
        }
    };
    let rebuilding = async {
        for _ in 0..20 {
            projector::step(&database.pool).await.expect("it steps");
        }
        rebuild::rebuild(&database.pool, |_| ()).await.expect("it equals the live ones")
    };
    let other = async {
        for _ in 0..20 {
            projector::step(&database.pool).await.expect("it steps");
        }
    };
    let ((), report, ()) = tokio::join!(writing, rebuilding, other);
    assert_eq!(report.active, 2);
    let position = projector::catch_up_once(&database.pool).await.expect("it catches up");
    let audit = rebuild::compare(&database.pool, |_| ()).await.expect("it equals the log");
    assert_eq!((audit.position, audit.active), (position, 2));

    // The handle still knows the first generation. A spawned query must be Send.
    let (asked, query) = (models.clone(), JobQuery { limit: 100, ..JobQuery::default() });
    let jobs = tokio::spawn(async move { asked.jobs(&query).await }).await.expect("it runs").expect("it answers");
    assert_eq!(jobs.rows.len(), 60);
    for row in jobs.rows.iter().filter(|row| row.charged <= row.held) {
        let (fresh, _) = read_job(&database.pool, &row.job_id).await.expect("it reads").expect("it is there");
        assert_eq!(fresh, *row);
    }
    let account: Account = store.read(tenant_id.as_str()).await.expect("it reads");
    let balance = models.balance(tenant_id.as_str()).await.expect("it answers").expect("it is there");
    assert_eq!((balance.posted, balance.held), (account.posted().micro(), account.held().micro()));
    assert_eq!(balance.posted, balance.recharged - balance.charged + balance.refunded + balance.adjusted);
    assert_eq!(jobs.rows.iter().map(|row| row.charged).sum::<i64>(), balance.charged);
    let (mut sums, mut query) = ((0, 0), LedgerQuery { limit: 7, ..LedgerQuery::default() });
    loop {
        let page = models.ledger(&query).await.expect("it answers");
        sums.0 += page.rows.iter().map(|row| row.posted_change).sum::<i64>();
        sums.1 += page.rows.iter().map(|row| row.held_change).sum::<i64>();
        query.after = page.rows.last().map(|row| row.entry_id);
        if !page.has_more {
            break;
        }
    }
    assert_eq!(sums, (balance.posted, balance.held));
    let statement = models.statement(tenant_id.as_str(), None, None).await.expect("it answers");
    assert_eq!(statement.closing_posted, balance.posted);
    assert!(models.wait_for(position, Duration::ZERO).await.expect("it answers"));
    let (_, loaded) = Live::load(&database.pool).await.expect("it loads");
    assert_eq!(loaded, position);
}

#[tokio::test]
async fn every_filter_lists_what_it_names_in_both_directions() {
    let database = support::database().await;
    let store = Store::new(database.pool.clone());
    let models = ReadModels::open(database.pool.clone()).await.expect("they open");
    let (ours, theirs) = (tenant(&store).await, tenant(&store).await);
    for number in 0..12 {
        job(&store, &ours, number).await;
    }
    projector::catch_up_once(&database.pool).await.expect("it catches up");
    let all = LedgerQuery { limit: 100, ..LedgerQuery::default() };
    let list = async |query: LedgerQuery| models.ledger(&query).await.expect("it answers").rows;
    let everything = list(all.clone()).await;
    let first = everything.first().expect("there are lines").recorded_at;
    let of = |keep: &dyn Fn(&LedgerRow) -> bool| everything.iter().filter(|row| keep(row)).cloned().collect::<Vec<_>>();
    for kind in LedgerType::ALL {
        let recorded = list(LedgerQuery { entry_type: Some(kind), ..all.clone() }).await;
        assert_eq!(recorded, of(&|row| row.entry_type == kind), "{kind:?}");
        let mut newest = list(LedgerQuery { entry_type: Some(kind), newest_first: true, ..all.clone() }).await;
        newest.reverse();
        assert_eq!(newest, recorded, "{kind:?}");
    }
    let tenant_id = Some(theirs.to_string());
    assert_eq!(list(LedgerQuery { tenant_id, ..all.clone() }).await, of(&|row| row.tenant_id == *theirs.as_str()));
    let one = everything.iter().find_map(|row| row.job_id.clone()).expect("a job");
    let of_one = list(LedgerQuery { job_id: Some(one.clone()), ..all.clone() }).await;
    assert_eq!(of_one, of(&|row| row.job_id.as_ref() == Some(&one)));
    assert_eq!(list(LedgerQuery { to: Some(first), ..all.clone() }).await, []);
    assert_eq!(list(LedgerQuery { from: Some(first), after: Some(i64::MAX), ..all }).await, []);
}

#[tokio::test]
async fn the_indexes_of_rare_lines_come_with_the_migration_and_with_a_rebuild() {
    const MIGRATION: &str = include_str!("../../migrations/0031_ledger_types.sql");
    let database = support::database().await;
    let store = Store::new(database.pool.clone());
    ReadModels::open(database.pool.clone()).await.expect("they open");
    tenant(&store).await;
    let indexed = async |schema: &str| {
        let sql =
            "select count(*) from pg_indexes where schemaname = $1 and starts_with(indexname, 'ledger_entries_rare')";
        let count: i64 = sqlx::query_scalar(sql).bind(schema).fetch_one(&database.pool).await.expect("it answers");
        count == 2
    };
    assert!(indexed("read_v1").await, "new tables have them");
    sqlx::query("drop index read_v1.ledger_entries_rare, read_v1.ledger_entries_rare_tenant")
        .execute(&database.pool)
        .await
        .expect("it is dropped");
    for _ in 0..2 {
        sqlx::raw_sql(MIGRATION).execute(&database.pool).await.expect("it runs");
        assert!(indexed("read_v1").await, "tables of an older version get them");
    }
    rebuild::rebuild(&database.pool, |_| ()).await.expect("it equals the live ones");
    assert!(indexed("read_v2").await, "rebuilt tables have them");
}

#[tokio::test]
async fn a_forged_row_is_named() {
    let database = support::database().await;
    let store = Store::new(database.pool.clone());
    ReadModels::open(database.pool.clone()).await.expect("they open");
    tenant(&store).await;
    projector::catch_up_once(&database.pool).await.expect("it catches up");
    sqlx::query("update read_v1.balances set posted = posted + 1").execute(&database.pool).await.expect("it forges");
    let error = rebuild::compare(&database.pool, |_| ()).await.expect_err("they differ");
    assert!(error.to_string().contains("balances differs"), "{error}");
}

#[tokio::test]
async fn the_judges_accept_the_books() {
    let database = support::database().await;
    let store = Store::new(database.pool.clone());
    let tenant_id = tenant(&store).await;
    for number in 0..12 {
        job(&store, &tenant_id, number).await;
    }
    for after in [0, 9] {
        for (format, variable, before) in [
            (Format::Hledger, "TEST_HLEDGER", &["check", "--strict", "-f"][..]),
            (Format::Beancount, "TEST_BEAN_CHECK", &[][..]),
            (Format::Jsonl, "", &[][..]),
            (Format::Csv, "", &[][..]),
        ] {
            let range = Range { after, through: None, tenant_id: (after == 9).then(|| tenant_id.clone()) };
            let books = || async {
                let pieces: Vec<_> =
                    export(database.pool.clone(), range.clone(), format).try_collect().await.expect("it exports");
                pieces.concat()
            };
            let text = books().await;
            assert_eq!(text, books().await, "the same bytes each time");
            if !variable.is_empty() {
                judge(variable, before, &text);
            }
        }
    }
}

fn judge(variable: &str, arguments: &[&str], books: &[u8]) {
    #[expect(clippy::disallowed_methods, reason = "the runner of the tests says where the judge is")]
    let judge = std::env::var(variable).expect("run through tests/with-services");
    let file = std::env::temp_dir().join(format!("books-{}", Uuid::new_v4().simple()));
    std::fs::write(&file, books).expect("it is written");
    let verdict = std::process::Command::new(judge).args(arguments).arg(&file).output().expect("it runs");
    std::fs::remove_file(&file).expect("it goes");
    let said = String::from_utf8_lossy(&verdict.stderr).into_owned() + &String::from_utf8_lossy(&verdict.stdout);
    assert!(verdict.status.success(), "{said}\n{}", String::from_utf8_lossy(books));
}

/// More rows of usage than one answer holds: 12,000 keys, each on one of two days, on one of seven models.
#[tokio::test]
async fn what_was_spent_is_summed_over_every_key_and_model() {
    let database = support::database().await;
    let models = ReadModels::open(database.pool.clone()).await.expect("they open");
    let rows = "insert into read_v1.usage_daily
                select '2026-11-01'::date + (k % 2)::int, 'ten_1', 'model-' || k % 7, 'key-' || k, 1, 1, 0, 10 + k % 7, 1, '{}'
                  from generate_series(0, 11999) k";
    sqlx::query(rows).execute(&database.pool).await.expect("rows");
    let day = |number| NaiveDate::from_ymd_opt(2026, 11, number).expect("a day");
    let query = SpendingQuery { tenant_id: "ten_1".to_owned(), from: day(1), to: day(2) };

    let days = models.spent_by_day(&query, day(1), 5).await.expect("it answers");
    assert_eq!(days.len(), 12, "two days of five models and the rest: {days:?}");
    let whole: i64 = (0..12_000).map(|k| 10 + k % 7).sum();
    assert_eq!(days.iter().map(|row| row.charged).sum::<i64>(), whole);
    assert_eq!(days.iter().map(|row| row.refunded).sum::<i64>(), 12_000);
    let others = days.iter().filter(|row| row.model.is_none()).map(|row| row.charged).sum::<i64>();
    assert_eq!(others, (0..12_000).map(|k| k % 7).filter(|model| *model < 2).map(|model| 10 + model).sum::<i64>());

    let ids = ["key-3", "key-11998", "key-unknown"].map(str::to_owned);
    let keys = models.spent_by_key(&query, &ids).await.expect("it answers");
    let spent = |spent, last| KeySpent { spent, last_day: Some(day(last)) };
    assert_eq!(keys.len(), 2);
    assert_eq!((keys["key-3"], keys["key-11998"]), (spent(12, 2), spent(9, 1)));
    let elsewhere = SpendingQuery { tenant_id: "ten_2".to_owned(), ..query };
    assert!(models.spent_by_key(&elsewhere, &ids).await.expect("it answers").is_empty());
}
