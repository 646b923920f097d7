//! The books in the console: entries of all tenants, whether they hold together, and who did what, for auditors too.

use domain::{account::AccountCommand, unit::Unit};
use store::{Work, identity::PlatformRole};

use crate::support::start;

#[tokio::test]
async fn the_ledger_is_filtered_paged_checked_and_exported() {
    let api = start().await;
    let (_, tenant) = api.browser("ada@example.com").await;
    let (_, other) = api.browser("grace@example.com").await;
    let token = api.admin().await;
    for number in 0..60 {
        assert_eq!(api.recharge(&token, &tenant, &format!("r-{number}")).await.status, 201);
    }
    assert_eq!(api.recharge(&token, &other, "other").await.status, 201);
    let head = store::log::head(api.state.store.pool()).await.expect("a head");
    assert!(api.state.reads.wait_for(head, std::time::Duration::from_secs(30)).await.expect("it answers"));
    let auditor = api.console("auditor@example.com", PlatformRole::Auditor).await;

    let page = auditor.get("/admin/ledger").await.text();
    assert!(page.contains(&tenant) && page.contains(&other), "{page}");
    assert!(page.contains("All checks hold."), "{page}");
    let only = auditor.get(&format!("/admin/ledger?tenant={other}&type=recharge")).await.text();
    assert!(only.contains("other") && !only.contains(&tenant), "{only}");
    let first = auditor.get(&format!("/admin/ledger?tenant={tenant}")).await.text();
    assert!(first.contains("r-59<") && !first.contains("r-9<"), "fifty, the newest first: {first}");
    let (_, rest) = first.split_once("rel=\"next\" href=\"").expect("a next page");
    let next = rest.split('"').next().unwrap_or_default().replace("&amp;", "&");
    let second = auditor.get(&next).await.text();
    assert!(second.contains("r-9<") && !second.contains("r-59<"), "{second}");
    assert_eq!(auditor.get("/admin/ledger?type=nothing").await.status, 422);

    let csv = auditor.get(&format!("/admin/ledger/export?tenant={tenant}")).await;
    assert!(csv.header("content-disposition").is_some_and(|value| value.contains("ledger.csv")));
    assert_eq!(csv.text().lines().count(), 61);
    let books = auditor.get("/admin/ledger/books?format=hledger").await.text();
    assert!(books.contains("Assets:Cash:") && books.contains("sha256"), "{books}");

    let invariants = api.state.reads.invariants().await.expect("they are computed");
    assert_eq!((invariants.posted, invariants.moved), (61 * 12_500_000, 61 * 12_500_000));
    assert_eq!((invariants.accounts_off, invariants.entries_off, invariants.chained), (0, 0, true));
    sqlx::query("update read_v1.balances set posted = posted + 1 where tenant_id = $1")
        .bind(&tenant)
        .execute(api.state.store.pool())
        .await
        .expect("the table is damaged");
    let damaged = auditor.get("/admin/ledger").await.text();
    assert!(damaged.contains("A check fails."), "a balance that is off is told: {damaged}");
}

#[tokio::test]
async fn the_audit_says_who_did_what_to_whom_when_and_what_changed() {
    let api = start().await;
    let (_, tenant) = api.browser("ada@example.com").await;
    let admin = api.console("console@example.com", PlatformRole::Admin).await;
    let state = format!("/admin/tenants/{tenant}/state");
    assert_eq!(admin.submit(&state, &[("state", "suspended"), ("reason", "an unpaid <bill>")]).await.status, 303);
    let frozen = Unit::of(&tenant, AccountCommand::FreezeAccount { reason: "nobody asked".into() });
    api.state.store.execute(Work { unit: frozen, ..Work::default() }).await.expect("it is frozen");

    let auditor = api.console("auditor@example.com", PlatformRole::Auditor).await;
    let page = auditor.get("/admin/audit").await.text();
    assert!(
        page.contains("TenantSuspended") && page.contains("an unpaid &lt;bill&gt;") && page.contains("req_"),
        "{page}"
    );
    assert!(!page.contains("AccountFrozen"), "what the platform did by itself is left out: {page}");
    let all = auditor.get(&format!("/admin/audit?target={tenant}&show=everything")).await.text();
    assert!(all.contains("AccountFrozen") && all.contains("TenantSuspended"), "{all}");
    let other = auditor.get("/admin/audit?action=KeyRegistered").await.text();
    assert!(!other.contains("TenantSuspended"), "{other}");
    let one = auditor.get("/admin/audit?position=1").await.text();
    assert_eq!(one.matches("<td class=\"when\">").count(), 1, "{one}");
    assert_eq!(auditor.get("/admin/audit?position=x").await.status, 422);
    assert_eq!(auditor.get("/admin/audit?from=soon").await.status, 422);
    let past = auditor.get("/admin/audit?to=2001-01-01").await.text();
    assert!(!past.contains("TenantSuspended"));
}
