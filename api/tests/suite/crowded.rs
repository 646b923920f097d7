//! Pages of a large installation: 10,000 jobs, 10,000 lines of the ledger, 1,000 files and 500 models. Every list stays small:
//! its size and its rows are asserted here; how long each takes is printed (`make bench-pages`), since machines differ.

use std::time::{Duration, Instant};

use domain::{id::ModelId, unit::Unit};
use sqlx::PgPool;
use store::{Side, Work, identity::PlatformRole};
use uuid::Uuid;

use crate::{
    pages::model,
    support::{Api, Browser, start},
};

/// How many models there are.
const MODELS: usize = 500;
/// The largest page.
const PAGE_MAX_BYTES: usize = 200 * 1024;
/// The most rows of a table on one page.
const ROWS_MAX: usize = 201;
/// How often each page is asked for; the fastest counts.
const TIMES: usize = 3;

async fn publish_models(api: &Api) {
    let mut last = 0;
    for number in 0..MODELS {
        let id = ModelId::from_uuid(Uuid::now_v7());
        let [registered, published] = model(&format!("model-{number:03}"), &format!("Model {number:03}"));
        let unit = Unit::of(&id, registered).then(&id, published);
        last = api
            .state
            .store
            .execute(Work { unit, side: Side::default(), ..Work::default() })
            .await
            .expect("a model")
            .position;
    }
    assert!(api.state.follower.reached(last, Duration::from_secs(60)).await);
}

/// Rows of the read models, as a year of work would leave them.
async fn fill(pool: &PgPool, tenant: &str) {
    let active: i32 = sqlx::query_scalar("select active from read_models").fetch_one(pool).await.expect("a generation");
    let jobs = format!(
        "insert into read_v{active}.jobs
         select 'job_' || lpad(n::text, 26, '0'), $1, null, null, 'model-' || lpad((n % 500)::text, 3, '0'), 'text_to_image',
                case when n % 2 = 0 then 'queued' else 'succeeded' end, null, 'queued', 500000, 400000, 0, 1, null, 1, null,
                false, '[]', '{{}}', now() - make_interval(mins => 10000 - n), null,
                case when n % 2 = 0 then null else now() end, 3, n
           from generate_series(1, 10000) n"
    );
    let lines = format!(
        "insert into read_v{active}.ledger_entries
         select n, n, $1, n, now(), now(), 'hold', -500000, 0, 500000, 9000000, 500000, 8500000,
                'job_' || lpad(n::text, 26, '0'), null, 'model-001', null, null, 'u', 'req_0', 'test'
           from generate_series(1000001, 1010000) n"
    );
    let usage = format!(
        "insert into read_v{active}.usage_daily
         select current_date - d, $1, 'model-' || lpad(m::text, 3, '0'), '', 3, 2, 1, 1000 * m, 0, '{{}}'
           from generate_series(0, 59) d, generate_series(1, 100) m"
    );
    let assets = "insert into assets (id, tenant_id, kind, object_key, content_type, bytes, sha256, width, height, created_at)
         select 'ast_' || lpad(n::text, 26, '0'), $1, 'output', 'o/' || n, 'image/png', 1000, decode(repeat('00', 32), 'hex'), 64, 64, now()
           from generate_series(1, 1000) n";
    for statement in [jobs.as_str(), &lines, &usage, assets] {
        sqlx::query(statement).bind(tenant).execute(pool).await.expect("rows");
    }
    for table in ["jobs", "ledger_entries", "usage_daily"] {
        sqlx::query(&format!("analyze read_v{active}.{table}")).execute(pool).await.expect("analyzed");
    }
}

#[tokio::test]
async fn every_list_of_a_large_installation_is_a_small_page() {
    let api = start().await;
    let (browser, tenant) = api.browser("ada@example.com").await;
    publish_models(&api).await;
    fill(api.state.parts.store.pool(), &tenant).await;
    let console = api.console("admin@example.com", PlatformRole::Admin).await;
    let portal = [
        "/",
        "/market",
        "/market?sort=price",
        "/market?q=model+4",
        "/m/model-001",
        "/jobs",
        "/jobs?status=succeeded",
        "/jobs?q=model-321",
        "/jobs?q=nothing-such",
        "/jobs?after=job_00000000000000000000005000",
        "/_f/tray",
        "/assets",
        "/billing",
        "/billing/ledger",
        "/billing/ledger?type=recharge",
        "/keys",
        "/settings",
    ];
    for path in portal {
        look(&browser, path).await;
    }
    look(&console, "/admin").await;
}

async fn look(browser: &Browser<'_>, path: &str) {
    let mut fastest = Duration::MAX;
    for _ in 0..TIMES {
        let begun = Instant::now();
        let page = browser.get(path).await;
        fastest = fastest.min(begun.elapsed());
        let text = page.text();
        assert_eq!(page.status, 200, "{path}: {text}");
        assert!(page.body.len() < PAGE_MAX_BYTES, "{path}: {} bytes", page.body.len());
        assert!(text.matches("<tr").count() <= ROWS_MAX, "{path}: {} rows", text.matches("<tr").count());
    }
    tell(path, fastest);
}

#[expect(clippy::print_stdout, reason = "the times are what `make bench-pages` is for")]
fn tell(path: &str, took: Duration) {
    println!("{:>8.1} ms  {path}", took.as_secs_f64() * 1_000.0);
}
