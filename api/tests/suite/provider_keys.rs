//! Provider keys through the admin API: a secret goes in once and never comes out; what an admin says is kept.

use serde_json::{Value, json};

use crate::support::{Answer, Api, start, text};

const SECRET: &str = "sim-very-recognisable-secret";

async fn patch(api: &Api, path: &str, admin: &str, change: &Value) -> Answer {
    let headers = [("authorization", format!("Bearer {admin}")), ("content-type", "application/json".to_owned())];
    api.client.send("PATCH", path, &headers, change.to_string().as_bytes()).await
}

async fn with_provider() -> (Api, String) {
    let api = start().await;
    let admin = api.admin().await;
    let provider = json!({ "name": "ark", "adapter": "ark", "base_url": "http://127.0.0.1:1" });
    let made = api.client.post("/admin/api/providers", Some(&admin), &provider).await;
    assert_eq!(made.status, 201, "{}", made.text());
    (api, admin)
}

#[tokio::test]
async fn a_provider_key_is_registered_once_changed_and_revoked() {
    let (api, admin) = with_provider().await;
    let new = json!({ "provider": "ark", "label": "main", "secret": SECRET, "weight": 3, "account": "acme" });
    let made = api.client.post("/admin/api/provider-keys", Some(&admin), &new).await;
    assert_eq!(made.status, 201, "{}", made.text());
    assert!(!made.text().contains(SECRET), "a secret comes out");
    let (id, key) = (text(&made.json()["id"]), made.json());
    assert_eq!((&key["weight"], &key["account"], &key["provider"]), (&json!(3), &json!("acme"), &json!("ark")));
    assert_eq!(key["health"]["state"], "ready");
    let again = api.client.post("/admin/api/provider-keys", Some(&admin), &new).await;
    assert_eq!((again.status, text(&again.json()["id"])), (200, id.clone()), "{}", again.text());

    let path = format!("/admin/api/provider-keys/{id}");
    let limits = json!({ "requests_per_second": 10, "requests_per_minute": 300, "concurrency": 4 });
    let changed = patch(&api, &path, &admin, &json!({ "weight": 0, "limits": limits })).await.json();
    assert_eq!((&changed["weight"], &changed["limits"]), (&json!(0), &limits));
    assert_eq!(
        changed["health"]["usage"],
        json!({ "requests_this_second": 0, "requests_this_minute": 0, "concurrent": 0 })
    );
    let off = json!({ "enabled": false, "reason": "an audit" });
    for _ in 0..2 {
        let disabled = patch(&api, &path, &admin, &off).await.json();
        let health = &disabled["health"];
        assert_eq!((&health["state"], &health["reason"]), (&json!("disabled"), &json!("an audit")));
        assert_eq!((&health["automatic"], &health["probe_at"]), (&json!(false), &Value::Null));
    }
    let one_model = json!({ "enabled": false, "reason": "too dear", "model": "ep-1" });
    let disabled = patch(&api, &path, &admin, &one_model).await.json();
    assert_eq!(disabled["health"]["models"][0]["model"], "ep-1");
    patch(&api, &path, &admin, &json!({ "enabled": true, "model": "ep-1" })).await;
    let enabled = patch(&api, &path, &admin, &json!({ "enabled": true })).await.json();
    assert_eq!((&enabled["health"]["state"], &enabled["health"]["models"]), (&json!("ready"), &json!([])));

    let listed = api.client.get("/admin/api/provider-keys?provider=ark", Some(&admin)).await;
    assert!(!listed.text().contains(SECRET), "a secret comes out");
    assert_eq!(listed.json()["data"].as_array().map(Vec::len), Some(1));
    for _ in 0..2 {
        let revoked = api.client.delete(&path, Some(&admin)).await;
        assert_eq!((revoked.status, &revoked.json()["health"]["state"]), (200, &json!("revoked")));
    }
    assert_eq!(patch(&api, &path, &admin, &json!({ "enabled": true })).await.error(), "conflict");
    assert_eq!(api.client.get(&path, Some(&admin)).await.json()["health"]["state"], "revoked");
}

#[tokio::test]
async fn what_is_wrong_with_a_provider_key_is_named() {
    let (api, admin) = with_provider().await;
    let good = json!({ "provider": "ark", "label": "main", "secret": SECRET });
    let cases = [
        ("provider", json!({ "provider": "nobody" })),
        ("label", json!({ "label": " " })),
        ("secret", json!({ "secret": "with a space" })),
        ("secret", json!({ "secret": "" })),
        ("weight", json!({ "weight": 1_000_001 })),
        ("limits.concurrency", json!({ "limits": { "concurrency": 0 } })),
    ];
    for (param, wrong) in cases {
        let mut body = good.clone();
        body.as_object_mut().expect("an object").extend(wrong.as_object().expect("an object").clone());
        let refused = api.client.post("/admin/api/provider-keys", Some(&admin), &body).await;
        assert_eq!((refused.status, &refused.json()["error"]["param"]), (422, &json!(param)), "{}", refused.text());
        assert!(!refused.text().contains(SECRET), "a secret comes out");
    }
    let made = api.client.post("/admin/api/provider-keys", Some(&admin), &good).await.json();
    let path = format!("/admin/api/provider-keys/{}", text(&made["id"]));
    let refused = patch(&api, &path, &admin, &json!({ "enabled": false })).await;
    assert_eq!(refused.json()["error"]["param"], "reason");
    let refused = patch(&api, &path, &admin, &json!({ "model": "ep-1" })).await;
    assert_eq!(refused.json()["error"]["param"], "model");
    assert_eq!(api.client.get("/admin/api/provider-keys/nobody", Some(&admin)).await.error(), "not_found");
    assert_eq!(api.client.get("/admin/api/jobs/nobody/flight", Some(&admin)).await.error(), "not_found");
    let asked = json!({ "model": "nobody", "capability": "chat" });
    assert_eq!(api.client.post("/admin/api/route", Some(&admin), &asked).await.error(), "model_not_found");
}
