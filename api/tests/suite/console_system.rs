//! The console's overview, limits, system and settings: true figures with links behind them, and no secret.

use serde_json::json;
use store::identity::PlatformRole::{Admin, Auditor};

use crate::support::{start, text};

#[tokio::test]
async fn the_overview_tells_what_asks_for_somebody_and_links_to_it() {
    let api = start().await;
    let admin = api.console("root@example.com", Admin).await;
    let quiet = admin.get("/admin").await.text();
    assert!(quiet.contains("Nothing asks for you") && quiet.contains("/admin/requests"), "{quiet}");
    let provider = [("name", "ark"), ("adapter", "ark"), ("base_url", "http://127.0.0.1:1")];
    assert_eq!(admin.submit("/admin/providers", &provider).await.status, 303);
    let form = [("provider", "ark"), ("label", "main"), ("secrets", "sim-a")];
    let added = admin.submit("/admin/provider-keys", &form).await.text();
    let (_, rest) = added.split_once("/admin/provider-keys/pky_").expect("its page");
    let key = format!("/admin/provider-keys/pky_{}", rest.split('"').next().unwrap_or_default());
    assert_eq!(admin.submit(&format!("{key}/disable"), &[("reason", "an audit")]).await.status, 303);
    let page = admin.get("/admin?range=1h").await.text();
    for expected in ["/admin/provider-keys?state=disabled", "1 providers have no key in use", "0/1"] {
        assert!(page.contains(expected), "{expected}: {page}");
    }
    assert_eq!(admin.get("/admin?range=strange").await.status, 422);
}

#[tokio::test]
async fn limits_of_a_tenant_are_set_by_a_form_and_explained_for_its_keys() {
    let api = start().await;
    let person = api.register("ada@example.com").await;
    let (token, tenant) = (text(&person["access_token"]), text(&person["user"]["tenants"][0]["id"]));
    let key = json!({"name": "my key", "requests_per_minute": 100});
    assert_eq!(api.client.post("/v1/keys", Some(&token), &key).await.status, 201);
    let admin = api.console("root@example.com", Admin).await;
    assert!(admin.get("/admin/limits").await.text().contains(&format!("/admin/limits/{tenant}")));
    let page = format!("/admin/limits/{tenant}");
    let form = [("requests", "30"), ("tokens", ""), ("jobs", "4"), ("day", "12.5"), ("month", ""), ("total", "")];
    for _ in 0..2 {
        assert_eq!(admin.submit(&page, &form).await.status, 303, "twice is once");
    }
    let shown = admin.get(&page).await.text();
    for expected in ["0/30", "0/4", "12.5", "my key", "30 (the tenant&#39;s limit", "own is 100"] {
        assert!(shown.replace('\'', "&#39;").contains(expected), "{expected}: {shown}");
    }
    let typed = [("requests", "many"), ("day", "7.25")];
    let refused = admin.submit(&page, &typed).await;
    assert!(refused.status == 422 && refused.text().contains("7.25"), "what was typed stays: {}", refused.text());
    assert!(admin.get(&page).await.text().contains("0/30"), "nothing was changed");
    let auditor = api.console("auditor@example.com", Auditor).await;
    assert!(!auditor.get(&page).await.text().contains("name=\"requests\""));
    assert_eq!(auditor.submit(&page, &form).await.status, 403);
    assert_eq!(admin.get("/admin/limits/ten_nobody").await.status, 404);
}

#[tokio::test]
async fn system_and_settings_tell_what_there_is_and_no_secret() {
    let api = start().await;
    let admin = api.console("root@example.com", Admin).await;
    let system = admin.get("/admin/system").await.text();
    for expected in [env!("CARGO_PKG_VERSION"), "PostgreSQL", "Migrations", "Works"] {
        assert!(system.contains(expected), "{expected}: {system}");
    }
    let settings = admin.get("/admin/settings").await.text();
    assert!(settings.contains("ZEPHYR_PUBLIC_URL") && settings.contains("127.0.0.1"), "{settings}");
    assert!(!settings.contains("a secret of tests"), "a secret comes out");
    let rotated = admin.submit("/admin/settings/rotate", &[]).await;
    assert!(rotated.status == 200 && rotated.text().contains("Encrypted anew: 0"), "{}", rotated.text());
    let auditor = api.console("auditor@example.com", Auditor).await;
    assert!(!auditor.get("/admin/settings").await.text().contains("/rotate"));
    assert_eq!(auditor.submit("/admin/settings/rotate", &[]).await.status, 403);
}

#[tokio::test]
async fn every_page_of_the_console_obeys_the_policy_in_both_languages() {
    let api = start().await;
    let admin = api.console("root@example.com", Admin).await;
    let pages = [
        "/admin",
        "/admin/provider-keys",
        "/admin/providers",
        "/admin/jobs",
        "/admin/requests?live=1",
        "/admin/limits",
        "/admin/system",
        "/admin/settings",
    ];
    for path in pages {
        for lang in ["en", "zh-CN"] {
            let cookies = format!("{}; zephyr_lang={lang}", admin.cookies);
            let page = api.client.browse("GET", path, &cookies, None).await;
            assert_eq!(page.status, 200, "{path}: {}", page.text());
            let policy = page.header("content-security-policy").unwrap_or_default();
            assert!(policy.contains("style-src 'self'") && !policy.contains("unsafe"), "{path}: {policy}");
            assert_eq!(page.header("cache-control"), Some("private, no-store"), "{path}");
            let html = page.text();
            assert!(html.contains(&format!("lang=\"{lang}\"")), "{path}");
            assert!(!html.contains(" style=") && !html.contains("<script>") && !html.contains(" onclick="), "{path}");
            assert_eq!(html.matches("<h1").count(), 1, "{path}");
            assert!(html.len() < 200 * 1024, "{path}: {} bytes", html.len());
        }
        let nobody = api.client.browse("GET", path, "", None).await;
        assert_eq!((nobody.status, nobody.header("location")), (303, Some("/login")), "{path}");
    }
}
