//! The few units of work that the tests of the log are made of, and questions to the tables behind the store's back.

use domain::{
    Credits,
    account::{Account, AccountCommand, Allowance, Overrun},
    capability::CapabilityKind,
    id::{AttemptId, JobId, ProviderKeyId, TenantId},
    job::{AttemptStart, Mode, Submission, Usage},
    pricing::PricedParams,
    unit::{OnceKey, Success, Unit},
};
use sqlx::PgPool;
use store::{Context, Side, Store, Work};
use uuid::Uuid;

pub fn credits(whole: i64) -> Credits {
    Credits::from_whole(whole)
}

pub fn new_job() -> JobId {
    JobId::from_uuid(Uuid::now_v7())
}

pub fn new_tenant() -> TenantId {
    TenantId::from_uuid(Uuid::now_v7())
}

pub fn work(unit: Unit) -> Work {
    let context = Context { actor: "test".into(), request_id: "req_test".into() };
    Work { unit, context, side: Side::default() }
}

pub fn recharge(tenant: &TenantId, reference: &str, amount: i64) -> Work {
    let once = OnceKey { id: format!("recharge:{reference}"), fingerprint: amount.to_string() };
    work(Unit::recharge(once, tenant, credits(amount), "card".into(), reference.into()))
}

pub fn hold(tenant: &TenantId, job: &JobId, amount: i64) -> Work {
    let (job_id, amount) = (job.clone(), credits(amount));
    let (api_key_id, model, allowance) = (None, "m".into(), Allowance::default());
    work(Unit::of(tenant, AccountCommand::HoldCredits { job_id, amount, api_key_id, model, allowance }))
}

pub fn settle(tenant: &TenantId, job: &JobId, cost: i64) -> Work {
    let (job_id, cost) = (job.clone(), credits(cost));
    work(Unit::of(tenant, AccountCommand::SettleHold { job_id, cost, overrun: Overrun::FromBalance }))
}

fn submission(tenant: &TenantId, hold: i64) -> Submission {
    Submission {
        tenant_id: tenant.clone(),
        user_id: None,
        api_key_id: None,
        model: "m".into(),
        capability: CapabilityKind::TextToImage,
        price_version: 1,
        priced_params: PricedParams::default(),
        inputs_sha256: "00".into(),
        hold: credits(hold),
        mode: Mode::Queued,
        expires_at: chrono::Utc::now() + chrono::Duration::hours(1),
    }
}

pub fn submit(tenant: &TenantId, job: &JobId, hold: i64, attempt: Option<&AttemptId>) -> Work {
    let start = attempt.map(|attempt_id| AttemptStart {
        attempt_id: attempt_id.clone(),
        provider: "p".into(),
        upstream_model: "u".into(),
        provider_key_id: ProviderKeyId::from_uuid(Uuid::nil()),
    });
    work(Unit::submit(None, job, submission(tenant, hold), start))
}

pub fn succeed(tenant: &TenantId, job: &JobId, attempt: &AttemptId, cost: i64) -> Work {
    let charge = (credits(cost), Overrun::FromBalance);
    let success = Success { attempt_id: attempt.clone(), outputs: vec![], usage: Usage::new() };
    work(Unit::succeed(tenant, job, success, charge))
}

/// An open account that holds so many credits.
pub async fn account(store: &Store, amount: i64) -> TenantId {
    let tenant = new_tenant();
    store.execute(work(Unit::of(&tenant, AccountCommand::OpenAccount))).await.expect("the account opens");
    store.execute(recharge(&tenant, tenant.as_str(), amount)).await.expect("the account is recharged");
    tenant
}

pub async fn balance(store: &Store, tenant: &TenantId) -> (Credits, Credits) {
    let account: Account = store.read(tenant.as_str()).await.expect("the account is read");
    (account.posted(), account.held())
}

/// How many events of this type a stream has.
pub async fn count(pool: &PgPool, aggregate_id: impl ToString, event_type: &str) -> i64 {
    let sql = "select count(*) from events where aggregate_id = $1 and event_type = $2";
    let query = sqlx::query_scalar(sql).bind(aggregate_id.to_string()).bind(event_type);
    query.fetch_one(pool).await.expect("it counts")
}

/// How often an event of this type names this job.
pub async fn count_for_job(pool: &PgPool, job: &JobId, event_type: &str) -> i64 {
    let sql = "select count(*) from events where event_type = $2 and payload -> $2 ->> 'job_id' = $1";
    let query = sqlx::query_scalar(sql).bind(job.as_str()).bind(event_type);
    query.fetch_one(pool).await.expect("it counts")
}

/// Does to the tables what no code of ours ever does.
pub async fn tamper(pool: &PgPool, statements: &str) {
    let script =
        format!("alter table events disable trigger user; {statements}; alter table events enable trigger user");
    sqlx::raw_sql(&script).execute(pool).await.expect("the tables give in");
}

/// Ends every connection of committers to this database, as a failing machine would. Returns how many there were.
pub async fn kill_committers(pool: &PgPool) -> i64 {
    let sql = "select count(pg_terminate_backend(pid)) from pg_stat_activity
                where datname = current_database() and application_name = 'zephyr committer'";
    sqlx::query_scalar(sql).fetch_one(pool).await.expect("it kills")
}

/// Asserts that the log is dense and that every hash of it can be computed again.
pub async fn assert_whole(pool: &PgPool) {
    let verified = store::verify::verify(pool).await.expect("the log is whole");
    let count: i64 = sqlx::query_scalar("select count(*) from events").fetch_one(pool).await.expect("it counts");
    assert_eq!(verified.position, count);
}
