//! What a large installation has: tenants, people, keys and models in the log, and what a year of work leaves in the tables.
//! The rows that jobs and their money leave are written straight into the read models; nothing here adds up.

use std::time::Duration;

use chrono::{TimeDelta, Utc};
use domain::{
    Credits,
    account::AccountCommand,
    id::{JobId, ModelId, ProviderId, ProviderKeyId, TenantId, UserId},
    provider::{ProviderCommand, ProviderSettings},
    provider_key::{Backoff, KeyLimits, KeyRegistration, ProviderKeyCommand},
    tenant::{Role, TenantCommand},
    unit::Unit,
};
use sqlx::PgPool;
use store::{Context, Work};
use uuid::Uuid;

use crate::{
    pages::model,
    support::{Api, api_key},
};

/// How many models there are.
const MODELS: usize = 500;
/// How many tenants, people, keys of ours at providers there are, and API keys of one tenant.
pub const MANY: usize = 1_000;
/// How many people belong to one tenant, and how often one of them is logged in.
const MEMBERS: usize = 300;
/// How many jobs there are.
const JOBS: i64 = 10_000;
/// How many requests were answered.
const REQUESTS: usize = 2_100;
/// How many units are executed, or requests sent, at the same time.
const AT_ONCE: usize = 100;
/// How long the log and the tables may take to follow.
const PATIENCE: Duration = Duration::from_secs(120);

/// Some of what there is.
pub struct Crowd {
    /// A job in the middle.
    pub job: String,
    /// A person.
    pub user: String,
    /// A key of ours at a provider.
    pub provider_key: String,
}

/// Fills an installation around a tenant, to which most of it belongs.
pub async fn gather(api: &Api, tenant: &str) -> Crowd {
    let pool = api.state.parts.store.pool();
    let users: Vec<UserId> = (0..MANY).map(|_| UserId::from_uuid(Uuid::now_v7())).collect();
    people(pool, &users).await;
    let id: TenantId = tenant.parse().expect("a tenant");
    let (keys, provider_keys) = pool_of_keys();
    execute(api, models()).await;
    execute(api, tenants(&users)).await;
    execute(api, members(&id, &users)).await;
    execute(api, api_keys(&id)).await;
    execute(api, keys).await;
    let jobs: Vec<String> = (0..JOBS).map(|number| job_of(number).to_string()).collect();
    fill(api, tenant, &jobs).await;
    requests(api).await;
    Crowd { job: jobs[jobs.len() / 2].clone(), user: users[0].to_string(), provider_key: provider_keys[0].to_string() }
}

/// The jobs were made one a minute, the last of them now.
fn job_of(number: i64) -> JobId {
    let at = Utc::now() - TimeDelta::minutes(JOBS - number);
    let millis = u128::try_from(at.timestamp_millis()).expect("after 1970");
    JobId::from_uuid(Uuid::from_u128((millis << 80) | u128::try_from(number).expect("a count")))
}

/// Executes units of one person, many at a time, and waits until everybody knows.
async fn execute(api: &Api, units: Vec<Unit>) {
    let context = Context { actor: UserId::from_uuid(Uuid::nil()).to_string(), request_id: "req_0".to_owned() };
    let mut last = 0;
    let mut units = units.into_iter().peekable();
    while units.peek().is_some() {
        let some = units.by_ref().take(AT_ONCE);
        let work = some.map(|unit| Work { unit, context: context.clone(), ..Work::default() });
        for done in futures::future::join_all(work.map(|work| api.state.store.execute(work))).await {
            last = last.max(done.expect("a unit").position);
        }
    }
    assert!(api.state.follower.reached(last, PATIENCE).await, "the log is not followed");
    assert!(api.state.reads.wait_for(last, PATIENCE).await.expect("the tables"), "the tables don't follow");
}

fn models() -> Vec<Unit> {
    let of = |number| {
        let id = ModelId::from_uuid(Uuid::now_v7());
        let [registered, published] = model(&format!("model-{number:03}"), &format!("Model {number:03}"));
        Unit::of(&id, registered).then(&id, published)
    };
    (0..MODELS).map(of).collect()
}

/// A tenant of each person, recharged once; every tenth suspended.
fn tenants(users: &[UserId]) -> Vec<Unit> {
    let of = |(number, user): (usize, &UserId)| {
        let id = TenantId::from_uuid(Uuid::now_v7());
        let (amount, reference) = (Credits::from_micro(1_000_000), format!("payment {number}"));
        let recharge = AccountCommand::RechargeCredits { amount, source: "card".to_owned(), reference };
        let unit = Unit::of(&id, TenantCommand::CreateTenant { name: format!("Tenant {number:03}") })
            .then(&id, TenantCommand::AddMember { user_id: user.clone(), role: Role::Owner })
            .then(&id, AccountCommand::OpenAccount)
            .then(&id, recharge);
        let suspend = TenantCommand::SuspendTenant { reason: "an audit".to_owned() };
        if number % 10 == 0 { unit.then(&id, suspend) } else { unit }
    };
    users.iter().enumerate().map(of).collect()
}

fn members(tenant: &TenantId, users: &[UserId]) -> Vec<Unit> {
    let add = |user: &UserId| TenantCommand::AddMember { user_id: user.clone(), role: Role::Member };
    users.iter().take(MEMBERS).map(|user| Unit::of(tenant, add(user))).collect()
}

fn api_keys(tenant: &TenantId) -> Vec<Unit> {
    let issue = |number: usize| {
        let mut key = api_key(&format!("key {number:03}"), &format!("zk_live_{number}"));
        key.budget_per_month = Some(Credits::from_micro(5_000_000));
        key.budget = Some(Credits::from_micro(50_000_000));
        Unit::of(tenant, TenantCommand::IssueApiKey(Box::new(key)))
    };
    (0..MANY).map(issue).collect()
}

/// Keys at one provider: every tenth disabled, every seventh cooling for a model.
fn pool_of_keys() -> (Vec<Unit>, Vec<ProviderKeyId>) {
    let provider_id = ProviderId::from_uuid(Uuid::now_v7());
    let settings = ProviderSettings {
        name: "ark".to_owned(),
        adapter: "ark".to_owned(),
        base_url: "http://127.0.0.1:1".to_owned(),
        failures_to_disable: None,
    };
    let ids: Vec<ProviderKeyId> = (0..MANY).map(|_| ProviderKeyId::from_uuid(Uuid::now_v7())).collect();
    let key = |(number, id): (usize, &ProviderKeyId)| {
        let unit = Unit::of(id, ProviderKeyCommand::RegisterKey(registration(&provider_id, number)));
        let (reason, model) = ("the account is overdue".to_owned(), "some-image".to_owned());
        let pauses = Backoff { first_ms: 3_600_000, most_ms: 3_600_000 };
        match number {
            _ if number % 10 == 0 => {
                unit.then(id, ProviderKeyCommand::DisableKey { reason, automatic: false, probe_at: None })
            }
            _ if number % 7 == 0 => {
                unit.then(id, ProviderKeyCommand::CoolDown { model, reason, now: Utc::now(), pauses })
            }
            _ => unit,
        }
    };
    let provider = Unit::of(&provider_id, ProviderCommand::RegisterProvider(settings));
    (std::iter::once(provider).chain(ids.iter().enumerate().map(key)).collect(), ids.clone())
}

fn registration(provider_id: &ProviderId, number: usize) -> KeyRegistration {
    KeyRegistration {
        provider_id: provider_id.clone(),
        label: format!("key {number:03}"),
        weight: 1,
        limits: KeyLimits { requests_per_second: Some(10), requests_per_minute: Some(500), concurrency: Some(20) },
        fingerprint: format!("{number:08x}"),
        account: Some(format!("account {}", number / 10)),
    }
}

/// People as the table has them: nobody logs in as one of these.
async fn people(pool: &PgPool, users: &[UserId]) {
    let ids: Vec<String> = users.iter().map(ToString::to_string).collect();
    let people =
        "insert into users select id, 'person-' || n || '@example.com', '-', 'Person ' || n, null, 'en', now(), null
                    from unnest($1::text[]) with ordinality given (id, n)";
    sqlx::query(people).bind(&ids).execute(pool).await.expect("people");
    let sessions = "insert into sessions select 'ses_' || replace(gen_random_uuid()::text, '-', ''), id, null, now(), now() + interval '1 day', null, 'Some browser'
                      from users, generate_series(1, $1) where email = 'ada@example.com'";
    sqlx::query(sessions).bind(i32::try_from(MEMBERS).expect("a count")).execute(pool).await.expect("sessions");
}

/// Rows of the read models, as a year of work would leave them.
async fn fill(api: &Api, tenant: &str, jobs: &[String]) {
    let pool = api.state.parts.store.pool();
    let active: i32 = sqlx::query_scalar("select active from read_models").fetch_one(pool).await.expect("a generation");
    let statements = [
        format!(
            "insert into read_v{active}.jobs
             select id, $1, null, null, 'model-' || lpad((n % 500)::text, 3, '0'), 'text_to_image', status, null, 'queued',
                    500000, 400000, 0, 1, case when status = 'failed' then 'upstream_failed' end, 1 + (n % 3)::int, null,
                    false, '[]', '{{}}', made, null, case when status in ('queued', 'running') then null else made end, 3, n
               from (select id, n, now() - make_interval(mins => ($3 - n)::int) made,
                            (array['running', 'queued', 'failed', 'canceled', 'succeeded'])[1 + least(n % 10, 4)] status
                       from unnest($2::text[]) with ordinality given (id, n)) made_up"
        ),
        format!(
            "insert into read_v{active}.ledger_entries
             select n, n, $1, n, now(), now() - make_interval(mins => (1010000 - n)::int), 'hold', -500000, 0, 500000,
                    9000000, 500000, 8500000, ($2::text[])[n - 1000000], null, 'model-001', null, null, 'u', 'req_0', 'test'
               from generate_series(1000001, 1000000 + $3) n"
        ),
        format!(
            "insert into read_v{active}.ledger_entries
             select 2000000 + n, n, tenant_id, n, now(), now(), 'recharge', 500000, 500000, 0, 1500000, 0, 1500000, null, null,
                    null, 'payment ' || n, null, 'u', 'req_0', 'test'
               from (select tenant_id, row_number() over () n from read_v{active}.balances b, generate_series(1, 20)
                      where tenant_id <> $1) given
              where $2::text[] is not null and $3::bigint > 0"
        ),
        format!(
            "insert into read_v{active}.usage_daily
             select current_date - d, $1, 'model-' || lpad(((k + d) % 500)::text, 3, '0'), key, 3, 2, 1, 1000 * k, 0, '{{}}'
               from generate_series(0, 59) d,
                    (select key, row_number() over () k
                       from unnest(array(select payload->'ApiKeyIssued'->>'api_key_id' from events where event_type = 'ApiKeyIssued')) key) keys
              where $2::text[] is not null and $3::bigint > 0"
        ),
        "insert into timers
         select id, 'poll', now(), '', 0, 'worker-' || n % 40, now() + interval '1 hour'
           from unnest($2::text[]) with ordinality given (id, n) where n % 10 < 2 and $1 <> '' and $3 > 0"
            .to_owned(),
        "insert into assets (id, tenant_id, kind, object_key, content_type, bytes, sha256, width, height, created_at)
         select 'ast_' || lpad(n::text, 26, '0'), $1, 'output', 'o/' || n, 'image/png', 1000, decode(repeat('00', 32), 'hex'), 64, 64, now()
           from generate_series(1, 1000) n where $2::text[] is not null and $3::bigint > 0"
            .to_owned(),
    ];
    for statement in statements {
        sqlx::query(&statement).bind(tenant).bind(jobs).bind(JOBS).execute(pool).await.expect("rows");
    }
    sqlx::query("analyze").execute(pool).await.expect("analyzed");
}

/// What the journal of requests holds.
async fn requests(api: &Api) {
    for _ in 0..REQUESTS / AT_ONCE {
        let asked = (0..AT_ONCE).map(|_| api.client.get("/v1/jobs", None));
        futures::future::join_all(asked).await;
    }
}
