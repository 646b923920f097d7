//! Pages of a large installation: 10,000 jobs, 30,000 lines of the ledger, 1,000 tenants, people, API keys, provider keys and
//! files, 500 models. Every list stays small: its size and its rows are asserted here; how long each takes is printed
//! (`make bench-pages`), since machines differ.

mod crowd;

use std::time::{Duration, Instant};

use store::identity::PlatformRole;

use crate::support::{Browser, start_alone};

/// The largest page.
const PAGE_MAX_BYTES: usize = 200 * 1024;
/// The most rows of the tables on one page, with their heads.
const ROWS_MAX: usize = 201;
/// How often each page is asked for; the fastest counts.
const TIMES: usize = 3;
/// What stands for a job in the lists of paths.
const JOB: &str = "JOB";

const PORTAL: [&str; 26] = [
    "/",
    "/market",
    "/market?sort=price",
    "/market?q=model+4",
    "/m/model-001",
    "/m/model-001?tab=pricing",
    "/jobs",
    "/jobs?status=succeeded",
    "/jobs?status=canceled",
    "/jobs?q=model-321",
    "/jobs?q=nothing-such",
    "/jobs?after=JOB",
    "/_f/tray",
    "/assets",
    "/assets?kind=upload",
    "/assets?after=ast_00000000000000000000000500",
    "/billing",
    "/billing/ledger",
    "/billing/ledger?type=recharge",
    "/billing/ledger?type=refund",
    "/billing/ledger?from=2026-01-01&to=2100-01-01",
    "/billing/ledger?after=1005000",
    "/keys",
    "/quickstart",
    "/settings",
    "/settings?done=saved",
];

const CONSOLE: [&str; 50] = [
    "/admin",
    "/admin?range=30d",
    "/admin/provider-keys",
    "/_f/admin/provider-keys",
    "/admin/provider-keys?provider=ark",
    "/admin/provider-keys?state=disabled",
    "/admin/provider-keys?q=key+77",
    "/admin/provider-keys?q=nothing-such",
    "/admin/providers",
    "/admin/providers/ark",
    "/admin/models",
    "/admin/models?order=newest",
    "/admin/models?q=model-4",
    "/admin/models?after=model-250",
    "/admin/models/model-001",
    "/admin/models/model-001/text_to_image",
    "/admin/models/model-001/text_to_image/history",
    "/admin/new-model",
    "/admin/import",
    "/admin/jobs",
    "/_f/admin/jobs",
    "/admin/jobs?view=open",
    "/admin/jobs?view=stuck",
    "/admin/jobs?view=retried",
    "/admin/jobs?status=failed",
    "/admin/jobs?model=model-321",
    "/admin/jobs?model=nothing-such",
    "/admin/jobs?after=JOB",
    "/admin/requests",
    "/admin/requests?live=1",
    "/admin/requests?class=4",
    "/admin/requests?q=nothing-such",
    "/admin/tenants",
    "/admin/tenants?q=tenant+77",
    "/admin/tenants?state=suspended",
    "/admin/users",
    "/admin/recharges",
    "/admin/recharges?after=2005000",
    "/admin/ledger",
    "/admin/ledger?type=recharge",
    "/admin/ledger?type=refund",
    "/admin/ledger?job=JOB",
    "/admin/ledger?from=2026-01-01&to=2100-01-01",
    "/admin/audit",
    "/admin/audit?action=RechargeCredited",
    "/admin/audit?actor=usr_nobody",
    "/admin/audit?show=everything",
    "/admin/limits",
    "/admin/system",
    "/admin/settings",
];

#[tokio::test]
async fn every_list_of_a_large_installation_is_a_small_page() {
    let api = start_alone().await;
    let (browser, tenant) = api.browser("ada@example.com").await;
    let console = api.console("admin@example.com", PlatformRole::Admin).await;
    let seen = crowd::gather(&api, &tenant).await;
    let of_tenant = ["/admin/tenants", "/admin/limits"].map(|list| format!("{list}/{tenant}"));
    let of_key_and_user =
        [format!("/admin/provider-keys/{}", seen.provider_key), format!("/admin/users/{}", seen.user)];
    let filtered = ["ledger", "recharges", "jobs"].map(|list| format!("/admin/{list}?tenant={tenant}"));
    let portal = PORTAL.map(|path| (&browser, path.replace(JOB, &seen.job)));
    let console_pages = CONSOLE.map(|path| path.replace(JOB, &seen.job)).into_iter();
    let console_pages = console_pages.chain(of_tenant).chain(of_key_and_user).chain(filtered);
    let mut too_large = Vec::new();
    for (browser, path) in portal.into_iter().chain(console_pages.map(|path| (&console, path))) {
        too_large.extend(look(browser, &path).await);
    }
    assert!(too_large.is_empty(), "{too_large:#?}");
    assert_eq!(keys_on_all_pages(&browser).await, crowd::MANY, "every key is on one page");
}

/// How many keys there are on the pages of the list, each found by the link of the one before.
async fn keys_on_all_pages(browser: &Browser<'_>) -> usize {
    let (mut found, mut path) = (0, "/keys".to_owned());
    loop {
        let text = browser.get(&path).await.text();
        found += text.matches("/revoke\"").count();
        let Some((_, rest)) = text.split_once("rel=\"next\" href=\"") else { return found };
        path = rest.split('"').next().unwrap_or_default().to_owned();
    }
}

/// Looks at a page, tells how long it took, and gives what is too large of it.
async fn look(browser: &Browser<'_>, path: &str) -> Option<String> {
    let (mut fastest, mut bytes, mut rows) = (Duration::MAX, 0, 0);
    for _ in 0..TIMES {
        let begun = Instant::now();
        let page = browser.get(path).await;
        fastest = fastest.min(begun.elapsed());
        let text = page.text();
        assert_eq!(page.status, 200, "{path}: {text}");
        (bytes, rows) = (page.body.len(), text.matches("<tr").count());
    }
    tell(path, fastest, bytes, rows);
    (bytes >= PAGE_MAX_BYTES || rows > ROWS_MAX).then(|| format!("{path}: {bytes} bytes, {rows} rows"))
}

#[expect(clippy::print_stdout, reason = "the times are what `make bench-pages` is for")]
fn tell(path: &str, took: Duration, bytes: usize, rows: usize) {
    println!("{:>8.1} ms {:>5} KB {rows:>4} rows  {path}", took.as_secs_f64() * 1_000.0, bytes.div_ceil(1024));
}
