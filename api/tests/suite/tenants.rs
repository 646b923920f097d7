//! What belongs to a tenant: keys, credits, ledger, files; and that it belongs to nobody else.

use crate::support::{Api, start, text};
use serde_json::json;

/// A picture of three by two pixels, and ten bytes after its end.
const PNG: &[u8] = b"\x89\x50\x4e\x47\x0d\x0a\x1a\x0a\x00\x00\x00\x0d\x49\x48\x44\x52\x00\x00\x00\x03\x00\x00\x00\x02\x08\x02\x00\x00\x00\x12\x16\xf1\x4d\x00\x00\x00\x10\x49\x44\x41\x54\x78\x9c\x63\x68\x70\x50\x80\x20\x06\x38\x0b\x00\x36\xd4\x05\x41\x61\x50\x19\x34\x00\x00\x00\x00\x49\x45\x4e\x44\xae\x42\x60\x820123456789";

#[tokio::test]
async fn keys_are_shown_once_scoped_revoked_and_expire() {
    let api = start().await;
    let token = text(&api.register("ada@example.com").await["access_token"]);
    let new = json!({"name": "ci", "scopes": ["account"]});
    let issued = api.client.post("/v1/keys", Some(&token), &new).await;
    assert_eq!((issued.status, issued.header("cache-control")), (201, Some("no-store")));
    let (key, id) = (text(&issued.json()["key"]), text(&issued.json()["id"]));
    assert_eq!(api.client.get("/v1/account", Some(&key)).await.status, 200, "it works at once");
    assert_eq!(api.client.get("/v1/ledger", Some(&key)).await.error(), "forbidden");
    assert_eq!(api.client.post("/v1/keys", Some(&key), &new).await.error(), "forbidden");
    let listed = api.client.get("/v1/keys", Some(&token)).await.json();
    assert_eq!(listed["data"][0]["prefix"].as_str(), Some(&key[..12]));
    assert!(!listed.to_string().contains(&key));

    let stranger = text(&api.register("eve@example.com").await["access_token"]);
    let path = format!("/v1/keys/{id}");
    assert_eq!(api.client.delete(&path, Some(&stranger)).await.error(), "not_found");
    assert_eq!(api.client.delete(&path, Some(&token)).await.status, 200);
    assert_eq!(api.client.delete(&path, Some(&token)).await.error(), "not_found");
    assert_eq!(api.client.get("/v1/account", Some(&key)).await.error(), "invalid_api_key");
    let past = json!({"name": "old", "expires_at": "2020-01-01T00:00:00Z"});
    assert_eq!(api.client.post("/v1/keys", Some(&token), &past).await.error(), "invalid_parameter");
    let brief = json!({"name": "brief", "expires_at": chrono::Utc::now() + std::time::Duration::from_secs(2)});
    let brief = text(&api.client.post("/v1/keys", Some(&token), &brief).await.json()["key"]);
    let ends = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
    while api.client.get("/v1/account", Some(&brief)).await.status == 200 {
        assert!(tokio::time::Instant::now() < ends, "it expires");
    }
}

#[tokio::test]
async fn a_recharge_counts_once_and_the_ledger_pages_through_a_thousand_lines() {
    let api = start().await;
    let person = api.register("ada@example.com").await;
    let (token, tenant) = (text(&person["access_token"]), text(&person["user"]["tenants"][0]["id"]));
    let admin = api.admin().await;
    assert_eq!(api.recharge(&token, &tenant, "r-0").await.error(), "forbidden");
    let first = api.recharge(&admin, &tenant, "r-0").await;
    assert_eq!((first.status, first.json()["available"].as_str()), (201, Some("12.5")), "{}", first.text());
    let again = api.recharge(&admin, &tenant, "r-0").await;
    assert_eq!((again.status, again.header("idempotent-replayed")), (200, Some("true")));
    assert_eq!(again.json()["available"], "12.5");
    let other = json!({"tenant_id": tenant, "amount": "13", "source": "test", "reference": "r-0"});
    let other = api.client.post("/admin/api/recharges", Some(&admin), &other).await;
    assert_eq!((other.status, other.error().as_str()), (422, "idempotency_key_reused"));

    let fresh = api.client.get("/v1/ledger", Some(&token)).await;
    assert_eq!((fresh.header("x-zephyr-lag"), fresh.json()["data"][0]["amount"].as_str()), (Some("0"), Some("12.5")));
    recharge_many(&api, &tenant, 999).await;
    let (mut lines, mut cursor) = (0, String::new());
    loop {
        let page = api.client.get(&format!("/v1/ledger?limit=100&type=recharge{cursor}"), Some(&token)).await.json();
        lines += page["data"].as_array().expect("lines").len();
        if page["has_more"] == false {
            break;
        }
        cursor = format!("&after={}", text(&page["next_cursor"]));
    }
    assert_eq!(lines, 1_000);
    let csv = api.client.get("/v1/ledger/export?format=csv", Some(&token)).await;
    assert!(csv.text().contains("# manifest"), "the last line says what was exported");
    assert_eq!(api.client.get("/v1/ledger?limit=101", Some(&token)).await.error(), "invalid_parameter");
}

/// Top-ups straight into the log, all at once.
async fn recharge_many(api: &Api, tenant: &str, many: usize) {
    let tenant: domain::id::TenantId = tenant.parse().expect("an id");
    let units = (1..=many).map(|place| {
        let once = domain::unit::OnceKey { id: format!("recharge:many-{place}"), fingerprint: String::new() };
        let amount = domain::Credits::from_whole(1);
        domain::unit::Unit::recharge(once, &tenant, amount, "test".into(), place.to_string())
    });
    let works = units.map(|unit| store::Work { unit, ..store::Work::default() });
    let done = futures::future::join_all(works.map(|work| api.state.store.execute(work))).await;
    let last = done.into_iter().map(|done| done.expect("it is recharged").position).max();
    let reached = api.state.reads.wait_for(last.expect("some"), std::time::Duration::from_secs(30)).await;
    assert!(reached.expect("the tables answer"));
}

#[tokio::test]
async fn files_are_stored_ranged_linked_and_deleted() {
    let api = start().await;
    let token = text(&api.register("ada@example.com").await["access_token"]);
    let stored = upload(&api, &token, PNG).await;
    assert_eq!(stored.status, 201, "{}", stored.text());
    let asset = stored.json();
    assert_eq!((asset["content_type"].as_str(), asset["width"].as_u64()), (Some("image/png"), Some(3)));
    let path = format!("/v1/assets/{}", text(&asset["id"]));
    let content = format!("{path}/content");
    let auth = ("authorization", format!("Bearer {token}"));

    let whole = api.client.get(&content, Some(&token)).await;
    assert_eq!((whole.status, whole.body.as_slice()), (200, PNG));
    let part = api.client.send("GET", &content, &[auth.clone(), ("range", "bytes=1-3".into())], b"").await;
    assert_eq!((part.status, part.body.as_slice()), (206, &b"PNG"[..]));
    assert_eq!(part.header("content-range"), Some(format!("bytes 1-3/{}", PNG.len()).as_str()));
    let tail = api.client.send("GET", &content, &[auth.clone(), ("range", "bytes=-4".into())], b"").await;
    assert_eq!((tail.status, tail.body.as_slice()), (206, &b"6789"[..]));
    let outside = api.client.send("GET", &content, &[auth.clone(), ("range", "bytes=999-".into())], b"").await;
    assert_eq!((outside.status, outside.error().as_str()), (416, "range_not_satisfiable"));
    let tag = ("if-none-match", whole.header("etag").expect("a tag").to_owned());
    assert_eq!(api.client.send("GET", &content, &[auth, tag], b"").await.status, 304);

    let url = text(&asset["url"]);
    let link = &url[url.find("/a/").expect("a link")..];
    let linked = api.client.get(link, None).await;
    assert_eq!((linked.status, linked.body.as_slice()), (200, PNG));
    assert!(linked.header("content-security-policy").is_some_and(|policy| policy.starts_with("sandbox")));
    assert_eq!(api.client.get(&format!("{link}0"), None).await.error(), "not_found");

    let stranger = text(&api.register("eve@example.com").await["access_token"]);
    for foreign in [&path, &content] {
        assert_eq!(api.client.get(foreign, Some(&stranger)).await.error(), "not_found");
    }
    assert_eq!(api.client.delete(&path, Some(&stranger)).await.error(), "not_found");
    assert_eq!(api.client.delete(&path, Some(&token)).await.status, 200);
    assert_eq!(api.client.get(link, None).await.error(), "not_found");
    assert_eq!(upload(&api, &token, b"<svg onload=alert(1)>").await.error(), "unsupported_media_type");
    let large = [PNG, &vec![0; 65 * 1024 * 1024]].concat();
    assert_eq!(upload(&api, &token, &large).await.error(), "payload_too_large");
}

async fn upload(api: &Api, token: &str, bytes: &[u8]) -> crate::support::Answer {
    let head = "--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.png\"\r\n\r\n";
    let body = [head.as_bytes(), bytes, b"\r\n--b--\r\n"].concat();
    let headers =
        [("authorization", format!("Bearer {token}")), ("content-type", "multipart/form-data; boundary=b".to_owned())];
    api.client.send("POST", "/v1/assets", &headers, &body).await
}
