//! The catalog through HTTP: publishing with its lints, history, differences, roll-backs, deprecations, files; quotes; and refused
//! requests that say what would be right.

use crate::support::{Answer, Api, start, text};
use serde_json::{Value, json};

const MODEL: &str = "/admin/api/models/test-chat";

/// A chat that costs so many credits a call, in one of two tones.
fn chat(rate: &str) -> Value {
    json!({
        "kind": "chat",
        "param_schema": {"type": "object", "required": ["messages"], "additionalProperties": false, "properties": {
            "messages": {"type": "array"},
            "tone": {"type": "string", "enum": ["plain", "warm"], "default": "plain"},
            "length": {"type": "string", "enum": ["short", "long"], "default": "short"}},
            "if": {"properties": {"length": {"const": "long"}}}, "then": {"properties": {"tone": {"enum": ["plain"]}}}},
        "ui_hints": {"layout": "chat", "examples": [
            {"title": "Hello", "params": {"messages": [{"role": "user", "content": "hello"}]}}]},
        "pricing": {"rates": [{"meter": "call", "tiers": [{"rate": rate}]}]},
        "estimate": {},
        "policies": {"interactive": true},
        "routes": [{"provider": "ark", "upstream_model": "some-model"}]
    })
}

fn request(params: Value) -> Value {
    json!({"model": "test-chat", "capability": "chat", "params": params})
}

fn hello() -> Value {
    json!({"messages": [{"role": "user", "content": "hello"}]})
}

/// An API with a provider and a model, its admin, and a person with credits.
struct Shop {
    api: Api,
    admin: String,
    person: String,
}

impl Shop {
    async fn open() -> Self {
        let api = start().await;
        let registered = api.register("ada@example.com").await;
        let (person, tenant) = (text(&registered["access_token"]), text(&registered["user"]["tenants"][0]["id"]));
        let admin = api.admin().await;
        let shop = Self { api, admin, person };
        let provider = json!({"name": "ark", "adapter": "ark", "base_url": "http://127.0.0.1:9"});
        assert_eq!(shop.ask("/admin/api/providers", &provider).await.status, 201);
        assert_eq!(shop.ask("/admin/api/providers", &provider).await.status, 200, "again, it changes nothing");
        let model = json!({"name": "test-chat", "display_name": "Test", "provider": "ark"});
        assert_eq!(shop.ask("/admin/api/models", &model).await.status, 201);
        assert_eq!(shop.ask("/admin/api/models", &model).await.status, 200, "again, it changes nothing");
        assert_eq!(shop.api.recharge(&shop.admin, &tenant, "first").await.status, 201);
        shop
    }

    /// The admin asks.
    async fn ask(&self, path: &str, body: &Value) -> Answer {
        self.api.client.post(path, Some(&self.admin), body).await
    }

    /// The admin publishes a price.
    async fn publish(&self, rate: &str) -> Value {
        let answer = self.ask(&format!("{MODEL}/capabilities"), &json!({"capability": chat(rate)})).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    /// The person asks.
    async fn estimate(&self, params: Value) -> Answer {
        self.api.client.post("/v1/estimates", Some(&self.person), &request(params)).await
    }

    async fn job(&self, params: Value, quote: &Value) -> Answer {
        let mut body = request(params);
        body["quote"] = quote.clone();
        self.api.client.post("/v1/jobs", Some(&self.person), &body).await
    }
}

#[tokio::test]
async fn a_capability_is_published_compared_and_rolled_back() {
    let shop = Shop::open().await;
    let dry =
        shop.ask(&format!("{MODEL}/capabilities"), &json!({"capability": chat("1"), "dry_run": true})).await.json();
    assert_eq!((&dry["published"], &dry["version"], &dry["issues"]), (&json!(false), &json!(1), &json!([])), "{dry}");
    assert_eq!(shop.estimate(hello()).await.error(), "model_not_found");
    let first = shop.publish("1").await;
    assert_eq!((&first["published"], &first["version"]), (&json!(true), &json!(1)));
    assert_eq!(shop.publish("1").await["published"], false);
    let second = shop.publish("2").await;
    assert_eq!(second["diff"]["pricing"]["changes"][0]["path"], "/rates/0/tiers/0/rate", "{second}");
    let diff = format!("{MODEL}/capabilities/chat/diff?from=1&to=2");
    let diff = shop.api.client.get(&diff, Some(&shop.admin)).await.json();
    assert_eq!(diff["pricing"]["changes"][0]["after"], "2");
    assert_eq!(shop.estimate(hello()).await.json()["hold"], "2");
    let back = format!("{MODEL}/capabilities/chat/rollback");
    let done = shop.ask(&back, &json!({"version": 1})).await.json();
    assert_eq!((&done["published"], &done["version"]), (&json!(true), &json!(3)));
    assert_eq!(shop.ask(&back, &json!({"version": 1})).await.json()["published"], false);
    assert_eq!(shop.estimate(hello()).await.json()["hold"], "1");
    assert_eq!(shop.ask(&back, &json!({"version": 9})).await.error(), "not_found");
    let history = format!("{MODEL}/capabilities/chat/versions");
    let history = shop.api.client.get(&history, Some(&shop.admin)).await.json();
    let versions: Vec<_> = history["data"].as_array().expect("rows").iter().map(|row| row["version"].clone()).collect();
    assert_eq!(versions, [json!(3), json!(2), json!(1)]);
    assert!(history["data"][0]["by"].as_str().expect("a person").starts_with("usr_"));
    assert_eq!(shop.ask(&format!("{MODEL}/capabilities/chat/retire"), &json!({})).await.status, 200);
    assert_eq!(shop.estimate(hello()).await.error(), "model_not_found");
}

#[tokio::test]
async fn what_lint_finds_is_told_and_nothing_is_published() {
    let shop = Shop::open().await;
    let path = format!("{MODEL}/capabilities");
    let mut broken = chat("-1");
    broken["routes"][0]["provider"] = json!("nobody");
    broken["param_schema"]["properties"]["tone"]["default"] = json!("rude");
    let refused = shop.ask(&path, &json!({"capability": broken})).await;
    assert_eq!((refused.status, refused.error().as_str()), (422, "capability_unfit"));
    let issues = refused.json()["error"]["details"]["issues"].clone();
    let paths: Vec<_> = issues.as_array().expect("issues").iter().filter_map(|issue| issue["path"].as_str()).collect();
    for path in ["routes.0.provider", "pricing", "param_schema.tone"] {
        assert!(paths.contains(&path), "{issues}");
    }
    let dry = shop.ask(&path, &json!({"capability": broken, "dry_run": true})).await;
    assert_eq!((dry.status, dry.json()["issues"].clone()), (200, issues));
    shop.publish("1").await;
    let routes = json!({"routes": [{"provider": "nobody", "upstream_model": "x"}]});
    assert_eq!(shop.ask(&format!("{path}/chat/routes"), &routes).await.error(), "capability_unfit");
    let routes = json!({"routes": [{"provider": "ark", "upstream_model": "other"}]});
    let routed = shop.ask(&format!("{path}/chat/routes"), &routes).await.json();
    assert_eq!(routed["capabilities"][0]["routes"][0]["upstream_model"], "other");
    assert_eq!(shop.publish("1").await["published"], false, "publishing the same does not undo the routes");
}

#[tokio::test]
async fn a_quote_is_honoured_when_the_price_has_changed_and_for_its_request_only() {
    let shop = Shop::open().await;
    shop.publish("1").await;
    let estimate = shop.estimate(hello()).await.json();
    let quote = estimate["quote"].clone();
    let until: chrono::DateTime<chrono::Utc> = text(&estimate["quote_expires_at"]).parse().expect("a time");
    assert!(until > chrono::Utc::now() + chrono::TimeDelta::minutes(9), "{estimate}");
    shop.publish("2").await;
    for _ in 0..2 {
        let job = shop.job(hello(), &quote).await;
        assert_eq!(job.status, 202, "{}", job.text());
        assert_eq!((&job.json()["cost"]["held"], &job.json()["price_version"]), (&json!("1"), &json!(1)));
    }
    let unquoted = shop.job(hello(), &Value::Null).await.json();
    assert_eq!((&unquoted["cost"]["held"], &unquoted["price_version"]), (&json!("2"), &json!(2)));
    let mut other = hello();
    other["tone"] = json!("warm");
    let mismatch = shop.job(other, &quote).await;
    assert_eq!((mismatch.status, mismatch.error().as_str()), (422, "quote_mismatch"));
    assert_eq!(shop.job(hello(), &json!("qt_forged.forged")).await.error(), "quote_invalid");
    let eve = text(&shop.api.register("eve@example.com").await["access_token"]);
    let mut stolen = request(hello());
    stolen["quote"] = quote;
    assert_eq!(shop.api.client.post("/v1/jobs", Some(&eve), &stolen).await.error(), "quote_mismatch");
    shop.ask(&format!("{MODEL}/disable"), &json!({})).await;
    assert_eq!(shop.job(hello(), &stolen["quote"]).await.error(), "model_not_found", "a quote opens no closed door");
}

#[tokio::test]
async fn a_compatible_route_takes_a_quote_as_a_header() {
    let shop = Shop::open().await;
    shop.publish("1").await;
    let quote = text(&shop.estimate(hello()).await.json()["quote"]);
    let ask = async |messages: Value, quote: String| {
        let headers = [
            ("authorization", format!("Bearer {}", shop.person)),
            ("content-type", "application/json".to_owned()),
            ("x-zephyr-quote", quote),
        ];
        let body = json!({"model": "test-chat", "messages": messages}).to_string();
        shop.api.client.send("POST", "/v1/chat/completions", &headers, body.as_bytes()).await
    };
    let (right, other) = (hello()["messages"].clone(), json!([{"role": "user", "content": "other"}]));
    let forged = ask(right.clone(), "qt_forged.forged".to_owned()).await;
    assert_eq!((forged.status, forged.error().as_str()), (400, "quote_invalid"));
    let mismatch = ask(other, quote.clone()).await;
    assert_eq!((mismatch.status, mismatch.error().as_str()), (400, "quote_mismatch"));
    // The quote is taken, and only then a key of the provider is looked for, of which there is none.
    assert_eq!(ask(right, quote).await.error(), "no_healthy_key");
}

#[tokio::test]
async fn a_deprecated_capability_says_so_and_is_refused_after_its_date() {
    let shop = Shop::open().await;
    shop.publish("1").await;
    let path = format!("{MODEL}/capabilities/chat/deprecate");
    let past = json!({"sunset_at": "2020-01-01T00:00:00Z"});
    assert_eq!(shop.ask(&path, &past).await.error(), "invalid_parameter");
    let nowhere = json!({"sunset_at": "2099-01-01T00:00:00Z", "replacement": "nowhere"});
    assert_eq!(shop.ask(&path, &nowhere).await.error(), "invalid_parameter");
    let model = json!({"name": "new-chat", "display_name": "New", "provider": "ark"});
    shop.ask("/admin/api/models", &model).await;
    shop.ask("/admin/api/models/new-chat/capabilities", &json!({"capability": chat("1")})).await;
    let far = json!({"sunset_at": "2099-01-02T03:04:05Z", "replacement": "new-chat"});
    for _ in 0..2 {
        assert_eq!(shop.ask(&path, &far).await.status, 200);
    }
    let used = shop.estimate(hello()).await;
    assert_eq!((used.status, used.header("sunset")), (200, Some("Fri, 02 Jan 2099 03:04:05 GMT")));
    assert!(used.header("deprecation").is_some_and(|since| since.starts_with('@')));
    assert_eq!(used.header("link"), Some("</v1/catalog/new-chat>; rel=\"successor-version\""));
    let shown = shop.api.client.get("/v1/catalog/test-chat", None).await.json();
    assert_eq!(
        (&shown["status"], &shown["capabilities"][0]["deprecation"]["replacement"]),
        (&json!("deprecated"), &json!("new-chat"))
    );
    let listed = shop.api.client.get("/v1/models/test-chat", Some(&shop.person)).await.json();
    assert_eq!(
        (&listed["shutdown_date"], &listed["deprecations"]["chat"]["replacement"]),
        (&json!("2099-01-02"), &json!("new-chat"))
    );
    let soon = chrono::Utc::now() + chrono::TimeDelta::seconds(2);
    assert_eq!(shop.ask(&path, &json!({"sunset_at": soon, "replacement": "new-chat"})).await.status, 200);
    let ends = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
    let refused = loop {
        let answer = shop.estimate(hello()).await;
        if answer.status != 200 {
            break answer;
        }
        assert!(tokio::time::Instant::now() < ends, "it is refused after its date");
    };
    assert_eq!((refused.status, refused.error().as_str()), (410, "capability_sunset"));
    assert_eq!(refused.json()["error"]["details"]["replacement"], "new-chat");
    assert_eq!(shop.job(hello(), &Value::Null).await.error(), "capability_sunset");
    assert_eq!(shop.api.client.delete(&path, Some(&shop.admin)).await.status, 200);
    assert_eq!(shop.estimate(hello()).await.status, 200);
}

#[tokio::test]
async fn an_export_is_imported_without_a_change_and_each_model_all_or_not_at_all() {
    let shop = Shop::open().await;
    shop.publish("1").await;
    let mut file = shop.api.client.get("/admin/api/catalog/export", Some(&shop.admin)).await.json();
    let again = shop.ask("/admin/api/catalog/import", &file).await.json();
    assert_eq!((&again["refused"], &again["data"][0]["result"]), (&json!(0), &json!("unchanged")), "{again}");
    let mut fresh = file["models"][0].clone();
    fresh["name"] = json!("fresh-chat");
    let mut broken = fresh.clone();
    broken["name"] = json!("broken-chat");
    let mut unpriced = chat("1");
    unpriced["kind"] = json!("embedding");
    unpriced["pricing"]["rates"] = json!([]);
    broken["capabilities"] = json!([chat("1"), unpriced]);
    file["models"] = json!([file["models"][0], broken, fresh]);
    file["dry_run"] = json!(true);
    let dry = shop.ask("/admin/api/catalog/import", &file).await.json();
    file["dry_run"] = json!(false);
    let done = shop.ask("/admin/api/catalog/import", &file).await.json();
    assert_eq!(done["data"], dry["data"], "a dry run tells what would happen");
    let results: Vec<_> = done["data"].as_array().expect("rows").iter().map(|row| row["result"].clone()).collect();
    assert_eq!(results, [json!("unchanged"), json!("refused"), json!("changed")]);
    assert_eq!(shop.api.client.get("/admin/api/models/broken-chat", Some(&shop.admin)).await.status, 404);
    assert_eq!(shop.api.client.get("/v1/catalog/fresh-chat", None).await.status, 200);
    let third = shop.ask("/admin/api/catalog/import", &file).await.json();
    assert_eq!(third["data"][2]["result"], "unchanged");
}

#[tokio::test]
async fn a_refused_request_names_what_is_allowed_and_the_nearest_valid_one() {
    let shop = Shop::open().await;
    shop.publish("1").await;
    let mut params = hello();
    (params["length"], params["tone"]) = (json!("long"), json!("warm"));
    let refused = shop.estimate(params.clone()).await;
    assert_eq!((refused.status, refused.error().as_str()), (422, "invalid_parameter"));
    let error = refused.json()["error"].clone();
    assert_eq!(
        (&error["param"], &error["details"]["errors"][0]["allowed"]),
        (&json!("tone"), &json!(["plain"])),
        "{error}"
    );
    params["tone"] = json!("plain");
    assert_eq!(error["details"]["nearest"], params);
    assert_eq!(shop.estimate(error["details"]["nearest"].clone()).await.status, 200);
    assert!(text(&error["message"]).ends_with("the nearest valid request: tone \"plain\""), "{error}");
    let mut body = json!({"model": "test-chat", "tnoe": "warm"});
    body["messages"] = hello()["messages"].clone();
    let compatible = shop.api.client.post("/v1/chat/completions", Some(&shop.person), &body).await;
    assert_eq!(compatible.status, 400);
    assert!(
        text(&compatible.json()["error"]["message"]).contains("without tnoe") || compatible.text().contains("tone"),
        "{}",
        compatible.text()
    );
}

#[tokio::test]
async fn the_catalog_has_strong_tags_and_names_its_dialect() {
    let shop = Shop::open().await;
    shop.publish("1").await;
    let first = shop.api.client.get("/v1/catalog", None).await;
    let tag = first.header("etag").expect("a tag").to_owned();
    assert!(tag.starts_with('"'), "{tag}");
    let schema = &first.json()["data"][0]["capabilities"][0]["param_schema"];
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    let again = shop.api.client.send("GET", "/v1/catalog", &[("if-none-match", tag.clone())], b"").await;
    assert_eq!((again.status, again.text().as_str()), (304, ""));
    shop.publish("2").await;
    let changed = shop.api.client.send("GET", "/v1/catalog", &[("if-none-match", tag.clone())], b"").await;
    assert_eq!(changed.status, 200);
    assert_ne!(changed.header("etag"), Some(tag.as_str()));
}

#[tokio::test]
async fn only_admins_change_the_catalog() {
    let shop = Shop::open().await;
    let (client, person) = (&shop.api.client, Some(shop.person.as_str()));
    for path in ["/admin/api/models", "/admin/api/providers", "/admin/api/catalog/export"] {
        assert_eq!(client.get(path, person).await.error(), "forbidden", "{path}");
        assert_eq!(client.get(path, None).await.error(), "unauthenticated", "{path}");
    }
    for path in [MODEL, "/admin/api/catalog/import", "/admin/api/providers/ark/pause"] {
        let path = if path == MODEL { format!("{MODEL}/disable") } else { path.to_owned() };
        assert_eq!(
            client.post(&path, person, &json!({"models": [], "reason": "x"})).await.error(),
            "forbidden",
            "{path}"
        );
    }
    let paused = shop.ask("/admin/api/providers/ark/pause", &json!({"reason": "an incident"})).await.json();
    assert_eq!(paused["paused"], "an incident");
    assert_eq!(shop.ask("/admin/api/providers/ark/resume", &json!({})).await.json()["paused"], Value::Null);
    let moved = json!({"base_url": "http://127.0.0.1:10/"});
    assert_eq!(shop.ask("/admin/api/providers/ark/settings", &moved).await.json()["base_url"], "http://127.0.0.1:10");
    let unknown = json!({"adapter": "telepathy"});
    assert_eq!(shop.ask("/admin/api/providers/ark/settings", &unknown).await.error(), "invalid_parameter");
}
