//! What limits a caller: its rates and the headers that tell of them, the scopes of its key, and other origins.

use std::collections::BTreeSet;

use api::caller::scope::{Need, ROUTES, SCOPES};
use domain::{tenant::TenantCommand, tenant::TenantLimits, unit::Unit};
use serde_json::{Value, json};

use crate::support::{Answer, Api, start, start_with, text};

/// A person's token, and their tenant.
async fn owner(api: &Api) -> (String, String) {
    let person = api.register("ada@example.com").await;
    (text(&person["access_token"]), text(&person["user"]["tenants"][0]["id"]))
}

/// A new key, and its id.
async fn key(api: &Api, token: &str, new: &Value) -> (String, String) {
    let issued = api.client.post("/v1/keys", Some(token), new).await;
    assert_eq!(issued.status, 201, "{}", issued.text());
    (text(&issued.json()["key"]), text(&issued.json()["id"]))
}

/// What an answer says of a limit: how many, how many are left, in how many seconds the oldest come back.
fn told(answer: &Answer, unit: &str) -> Option<(u64, u64, u64)> {
    let header = |what: &str| answer.header(&format!("x-ratelimit-{what}-{unit}"));
    let number = |what: &str| header(what)?.parse().ok();
    let (minutes, seconds) = header("reset")?
        .trim_end_matches('s')
        .split_once('m')
        .unwrap_or_else(|| ("0", header("reset").expect("it is there").trim_end_matches('s')));
    let reset = minutes.parse::<u64>().ok()? * 60 + seconds.parse::<u64>().ok()?;
    Some((number("limit")?, number("remaining")?, reset))
}

#[tokio::test]
async fn a_key_asks_as_often_as_it_may_and_hears_what_is_left() {
    let api = start().await;
    let (token, _) = owner(&api).await;
    let (limited, id) = key(&api, &token, &json!({"name": "slow", "requests_per_minute": 3})).await;
    let (other, _) = key(&api, &token, &json!({"name": "free"})).await;
    for left in [2, 1, 0] {
        let answer = api.client.get("/v1/account", Some(&limited)).await;
        let (limit, remaining, reset) = told(&answer, "requests").expect("the headers");
        assert_eq!((answer.status, limit, remaining), (200, 3, left));
        assert!((1..=61).contains(&reset), "{reset}");
    }
    let refused = api.client.get("/v1/account", Some(&limited)).await;
    let wait: u64 = refused.header("retry-after").expect("when").parse().expect("whole seconds");
    assert_eq!((refused.status, refused.error().as_str()), (429, "rate_limit_exceeded"));
    assert_eq!(told(&refused, "requests"), Some((3, 0, wait)));
    assert!((1..=61).contains(&wait), "{wait}");
    let free = api.client.get("/v1/account", Some(&other)).await;
    assert_eq!((free.status, told(&free, "requests")), (200, None), "another key has no limit");

    let path = format!("/v1/keys/{id}");
    let raised = patch(&api, &token, &path, &json!({"requests_per_minute": 5})).await;
    assert_eq!(raised.json()["requests_per_minute"], 5, "{}", raised.text());
    assert_eq!(told(&api.client.get("/v1/account", Some(&limited)).await, "requests").map(|told| told.1), Some(1));
    let lifted = patch(&api, &token, &path, &json!({"requests_per_minute": null})).await;
    assert_eq!(
        (lifted.json()["requests_per_minute"].clone(), lifted.json()["name"].as_str()),
        (Value::Null, Some("slow"))
    );
    assert_eq!(api.client.get("/v1/account", Some(&limited)).await.status, 200);
}

async fn patch(api: &Api, token: &str, path: &str, body: &Value) -> Answer {
    let headers = [("authorization", format!("Bearer {token}")), ("content-type", "application/json".to_owned())];
    api.client.send("PATCH", path, &headers, body.to_string().as_bytes()).await
}

#[tokio::test]
async fn a_tenants_limit_counts_its_keys_and_people_together_and_a_refusal_costs_a_key_nothing() {
    let api = start().await;
    let (token, tenant) = owner(&api).await;
    let (limited, _) = key(&api, &token, &json!({"name": "ci", "requests_per_minute": 10})).await;
    let limits = TenantLimits { requests_per_minute: Some(2), tokens_per_minute: Some(500), ..Default::default() };
    let unit = Unit::of(&tenant, TenantCommand::ChangeLimits(limits));
    let done = api.state.store.execute(store::Work { unit, ..Default::default() }).await.expect("they are set");
    assert!(api.state.follower.reached(done.position, std::time::Duration::from_secs(5)).await);
    let by_key = api.client.get("/v1/account", Some(&limited)).await;
    assert_eq!(told(&by_key, "requests").map(|told| (told.0, told.1)), Some((2, 1)), "the one that leaves least");
    assert_eq!(told(&by_key, "tokens"), Some((500, 500, 0)));
    let by_person = api.client.get("/v1/account", Some(&token)).await;
    assert_eq!(told(&by_person, "requests").map(|told| (told.0, told.1)), Some((2, 0)));
    let refused = api.client.get("/v1/account", Some(&limited)).await;
    assert_eq!((refused.status, refused.json()["error"]["details"]["of"].as_str()), (429, Some("tenant")));
    let unit = Unit::of(&tenant, TenantCommand::ChangeLimits(TenantLimits::default()));
    let done = api.state.store.execute(store::Work { unit, ..Default::default() }).await.expect("they are set");
    assert!(api.state.follower.reached(done.position, std::time::Duration::from_secs(5)).await);
    let later = api.client.get("/v1/account", Some(&limited)).await;
    assert_eq!(told(&later, "requests").map(|told| (told.0, told.1)), Some((10, 8)), "two were counted, not three");
}

#[tokio::test]
async fn without_the_shared_windows_reading_goes_on_and_nothing_begins() {
    let nowhere = limits::Limits::redis("redis://127.0.0.1:1/0").await.expect("a URL");
    let api = start_with(|parts| parts.limits = nowhere).await;
    let user = api.user("ada@example.com").await;
    let key = api.key_of_a_tenant(&user, |key| key.requests_per_minute = Some(3)).await;
    let read = api.client.get("/v1/account", Some(&key)).await;
    assert_eq!((read.status, told(&read, "requests")), (200, None), "what is not known is not told");
    let begun = api.client.post("/v1/jobs", Some(&key), &json!({})).await;
    assert_eq!((begun.status, begun.error().as_str(), begun.header("retry-after")), (503, "unavailable", Some("1")));
}

/// The paths and methods of the router, as its source names them.
fn routes() -> BTreeSet<(String, String)> {
    let source = include_str!("../../src/router.rs");
    let mut found = BTreeSet::new();
    for part in source.split(".route(").skip(1) {
        let part = part.split("\n        .").next().expect("a part");
        // Pages name their paths by constants, and are no API.
        let Some(path) = part.trim_start().strip_prefix('"').and_then(|rest| rest.split('"').next()) else { continue };
        for method in ["get", "post", "put", "patch", "delete"] {
            if part.contains(&format!("{method}(")) {
                found.insert((path.to_owned(), method.to_ascii_uppercase()));
            }
        }
    }
    found
}

#[tokio::test]
async fn every_route_of_the_api_asks_for_its_scope() {
    let api = start().await;
    let (token, _) = owner(&api).await;
    let known: BTreeSet<_> = ROUTES.iter().map(|(path, method, _)| ((*path).to_owned(), method.to_string())).collect();
    let mut refused = 0;
    for (path, method) in routes().into_iter().filter(|(path, _)| path.starts_with("/v1/")) {
        assert!(known.contains(&(path.clone(), method.clone())), "{method} {path} has no scope in the table");
        let need = ROUTES.iter().find(|(of, by, _)| *of == path && *by == method.as_str()).expect("it is known").2;
        let (needed, others): (Vec<&str>, Vec<&str>) = match need {
            Need::Nothing => continue,
            Need::Person => (vec![], vec![]),
            Need::OneOf(scopes) => SCOPES.into_iter().partition(|scope| scopes.contains(scope)),
        };
        let (lacking, _) = key(&api, &token, &json!({"name": "lacking", "scopes": others})).await;
        let answer = call(&api, &method, &path, &lacking).await;
        assert_eq!((answer.status, answer.error().as_str()), (403, "forbidden"), "{method} {path}");
        refused += 1;
        if let Some(scope) = needed.first() {
            let (able, _) = key(&api, &token, &json!({"name": "able", "scopes": [scope]})).await;
            let answer = call(&api, &method, &path, &able).await;
            assert!(![401, 403].contains(&answer.status), "{method} {path}: {}", answer.text());
        }
    }
    assert!(refused > 20, "only {refused} routes were found");
}

async fn call(api: &Api, method: &str, path: &str, key: &str) -> Answer {
    let path = path.replace("{id}", "job_01j0000000e008000000000001");
    let mut headers = vec![("authorization", format!("Bearer {key}"))];
    let body = if method == "GET" || method == "DELETE" { "" } else { "{}" };
    if !body.is_empty() {
        headers.push(("content-type", "application/json".to_owned()));
    }
    api.client.send(method, &path, &headers, body.as_bytes()).await
}

#[tokio::test]
async fn a_listed_origin_may_call_and_read_the_headers_that_matter() {
    let api = start_with(|parts| parts.settings.cors_origins = vec!["https://app.example.com".to_owned()]).await;
    let preflight = |origin: &'static str, method: &'static str| {
        let headers = [
            ("origin", origin.to_owned()),
            ("access-control-request-method", method.to_owned()),
            (
                "access-control-request-headers",
                "authorization,content-type,idempotency-key,x-stainless-lang".to_owned(),
            ),
        ];
        let client = api.client.clone();
        async move { client.send("OPTIONS", "/v1/chat/completions", &headers, b"").await }
    };
    for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
        let answer = preflight("https://app.example.com", method).await;
        assert_eq!(answer.header("access-control-allow-origin"), Some("https://app.example.com"));
        assert!(answer.header("access-control-allow-methods").is_some_and(|methods| methods.contains(method)));
        let allowed = answer.header("access-control-allow-headers").expect("headers");
        assert!(allowed.contains("authorization") && allowed.contains("x-stainless-lang"), "{allowed}");
        assert_eq!(answer.header("access-control-allow-credentials"), None, "cookies are never shared");
    }
    assert_eq!(preflight("https://evil.example.com", "POST").await.header("access-control-allow-origin"), None);
    let origin = [("origin", "https://app.example.com".to_owned())];
    let refused = api.client.send("GET", "/v1/models", &origin, b"").await;
    let allowed = refused.header("access-control-allow-origin");
    assert_eq!((refused.status, allowed), (401, Some("https://app.example.com")), "refusals can be read too");
    let answer = api.client.send("GET", "/v1/catalog", &origin, b"").await;
    let exposed = answer.header("access-control-expose-headers").expect("names").to_ascii_lowercase();
    let named: BTreeSet<&str> = exposed.split(',').map(str::trim).collect();
    for name in ["x-request-id", "x-zephyr-cost", "x-zephyr-job-id", "retry-after", "x-should-retry"] {
        assert!(named.contains(name), "{name} is not exposed: {exposed}");
    }
    for unit in ["requests", "tokens"] {
        for what in ["limit", "remaining", "reset"] {
            assert!(named.contains(format!("x-ratelimit-{what}-{unit}").as_str()), "{exposed}");
        }
    }
}
