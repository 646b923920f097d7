//! The admin API: who may call which route, and what the routes do.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use store::identity::PlatformRole;

use crate::support::{Answer, Api, start, text};

/// Who may call a route.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Who {
    /// Admins and auditors.
    Reader,
    /// Admins only.
    Admin,
}

/// Every route under `/admin/api`, with a body that it understands.
const ROUTES: &[(&str, &str, Who)] = &[
    ("GET", "/admin/api/recharges", Who::Reader),
    ("POST", "/admin/api/recharges", Who::Admin),
    ("GET", "/admin/api/tenants", Who::Reader),
    ("POST", "/admin/api/tenants", Who::Admin),
    ("GET", "/admin/api/tenants/{id}", Who::Reader),
    ("POST", "/admin/api/tenants/{id}/suspend", Who::Admin),
    ("POST", "/admin/api/tenants/{id}/resume", Who::Admin),
    ("GET", "/admin/api/tenants/{id}/limits", Who::Reader),
    ("PUT", "/admin/api/tenants/{id}/limits", Who::Admin),
    ("GET", "/admin/api/tenants/{id}/limits/keys", Who::Reader),
    ("GET", "/admin/api/users", Who::Admin),
    ("POST", "/admin/api/users", Who::Admin),
    ("GET", "/admin/api/users/{id}", Who::Admin),
    ("POST", "/admin/api/users/{id}/disable", Who::Admin),
    ("POST", "/admin/api/users/{id}/enable", Who::Admin),
    ("PUT", "/admin/api/users/{id}/role", Who::Admin),
    ("PUT", "/admin/api/users/{id}/password", Who::Admin),
    ("DELETE", "/admin/api/users/{id}/sessions", Who::Admin),
    ("GET", "/admin/api/jobs", Who::Reader),
    ("GET", "/admin/api/jobs/{id}", Who::Reader),
    ("POST", "/admin/api/jobs/{id}/cancel", Who::Admin),
    ("POST", "/admin/api/jobs/{id}/reconcile", Who::Admin),
    ("GET", "/admin/api/jobs/{id}/flight", Who::Admin),
    ("POST", "/admin/api/route", Who::Admin),
    ("GET", "/admin/api/provider-keys", Who::Reader),
    ("POST", "/admin/api/provider-keys", Who::Admin),
    ("GET", "/admin/api/provider-keys/{id}", Who::Reader),
    ("PATCH", "/admin/api/provider-keys/{id}", Who::Admin),
    ("DELETE", "/admin/api/provider-keys/{id}", Who::Admin),
    ("GET", "/admin/api/health", Who::Admin),
    ("GET", "/admin/api/models", Who::Reader),
    ("POST", "/admin/api/models", Who::Admin),
    ("GET", "/admin/api/models/{id}", Who::Reader),
    ("POST", "/admin/api/models/{id}/enable", Who::Admin),
    ("POST", "/admin/api/models/{id}/disable", Who::Admin),
    ("POST", "/admin/api/models/{id}/capabilities", Who::Admin),
    ("GET", "/admin/api/models/{id}/capabilities/{kind}/versions", Who::Reader),
    ("GET", "/admin/api/models/{id}/capabilities/{kind}/versions/{version}", Who::Reader),
    ("GET", "/admin/api/models/{id}/capabilities/{kind}/diff", Who::Reader),
    ("POST", "/admin/api/models/{id}/capabilities/{kind}/rollback", Who::Admin),
    ("POST", "/admin/api/models/{id}/capabilities/{kind}/rehearse", Who::Reader),
    ("POST", "/admin/api/models/{id}/capabilities/{kind}/retire", Who::Admin),
    ("POST", "/admin/api/models/{id}/capabilities/{kind}/routes", Who::Admin),
    ("POST", "/admin/api/models/{id}/capabilities/{kind}/deprecate", Who::Admin),
    ("DELETE", "/admin/api/models/{id}/capabilities/{kind}/deprecate", Who::Admin),
    ("GET", "/admin/api/catalog/export", Who::Reader),
    ("POST", "/admin/api/catalog/import", Who::Admin),
    ("GET", "/admin/api/providers", Who::Reader),
    ("POST", "/admin/api/providers", Who::Admin),
    ("GET", "/admin/api/providers/{id}", Who::Reader),
    ("POST", "/admin/api/providers/{id}/settings", Who::Admin),
    ("POST", "/admin/api/providers/{id}/pause", Who::Admin),
    ("POST", "/admin/api/providers/{id}/resume", Who::Admin),
    ("GET", "/admin/api/vault", Who::Reader),
    ("POST", "/admin/api/vault/rotate", Who::Admin),
];

/// Somebody with a role on the platform: their access token and id.
async fn with_role(api: &Api, email: &str, role: PlatformRole) -> (String, String) {
    let registered = api.register(email).await;
    let id = text(&registered["user"]["id"]);
    api.state.identity.set_role(&id.parse().expect("an id"), Some(role)).await.expect("it is set");
    (text(&registered["access_token"]), id)
}

async fn send(api: &Api, method: &str, path: &str, token: Option<&str>, body: &Value) -> Answer {
    let mut headers: Vec<_> = token.map(|token| ("authorization", format!("Bearer {token}"))).into_iter().collect();
    if !body.is_null() {
        headers.push(("content-type", "application/json".to_owned()));
    }
    let body = if body.is_null() { String::new() } else { body.to_string() };
    api.client.send(method, path, &headers, body.as_bytes()).await
}

#[tokio::test]
async fn every_route_is_for_admins_and_some_for_auditors_and_for_nobody_else() {
    let api = start().await;
    let member = text(&api.register("member@example.com").await["access_token"]);
    let key = api.client.post("/v1/keys", Some(&member), &json!({"name": "k"})).await.json();
    let key = text(&key["key"]);
    let (admin, _) = with_role(&api, "admin@example.com", PlatformRole::Admin).await;
    let (auditor, _) = with_role(&api, "auditor@example.com", PlatformRole::Auditor).await;
    for (method, path, who) in ROUTES {
        let path = path.replace("{id}", "nobody").replace("{kind}", "chat").replace("{version}", "1");
        let body = if *method == "GET" || *method == "DELETE" { Value::Null } else { json!({}) };
        let ask = |token: Option<String>| {
            let (api, path, body) = (&api, path.clone(), body.clone());
            async move { send(api, method, &path, token.as_deref(), &body).await }
        };
        let what = format!("{method} {path}");
        assert_eq!(ask(None).await.error(), "unauthenticated", "{what}");
        for stranger in [&member, &key] {
            let answer = ask(Some(stranger.clone())).await;
            assert_eq!((answer.status, answer.error().as_str()), (403, "forbidden"), "{what}");
        }
        let by_auditor = ask(Some(auditor.clone())).await;
        assert_eq!(by_auditor.status == 403, *who == Who::Admin, "{what}: {}", by_auditor.text());
        let by_admin = ask(Some(admin.clone())).await;
        assert!(![401, 403].contains(&by_admin.status), "{what}: {}", by_admin.text());
    }
}

#[test]
fn no_route_is_missing_in_the_table() {
    let source = include_str!("../../src/router.rs");
    let listed: BTreeSet<(String, String)> =
        ROUTES.iter().map(|(method, path, _)| ((*path).to_owned(), (*method).to_owned())).collect();
    for part in source.split(".route(").skip(1) {
        let part = part.split("\n        .").next().expect("a part");
        // Pages name their paths by constants, and are no API.
        let Some(path) = part.trim_start().strip_prefix('"').and_then(|rest| rest.split('"').next()) else { continue };
        if !path.starts_with("/admin/api/") {
            continue;
        }
        for method in ["get", "post", "put", "patch", "delete"] {
            let entry = (path.to_owned(), method.to_ascii_uppercase());
            assert!(!part.contains(&format!("{method}(")) || listed.contains(&entry), "{entry:?} is not tried");
        }
    }
}

#[tokio::test]
async fn tenants_are_made_shown_suspended_and_limited() {
    let api = start().await;
    let (admin, _) = with_role(&api, "admin@example.com", PlatformRole::Admin).await;
    let person = api.register("ada@example.com").await;
    let (token, user) = (text(&person["access_token"]), text(&person["user"]["id"]));
    let as_admin = |method: &'static str, path: String, body: Value| {
        let (api, admin) = (&api, admin.clone());
        async move { send(api, method, &path, Some(&admin), &body).await }
    };
    let new = json!({"name": "Works", "owner": user});
    let made = as_admin("POST", "/admin/api/tenants".into(), new).await;
    assert_eq!((made.status, made.json()["members"].as_u64()), (201, Some(1)), "{}", made.text());
    let stranger = json!({"name": "Works", "owner": "usr_01j0000000e008000000000003"});
    assert_eq!(as_admin("POST", "/admin/api/tenants".into(), stranger).await.error(), "not_found");

    let tenant = text(&person["user"]["tenants"][0]["id"]);
    let path = format!("/admin/api/tenants/{tenant}");
    let shown = as_admin("GET", path.clone(), Value::Null).await.json();
    assert_eq!(
        (shown["people"][0]["role"].as_str(), shown["account"]["available"].as_str()),
        (Some("owner"), Some("0"))
    );
    let reason = json!({"reason": "unpaid"});
    for _ in 0..2 {
        let suspended = as_admin("POST", format!("{path}/suspend"), reason.clone()).await.json();
        assert_eq!(suspended["suspended"], "unpaid");
    }
    assert_eq!(api.client.get("/v1/account", Some(&token)).await.error(), "suspended");
    for _ in 0..2 {
        assert_eq!(as_admin("POST", format!("{path}/resume"), json!({})).await.json()["suspended"], Value::Null);
    }
    assert_eq!(api.client.get("/v1/account", Some(&token)).await.status, 200);

    let limits = json!({"requests_per_minute": 100, "concurrent_jobs": 3, "budget": {"day": "5", "total": "50"}});
    let set = as_admin("PUT", format!("{path}/limits"), limits).await;
    assert_eq!(set.status, 200, "{}", set.text());
    assert_eq!(set.json()["concurrent_jobs"], json!({"limit": 3, "used": 0}));
    let day = json!({"period": "day", "limit": "5", "spent": "0", "held": "0"});
    assert_eq!((set.json()["budgets"][0].clone(), set.json()["budgets"].as_array().map(Vec::len)), (day, Some(2)));
    api.client.get("/v1/account", Some(&token)).await;
    let used = as_admin("GET", format!("{path}/limits"), Value::Null).await.json();
    assert_eq!(used["requests_per_minute"], json!({"limit": 100, "used": 1}));
    for absurd in [json!({"requests_per_minute": 0}), json!({"budget": {"day": "-1"}}), json!({"speed": 1})] {
        let refused = as_admin("PUT", format!("{path}/limits"), absurd).await;
        assert_eq!((refused.status, refused.error().as_str()), (422, "invalid_parameter"));
    }
    let key = json!({"name": "k", "requests_per_minute": 7, "budget_per_month": "9"});
    api.client.post("/v1/keys", Some(&token), &key).await;
    let keys = as_admin("GET", format!("{path}/limits/keys?limit=1"), Value::Null).await.json();
    assert_eq!(keys["data"][0]["requests_per_minute"], json!({"limit": 7, "used": 0}), "{keys}");
    assert_eq!(keys["data"][0]["budgets"][0]["period"], "month");
}

#[tokio::test]
async fn people_are_made_let_in_and_kept_out() {
    let api = start().await;
    let (admin, admin_id) = with_role(&api, "admin@example.com", PlatformRole::Admin).await;
    let as_admin = |method: &'static str, path: String, body: Value| {
        let (api, admin) = (&api, admin.clone());
        async move { send(api, method, &path, Some(&admin), &body).await }
    };
    let new = json!({"email": "eve@example.com", "password": "correct horse", "platform_role": "auditor"});
    let made = as_admin("POST", "/admin/api/users".into(), new.clone()).await;
    assert_eq!((made.status, made.json()["platform_role"].as_str()), (201, Some("auditor")), "{}", made.text());
    assert_eq!(as_admin("POST", "/admin/api/users".into(), new).await.error(), "email_taken");
    let path = format!("/admin/api/users/{}", text(&made.json()["id"]));
    let log_in = |password: &'static str| {
        let (client, body) = (api.client.clone(), json!({"email": "eve@example.com", "password": password}));
        async move { client.post("/auth/login", None, &body).await }
    };
    let eve = text(&log_in("correct horse").await.json()["access_token"]);
    assert_eq!(api.client.get("/admin/api/recharges", Some(&eve)).await.status, 200);
    let taken = as_admin("PUT", format!("{path}/role"), json!({"platform_role": null})).await;
    assert_eq!(taken.json()["platform_role"], Value::Null);
    assert_eq!(api.client.get("/admin/api/recharges", Some(&eve)).await.error(), "forbidden");
    let set = as_admin("PUT", format!("{path}/password"), json!({"password": "another horse"})).await;
    assert_eq!(set.status, 200, "{}", set.text());
    assert_eq!(api.client.get("/auth/me", Some(&eve)).await.error(), "session_ended");
    assert_eq!(log_in("correct horse").await.error(), "invalid_credentials");
    for _ in 0..2 {
        let shut = as_admin("POST", format!("{path}/disable"), json!({})).await;
        assert!(shut.json()["disabled_at"].is_string(), "{}", shut.text());
    }
    assert_eq!(log_in("another horse").await.error(), "suspended");
    assert_eq!(as_admin("POST", format!("{path}/enable"), json!({})).await.json()["disabled_at"], Value::Null);
    let eve = text(&log_in("another horse").await.json()["access_token"]);
    assert_eq!(as_admin("DELETE", format!("{path}/sessions"), Value::Null).await.status, 200);
    assert_eq!(api.client.get("/auth/me", Some(&eve)).await.error(), "session_ended");
    for (method, last, body) in [("POST", "disable", json!({})), ("PUT", "role", json!({"platform_role": null}))] {
        let oneself = as_admin(method, format!("/admin/api/users/{admin_id}/{last}"), body).await;
        assert_eq!((oneself.status, oneself.error().as_str()), (409, "conflict"));
    }
    let page = as_admin("GET", "/admin/api/users?limit=1".into(), Value::Null).await.json();
    assert_eq!((page["data"].as_array().map(Vec::len), page["has_more"].as_bool()), (Some(1), Some(true)));
    let last = format!("/admin/api/users?limit=1&after={}", text(&page["next_cursor"]));
    assert_eq!(as_admin("GET", last, Value::Null).await.json()["has_more"], false);
}

#[tokio::test]
async fn recharges_are_listed_and_the_installation_tells_how_it_is() {
    let api = start().await;
    let person = api.register("ada@example.com").await;
    let tenant = text(&person["user"]["tenants"][0]["id"]);
    let admin = api.admin().await;
    for reference in ["r-1", "r-2", "r-2"] {
        api.recharge(&admin, &tenant, reference).await;
    }
    let head = store::log::head(api.state.store.pool()).await.expect("a log");
    assert!(api.state.reads.wait_for(head, std::time::Duration::from_secs(10)).await.expect("the tables"));
    let page = api.client.get(&format!("/admin/api/recharges?tenant_id={tenant}&limit=1"), Some(&admin)).await.json();
    assert_eq!(
        (page["data"][0]["reference"].as_str(), page["data"][0]["amount"].as_str()),
        (Some("r-2"), Some("12.5"))
    );
    let cursor = text(&page["next_cursor"]);
    let next = format!("/admin/api/recharges?tenant_id={tenant}&limit=1&after={cursor}");
    let next = api.client.get(&next, Some(&admin)).await.json();
    assert_eq!((next["data"][0]["reference"].as_str(), next["has_more"].as_bool()), (Some("r-1"), Some(false)));
    let health = api.client.get("/admin/api/health", Some(&admin)).await.json();
    for part in ["database", "bus", "limits", "objects"] {
        assert_eq!(health[part], "ok", "{health}");
    }
    assert_eq!(
        (health["log"]["projector_lag"].as_i64(), health["waiting"]["timers_overdue"].as_i64()),
        (Some(0), Some(0))
    );
    assert_eq!(api.client.get("/admin/api/jobs", Some(&admin)).await.json()["data"], json!([]));
}
