//! The pages of the portal without scripts: forms, what they send, and what a browser gets back.

use domain::{
    id::ModelId,
    model::{Identity, ModelCommand},
    unit::Unit,
};
use serde_json::json;
use store::{Context, Side, Work};
use uuid::Uuid;

use crate::support::{Api, start};

/// Publishes a model that makes pictures.
pub async fn publish(api: &Api) {
    let id = ModelId::from_uuid(Uuid::now_v7());
    for command in model("a-model", "A <b>model</b>") {
        let context = Context { actor: "test".into(), request_id: "test".into() };
        let work = Work { unit: Unit::of(&id, command), context, side: Side::default() };
        let position = api.state.store.execute(work).await.expect("published").position;
        assert!(api.state.follower.reached(position, std::time::Duration::from_secs(10)).await);
    }
}

/// What registers and publishes a model that makes pictures.
pub fn model(name: &str, display_name: &str) -> [ModelCommand; 2] {
    let capability = json!({
        "kind": "text_to_image",
        "param_schema": {
            "$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "required": ["prompt"],
            "additionalProperties": false,
            "properties": {
                "prompt": {"type": "string", "title": "Prompt", "minLength": 1, "maxLength": 400},
                "size": {"enum": ["1K", "2K"], "default": "1K", "title": "Size"},
            },
        },
        "ui_hints": {"layout": "studio", "order": ["prompt", "size"], "result": "images"},
        "pricing": {"rates": [{"meter": "call", "per": 1, "tiers": [{"rate": "0.5"}]}], "rounding": "up_to_micro_credit"},
        "estimate": {},
        "policies": {"disconnect": "charge_full_usage", "overrun": {"policy": "from_balance"},
            "unknown": {"release_after": {"seconds": 900}}, "interactive": false},
        "routes": [{"provider": "ark", "upstream_model": "some-image"}],
    });
    let identity = Identity {
        name: name.into(),
        display_name: display_name.into(),
        provider: "ark".into(),
        description: "Pictures.".into(),
    };
    let capability = Box::new(serde_json::from_value(capability).expect("a capability"));
    [ModelCommand::RegisterModel(identity), ModelCommand::PublishCapability(capability)]
}

#[tokio::test]
async fn a_filled_form_runs_once_without_scripts_and_shows_its_job_and_its_hold() {
    let api = start().await;
    publish(&api).await;
    let (browser, tenant) = api.browser("ada@example.com").await;
    let admin = api.admin().await;
    assert_eq!(api.recharge(&admin, &tenant, "r-1").await.status, 201);

    let market = browser.get("/market?q=pictures&cap=text_to_image").await;
    assert!(
        market.text().contains("/m/a-model") && market.text().contains("A &lt;b&gt;model&lt;/b&gt;"),
        "{}",
        market.text()
    );
    assert!(!browser.get("/market?q=nothing+such").await.text().contains("/m/a-model"));
    let page = browser.get("/m/a-model").await;
    assert_eq!(page.status, 200);
    assert!(page.text().contains("p.prompt") && page.text().contains("p.size"), "{}", page.text());
    let price = browser.send("/m/a-model/text_to_image/price", &[("p.prompt", "a boat"), ("p.size", "2K")]).await;
    assert!(price.text().contains("0.5"), "{}", price.text());

    let form = |prompt: &'static str| {
        [("csrf_token", browser.token.as_str()), ("once", "once-1"), ("p.prompt", prompt), ("p.size", "2K")]
    };
    let path = "/m/a-model/text_to_image/run";
    let unsafe_form = [("csrf_token", "wrong"), ("p.prompt", "a boat")];
    assert_eq!(browser.send_parts(path, &unsafe_form).await.status, 403);
    let wrong = browser.send_parts(path, &form("")).await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.text().contains("aria-describedby") && wrong.text().contains("is required"), "{}", wrong.text());
    let run = browser.send_parts(path, &form("a boat & <script>")).await;
    assert_eq!(run.status, 303, "{}", run.text());
    let job = run.header("location").expect("a job").to_owned();
    let again = browser.send_parts(path, &form("a boat & <script>")).await;
    assert_eq!((again.status, again.header("location")), (303, Some(job.as_str())), "sent twice, it is one job");

    let shown = browser.get(&job).await;
    assert!(
        shown.text().contains("a boat &amp; &lt;script&gt;") && shown.text().contains("0.500000"),
        "{}",
        shown.text()
    );
    let jobs = browser.get("/jobs").await.text();
    assert_eq!(jobs.matches("class=\"id\" href=\"/jobs/").count(), 1, "{jobs}");
    let stopped = browser.send(&format!("{job}/cancel"), &[("csrf_token", &browser.token)]).await;
    assert_eq!(stopped.status, 303);
    let ledger = browser.get("/billing/ledger").await.text();
    assert!(ledger.contains("\u{2212}0.500000") && ledger.contains("+0.500000"), "held and released: {ledger}");
    let today = chrono::Utc::now().format("%Y-%m-%d");
    let of_today = browser.get(&format!("/billing/ledger?from={today}&to={today}")).await.text();
    let link = of_today.split("href=\"").find(|link| link.starts_with("/v1/ledger/export?format=csv"));
    let link = link.and_then(|link| link.split('"').next()).expect("a link to the export").replace("&amp;", "&");
    let exported = browser.get(&link).await;
    assert_eq!(exported.status, 200, "{link}: {}", exported.text());
    assert!(exported.text().contains("0.500000"), "{}", exported.text());
    assert!(browser.get("/billing/ledger?type=release").await.text().contains("+0.500000"));

    let (stranger, _) = api.browser("eve@example.com").await;
    assert_eq!(stranger.get(&job).await.status, 404, "another tenant's job");
}

#[tokio::test]
async fn a_key_is_shown_once_and_ended_by_forms() {
    let api = start().await;
    let (browser, _) = api.browser("ada@example.com").await;
    assert_eq!(browser.send("/keys", &[("csrf_token", "wrong"), ("name", "ci")]).await.status, 403);
    let bad = browser.send("/keys", &[("csrf_token", &browser.token), ("name", "ci"), ("budget", "much")]).await;
    assert_eq!(bad.status, 422, "{}", bad.text());
    let issued = browser.send("/keys", &[("csrf_token", &browser.token), ("name", "ci"), ("budget", "1.5")]).await;
    let (_, rest) =
        issued.text().split_once("<code>zk_live_").map(|(a, b)| (a.to_owned(), b.to_owned())).expect("it is shown");
    let key = format!("zk_live_{}", rest.split('<').next().unwrap_or_default());
    assert_eq!(api.client.get("/v1/account", Some(&key)).await.status, 200);
    let listed = browser.get("/keys").await.text();
    assert!(!listed.contains(&key) && listed.contains(&key[..12]), "only its beginning is shown again");
    let (before, _) = listed.split_once("/revoke\"").expect("it can be ended");
    let path = format!("{}/revoke", before.rsplit('"').next().unwrap_or_default());
    assert_eq!(browser.send(&path, &[("csrf_token", &browser.token)]).await.status, 303);
    assert_eq!(api.client.get("/v1/account", Some(&key)).await.status, 401);
}

#[tokio::test]
async fn every_page_obeys_the_policy_and_nobody_gets_past_the_door() {
    let api = start().await;
    publish(&api).await;
    let (browser, _) = api.browser("ada@example.com").await;
    let pages = [
        "/",
        "/market",
        "/m/a-model",
        "/m/a-model?tab=api",
        "/m/a-model?tab=pricing",
        "/jobs",
        "/assets",
        "/billing",
        "/billing/ledger",
        "/keys",
        "/quickstart",
    ];
    for path in pages {
        let page = browser.get(path).await;
        assert_eq!(page.status, 200, "{path}: {}", page.text());
        let policy = page.header("content-security-policy").unwrap_or_default();
        assert!(policy.contains("style-src 'self'") && !policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(page.header("cache-control"), Some("private, no-store"), "{path}");
        let html = page.text();
        assert!(!html.contains(" style=") && !html.contains("<script>") && !html.contains(" onclick="), "{path}");
        assert_eq!(html.matches("<h1").count(), 1, "{path}");
        assert!(html.len() < 200 * 1024, "{path}: {} bytes", html.len());
        let nobody = api.client.browse("GET", path, "", None).await;
        let open = path == "/market" || path.starts_with("/m/");
        assert_eq!(nobody.status, if open { 200 } else { 303 }, "{path}");
    }
    let part = api.client.browse("GET", "/_f/jobs/job_1/state", "hx", None).await;
    assert_eq!(part.status, 303, "without htmx it is a page like any other");
    assert_eq!(browser.get("/m/no-such-model").await.status, 404);
    assert_eq!(browser.get("/jobs?status=strange").await.status, 422);
    assert_eq!(browser.get("/billing/ledger?from=yesterday").await.status, 422);
}

#[tokio::test]
async fn theme_and_language_are_kept_in_the_browser() {
    let api = start().await;
    let chosen = api
        .client
        .browse(
            "POST",
            "/preferences",
            "",
            Some(("application/x-www-form-urlencoded", "theme=dark&back=%2Fmarket%3Fq%3Da".into())),
        )
        .await;
    assert_eq!((chosen.status, chosen.header("location")), (303, Some("/market?q=a")));
    assert!(chosen.header("set-cookie").is_some_and(|cookie| cookie.starts_with("zephyr_theme=dark;")));
    let dark = api.client.browse("GET", "/market", "zephyr_theme=dark; zephyr_lang=zh-CN", None).await.text();
    assert!(
        dark.contains("data-theme=\"dark\"") && dark.contains("lang=\"zh-CN\"") && dark.contains("模型市场"),
        "{dark}"
    );
    let away = api
        .client
        .browse(
            "POST",
            "/preferences",
            "",
            Some(("application/x-www-form-urlencoded", "lang=en&back=//evil.example".into())),
        )
        .await;
    assert_eq!(away.header("location"), Some("/"));
}
