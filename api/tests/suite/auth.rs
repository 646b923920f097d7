//! Logging in and out: registration, rotation of refresh tokens, limits, and requests that cookies speak for.

use crate::support::{start, text};
use serde_json::json;

#[tokio::test]
async fn a_person_registers_logs_in_and_out() {
    let api = start().await;
    let registered = api.register("ada@example.com").await;
    assert_eq!(registered["user"]["tenants"][0]["role"], "owner");
    let token = text(&registered["access_token"]);
    assert_eq!(api.client.get("/auth/me", Some(&token)).await.json()["email"], "ada@example.com");
    let account = api.client.get("/v1/account", Some(&token)).await.json();
    assert_eq!((account["available"].as_str(), account["held"].as_str()), (Some("0"), Some("0")));

    let again = json!({"email": "ADA@example.com", "password": "correct horse"});
    assert_eq!(api.client.post("/auth/register", None, &again).await.error(), "email_taken");
    let wrong = json!({"email": "ada@example.com", "password": "wrong horse"});
    assert_eq!(api.client.post("/auth/login", None, &wrong).await.error(), "invalid_credentials");
    let login = api.client.post("/auth/login", None, &again).await;
    assert_eq!(login.status, 200);
    assert!(login.header("x-ratelimit-remaining-requests").is_some());
    let second = text(&login.json()["access_token"]);

    assert_eq!(api.client.post("/auth/logout", Some(&second), &json!({})).await.status, 204);
    assert_eq!(api.client.get("/auth/me", Some(&second)).await.error(), "session_ended");
    assert_eq!(api.client.get("/auth/me", Some(&token)).await.status, 200, "the other session goes on");
    assert_eq!(api.client.get("/auth/me", None).await.error(), "unauthenticated");
    assert_eq!(api.client.get("/auth/me", Some("nonsense")).await.error(), "session_ended");
}

#[tokio::test]
async fn a_refresh_token_gives_one_successor_and_its_late_return_ends_the_family() {
    let api = start().await;
    let registered = api.register("ada@example.com").await;
    let renew = |token: String| {
        let client = api.client.clone();
        async move { client.post("/auth/refresh", None, &json!({"refresh_token": token})).await }
    };
    let first = text(&registered["refresh_token"]);
    let (one, two) = tokio::join!(renew(first.clone()), renew(first.clone()));
    let successor = text(&one.json()["refresh_token"]);
    assert_eq!(successor, text(&two.json()["refresh_token"]), "two tabs get the same");

    let pool = api.state.store.pool();
    let back = "update refresh_tokens set used_at = used_at - interval '31 seconds' where used_at is not null";
    sqlx::query(back).execute(pool).await.expect("time passes");
    assert_eq!(renew(first).await.error(), "session_ended");
    assert_eq!(renew(successor).await.error(), "session_ended", "the whole family is revoked");
}

#[tokio::test]
async fn log_in_is_limited_and_says_when_to_come_back() {
    let api = start().await;
    let body = json!({"email": "nobody@example.com", "password": "wrong horse"});
    let mut last = api.client.post("/auth/login", None, &body).await;
    for _ in 0..api::request::throttle::AUTH_PER_EMAIL {
        last = api.client.post("/auth/login", None, &body).await;
    }
    assert_eq!((last.status, last.error().as_str()), (429, "rate_limited"));
    let wait: u64 = last.header("retry-after").and_then(|text| text.parse().ok()).expect("whole seconds");
    assert!((1..=60).contains(&wait), "{wait}");
    assert_eq!(last.header("x-ratelimit-remaining-requests"), Some("0"));
}

#[tokio::test]
async fn cookies_need_the_token_and_an_origin_of_ours() {
    let api = start().await;
    let page = api.client.get("/register", None).await;
    let visitor = page.cookies();
    let token = field(&page.text());
    let form = format!("email=ada%40example.com&password=correct+horse&display_name=Ada&csrf_token={token}");
    let cookie = |value: &str| ("cookie", value.to_owned());

    let without = form.replace(&token, "0");
    assert_eq!(api.client.form("/register", &[cookie(&visitor)], &without).await.status, 403);
    let foreign = [cookie(&visitor), ("origin", "https://evil.example".into())];
    assert_eq!(api.client.form("/register", &foreign, &form).await.status, 403);
    let cross = [cookie(&visitor), ("sec-fetch-site", "cross-site".into())];
    assert_eq!(api.client.form("/register", &cross, &form).await.status, 403);
    let entered = api.client.form("/register", &[cookie(&visitor)], &form).await;
    assert_eq!((entered.status, entered.header("location")), (303, Some("/")), "{}", entered.text());
    let session = entered.cookies();

    let overview = api.client.send("GET", "/", &[cookie(&session)], b"").await;
    assert_eq!(overview.status, 200, "{}", overview.text());
    let token = field(&overview.text());
    let key = br#"{"name":"mine"}"#;
    let json = || ("content-type", "application/json".to_owned());
    let refused = api.client.send("POST", "/v1/keys", &[cookie(&session), json()], key).await;
    assert_eq!(refused.error(), "csrf_refused");
    let own = [cookie(&session), json(), ("x-csrf-token", token.clone())];
    assert_eq!(api.client.send("POST", "/v1/keys", &own, key).await.status, 201);

    let left = api.client.form("/logout", &[cookie(&session)], &format!("csrf_token={token}")).await;
    assert_eq!(left.header("location"), Some("/login"));
    let after = api.client.send("GET", "/", &[cookie(&session)], b"").await;
    assert_eq!(after.header("location"), Some("/login"));
}

#[tokio::test]
async fn a_browser_with_an_old_access_token_is_renewed_on_the_way() {
    let api = start().await;
    let registered = api.register("ada@example.com").await;
    let only_refresh = format!("zephyr_refresh={}", text(&registered["refresh_token"]));
    let overview = api.client.send("GET", "/", &[("cookie", only_refresh)], b"").await;
    assert_eq!(overview.status, 200);
    assert!(overview.cookies().contains("zephyr_access="), "{}", overview.cookies());
}

fn field(page: &str) -> String {
    let (_, rest) = page.split_once("name=\"csrf_token\" value=\"").expect("a form");
    rest.split('"').next().expect("a value").to_owned()
}
