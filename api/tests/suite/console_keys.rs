//! Providers and their keys in the console, by forms alone: what an admin does, and what an auditor can't.

use store::identity::PlatformRole::{Admin, Auditor};

use crate::support::{Api, browser::Browser, start};

const SECRETS: &str = "sim-first-recognisable\n\n  sim-second-recognisable  \nwith a space";

/// An admin whose console has a provider that nobody answers for; gives its page.
async fn with_provider(api: &Api) -> (Browser<'_>, String) {
    let admin = api.console("admin@example.com", Admin).await;
    let form = [("name", "ark"), ("adapter", "ark"), ("base_url", "http://127.0.0.1:1/"), ("failures_to_disable", "")];
    let made = admin.submit("/admin/providers", &form).await;
    assert_eq!(made.status, 303, "{}", made.text());
    let page = made.header("location").expect("its page").to_owned();
    assert_eq!(admin.submit("/admin/providers", &form).await.header("location"), Some(page.as_str()), "twice is once");
    (admin, page)
}

fn key_pages(html: &str) -> Vec<String> {
    let found = html.split("href=\"/admin/provider-keys/pky_").skip(1);
    found.map(|rest| format!("/admin/provider-keys/pky_{}", rest.split('"').next().unwrap_or_default())).collect()
}

#[tokio::test]
async fn a_provider_is_added_changed_paused_and_tested() {
    let api = start().await;
    let (admin, page) = with_provider(&api).await;
    let wrong = [("name", "other"), ("adapter", "ark"), ("base_url", "ftp://typed.example")];
    let refused = admin.submit("/admin/providers", &wrong).await;
    assert_eq!(refused.status, 422);
    assert!(
        refused.text().contains("ftp://typed.example") && refused.text().contains("role=\"alert\""),
        "typed text stays"
    );
    let same_name = [("name", "ark"), ("adapter", "openai"), ("base_url", "http://127.0.0.1:1")];
    assert_eq!(admin.submit("/admin/providers", &same_name).await.status, 409);

    let change = [("adapter", "openai"), ("base_url", "http://127.0.0.1:2"), ("failures_to_disable", "9")];
    assert_eq!(admin.submit(&page, &change).await.status, 303);
    let shown = admin.get(&page).await.text();
    assert!(shown.contains("http://127.0.0.1:2") && shown.contains("value=\"9\""), "{shown}");
    assert_eq!(admin.submit(&format!("{page}/pause"), &[("reason", " ")]).await.status, 422);
    assert_eq!(admin.submit(&format!("{page}/pause"), &[("reason", "an audit")]).await.status, 303);
    assert!(admin.get("/admin/providers").await.text().contains("an audit"));
    assert_eq!(admin.submit(&format!("{page}/resume"), &[]).await.status, 303);
    assert!(!admin.get("/admin/providers").await.text().contains("an audit"));
    let tested = admin.submit(&format!("{page}/test"), &[]).await;
    assert!(tested.status == 200 && tested.text().contains("no key to test"), "{}", tested.text());
}

#[tokio::test]
async fn keys_are_pasted_weighed_disabled_with_a_reason_enabled_and_revoked() {
    let api = start().await;
    let (admin, _) = with_provider(&api).await;
    let form = [("provider", "ark"), ("label", "main"), ("weight", "3"), ("at_once", "4"), ("secrets", SECRETS)];
    let added = admin.submit("/admin/provider-keys", &form).await;
    assert_eq!(added.status, 200, "{}", added.text());
    assert!(!added.text().contains("recognisable"), "a secret comes out");
    assert!(added.text().contains("visible ASCII"), "the last line has a space: {}", added.text());
    let again = admin.submit("/admin/provider-keys", &form).await.text();
    assert_eq!(again.matches("was there already").count(), 2, "twice is once: {again}");
    let bad = [("provider", "ark"), ("label", "typed label"), ("at_once", "many"), ("secrets", "sim-x")];
    let refused = admin.submit("/admin/provider-keys", &bad).await;
    assert!(refused.status == 422 && refused.text().contains("typed label") && !refused.text().contains("sim-x"));

    let pool = admin.get("/admin/provider-keys").await.text();
    let keys = key_pages(&pool);
    assert_eq!(keys.len(), 2, "{pool}");
    assert!(pool.contains("<span>0/4</span>") && !pool.contains("recognisable"), "{pool}");
    let key = &keys[0];
    let change = [("weight", "7"), ("at_once", "9"), ("a_second", ""), ("a_minute", "60"), ("account", "acme")];
    assert_eq!(admin.submit(&format!("{key}/change"), &change).await.status, 303);
    assert_eq!(admin.submit(&format!("{key}/disable"), &[("reason", "")]).await.status, 422);
    assert_eq!(admin.submit(&format!("{key}/disable"), &[("reason", "it leaked")]).await.status, 303);
    let shown = admin.get(key).await.text();
    for expected in ["it leaked", "0/9", "0/60", "acme", "Weight changed", "Disabled", "usr_"] {
        assert!(shown.contains(expected), "{expected}: {shown}");
    }
    let disabled = admin.get("/admin/provider-keys?state=disabled&q=acme").await.text();
    assert_eq!(key_pages(&disabled), std::slice::from_ref(key), "{disabled}");
    assert_eq!(admin.submit(&format!("{key}/enable"), &[]).await.status, 303);
    assert!(key_pages(&admin.get("/admin/provider-keys?state=disabled").await.text()).is_empty());
    let tested = admin.submit(&format!("{key}/test"), &[]).await.text();
    assert!(tested.contains("upstream_unavailable"), "nobody listens there: {tested}");
    assert_eq!(admin.submit(&format!("{key}/revoke"), &[]).await.status, 303);
    assert_eq!(key_pages(&admin.get("/admin/provider-keys").await.text()).len(), 1);
    assert_eq!(admin.submit(&format!("{key}/enable"), &[]).await.status, 409, "never again");
    assert_eq!(admin.get("/admin/provider-keys?state=strange").await.status, 422);
    assert_eq!(admin.get("/admin/provider-keys/pky_nobody").await.status, 404);
}

#[tokio::test]
async fn an_auditor_looks_at_keys_and_changes_nothing() {
    let api = start().await;
    let (admin, provider) = with_provider(&api).await;
    let form = [("provider", "ark"), ("label", "main"), ("secrets", "sim-a")];
    admin.submit("/admin/provider-keys", &form).await;
    let key = key_pages(&admin.get("/admin/provider-keys").await.text()).remove(0);
    let auditor = api.console("auditor@example.com", Auditor).await;
    for path in ["/admin/provider-keys", "/admin/providers", &key, &provider] {
        let page = auditor.get(path).await;
        assert_eq!(page.status, 200, "{path}");
        let acting = page.text().matches("method=\"post\"").count();
        assert_eq!(acting, 2, "only to log out and to choose a theme: {path}: {}", page.text());
    }
    let acts: [(String, &[(&str, &str)]); 5] = [
        ("/admin/provider-keys".into(), &form),
        (format!("{key}/disable"), &[("reason", "r")]),
        (format!("{key}/revoke"), &[]),
        (format!("{key}/test"), &[]),
        (format!("{provider}/pause"), &[("reason", "r")]),
    ];
    for (path, fields) in acts {
        assert_eq!(auditor.submit(&path, fields).await.status, 403, "{path}");
        assert_eq!(
            admin
                .send(
                    &path,
                    &[("csrf_token", "wrong"), ("reason", "r"), ("provider", "ark"), ("label", "l"), ("secrets", "s")]
                )
                .await
                .status,
            403,
            "{path}"
        );
    }
    assert!(auditor.get(&key).await.text().contains("Ready"));
}

#[tokio::test]
async fn a_thousand_keys_are_pages_of_a_bounded_size() {
    let api = start().await;
    let (admin, _) = with_provider(&api).await;
    for batch in 0..5 {
        let secrets: String = (0..200).map(|number| format!("sim-{batch}-{number}\n")).collect();
        let form = [
            ("provider", "ark"),
            ("label", "a rather long label of a key"),
            ("at_once", "4"),
            ("a_second", "9"),
            ("a_minute", "90"),
            ("secrets", &secrets),
        ];
        assert_eq!(admin.submit("/admin/provider-keys", &form).await.status, 200);
    }
    let (mut path, mut seen) = ("/admin/provider-keys".to_owned(), std::collections::BTreeSet::new());
    loop {
        let page = admin.get(&path).await;
        assert!(page.body.len() < 200 * 1024, "{} bytes", page.body.len());
        let html = page.text();
        let keys = key_pages(&html);
        assert!(keys.len() <= 50 && !keys.is_empty(), "{}", keys.len());
        assert!(keys.into_iter().all(|key| seen.insert(key)), "a key twice");
        let Some((_, rest)) = html.split_once("rel=\"next\" href=\"") else { break };
        path = rest.split('"').next().unwrap_or_default().replace("&amp;", "&");
    }
    assert_eq!(seen.len(), 1_000);
}
