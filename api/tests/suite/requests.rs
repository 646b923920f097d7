//! What every request goes through: bodies that are refused, errors with ids, policies of pages, health.

use crate::support::{start, text};
use serde_json::json;

#[tokio::test]
async fn errors_have_a_code_and_a_request_id_whoever_answers() {
    let api = start().await;
    let json_type = [("content-type", "application/json".to_owned())];
    let bad = api.client.send("POST", "/auth/login", &json_type, b"{\"email\": ").await;
    assert_eq!((bad.status, bad.error().as_str()), (400, "invalid_json"));
    let fields = api.client.send("POST", "/auth/login", &json_type, b"{\"email\": 1}").await;
    assert_eq!((fields.status, fields.error().as_str()), (422, "invalid_parameter"));
    let plain = api.client.send("POST", "/auth/login", &[("content-type", "text/plain".into())], b"x").await;
    assert_eq!((plain.status, plain.error().as_str()), (415, "unsupported_media_type"));
    let nowhere = api.client.get("/v1/nowhere", None).await;
    assert_eq!((nowhere.status, nowhere.error().as_str()), (404, "not_found"));
    let method = api.client.delete("/auth/login", None).await;
    assert_eq!((method.status, method.error().as_str()), (405, "method_not_allowed"));
    assert!(method.header("allow").is_some_and(|allowed| allowed.contains("POST")));
    let fine = api.client.get("/healthz", None).await;
    assert!(fine.header("x-request-id").is_some_and(|id| id.starts_with("req_")));
}

#[tokio::test]
async fn a_body_of_100_megabytes_is_refused() {
    let api = start().await;
    let json_type = [("content-type", "application/json".to_owned())];
    let large = vec![b' '; 100 * 1024 * 1024];
    let refused = api.client.send("POST", "/auth/login", &json_type, &large).await;
    assert_eq!((refused.status, refused.error().as_str()), (413, "payload_too_large"));
}

#[tokio::test]
async fn this_process_says_whether_it_is_ready_and_how_to_call_it() {
    let api = start().await;
    let ready = api.client.get("/readyz", None).await;
    assert_eq!((ready.status, ready.json()["ready"].as_bool()), (200, Some(true)), "{}", ready.text());
    assert_eq!(api.client.get("/metrics", None).await.text(), "# nothing counted\n");
    let document = api.client.get("/openapi.json", None).await.json();
    assert!(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")), "{}", document["openapi"]);
    assert!(document["paths"]["/v1/ledger"].is_object());
    assert!(document["info"]["description"].as_str().is_some_and(|about| about.contains("insufficient_credits")));
    let docs = api.client.get("/docs/index.html", None).await;
    assert_eq!(docs.status, 200);
    assert!(docs.header("content-security-policy").is_some_and(|policy| !policy.contains("unsafe")));
}

#[tokio::test]
async fn pages_have_a_strict_policy_and_nothing_inline() {
    let api = start().await;
    let registered = api.register("ada@example.com").await;
    let cookie = ("cookie", format!("zephyr_access={}", text(&registered["access_token"])));
    for path in ["/login", "/register", "/"] {
        let page = api.client.send("GET", path, std::slice::from_ref(&cookie), b"").await;
        assert_eq!(page.status, 200, "{path}");
        let policy = page.header("content-security-policy").expect("a policy");
        assert!(policy.contains("default-src 'self'") && !policy.contains("unsafe"), "{policy}");
        assert_eq!(page.header("cache-control"), Some("private, no-store"));
        let html = page.text();
        for inline in ["<style", " style=", "<script>", " onclick=", "javascript:"] {
            assert!(!html.contains(inline), "{path} has {inline}");
        }
        let file = html.split('"').find(|part| part.starts_with("/static/zephyr.")).expect("a style sheet");
        let sheet = api.client.get(file, None).await;
        assert_eq!(sheet.header("cache-control"), Some("public, max-age=31536000, immutable"));
    }
    let chinese = api.client.send("GET", "/login", &[("accept-language", "zh-CN,en;q=0.5".into())], b"").await;
    assert!(chinese.text().contains("登录"));
}

#[tokio::test]
async fn the_catalog_is_public_and_tagged() {
    let api = start().await;
    let catalog = api.client.get("/v1/catalog", None).await;
    assert_eq!(catalog.json(), json!({"data": []}));
    let tag = catalog.header("etag").expect("a tag").to_owned();
    assert_eq!(api.client.send("GET", "/v1/catalog", &[("if-none-match", tag)], b"").await.status, 304);
    assert_eq!(api.client.get("/v1/catalog/none", None).await.error(), "model_not_found");
    assert_eq!(api.client.get("/v1/models", None).await.error(), "unauthenticated");
}
