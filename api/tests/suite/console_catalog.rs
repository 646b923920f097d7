//! The catalog in the console, without scripts: drafts come back as they were typed, publishing is what the market shows,
//! auditors only look, and five hundred models fit into a page.

use std::time::Instant;

use domain::{
    capability::CapabilityKind,
    model::{CatalogEntry, ModelCommand, model_id},
    unit::Unit,
};
use serde_json::{Value, json};
use store::{Work, identity::PlatformRole};
use templates_maud::console::models::draft::{Draft, Part, RouteDraft};

use crate::support::{Api, start, start_alone};

const EDITOR: &str = "/admin/models/a-model/text_to_image";

fn capability(rate: &str) -> Value {
    json!({
        "kind": "text_to_image",
        "param_schema": {"type": "object", "required": ["prompt"], "additionalProperties": false, "properties": {
            "prompt": {"type": "string", "title": "Prompt", "minLength": 1},
            "size": {"enum": ["1K", "2K"], "default": "1K", "title": "Size"}}},
        "ui_hints": {"layout": "studio", "examples": [{"title": "Boat", "params": {"prompt": "a boat"}}]},
        "pricing": {"rates": [{"meter": "call", "tiers": [{"rate": rate}]}]},
        "estimate": {},
        "policies": {"interactive": false},
        "routes": [{"provider": "ark", "upstream_model": "some-image", "cost":
            {"price": {"rates": [{"meter": "call", "tiers": [{"rate": "0.3"}]}]}, "currency": "CNY", "credits_per_unit": "14"}}]
    })
}

/// The fields of the editor's form for a draft.
fn typed(draft: &Draft) -> Vec<(String, String)> {
    let texts = Part::TEXTS.iter().map(|part| (part.name().to_owned(), draft.text(*part).to_owned()));
    let route = |route: &RouteDraft| {
        let RouteDraft { provider, upstream_model, priority, weight, cost } = route.clone();
        [
            ("provider", provider),
            ("upstream_model", upstream_model),
            ("priority", priority),
            ("weight", weight),
            ("cost", cost),
        ]
        .map(|(name, text)| (format!("route.{name}"), text))
    };
    texts.chain(draft.routes.iter().flat_map(route)).collect()
}

fn draft(rate: &str) -> Vec<(String, String)> {
    let capability: domain::capability::Capability = serde_json::from_value(capability(rate)).expect("a capability");
    typed(&Draft::of(&capability, &capability.routes))
}

fn pairs(fields: &[(String, String)]) -> Vec<(&str, &str)> {
    fields.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect()
}

fn with<'a>(fields: &'a [(String, String)], name: &str, text: &'a str) -> Vec<(&'a str, &'a str)> {
    fields.iter().map(|(known, old)| (known.as_str(), if known == name { text } else { old.as_str() })).collect()
}

async fn provider(api: &Api) {
    let admin = api.admin().await;
    let provider = json!({"name": "ark", "adapter": "ark", "base_url": "http://127.0.0.1:9"});
    assert_eq!(api.client.post("/admin/api/providers", Some(&admin), &provider).await.status, 201);
}

#[tokio::test]
async fn a_model_is_made_edited_previewed_and_published_without_scripts() {
    let api = start().await;
    provider(&api).await;
    let admin = api.console("console@example.com", PlatformRole::Admin).await;
    let model = [("name", "a-model"), ("provider", "ark"), ("display_name", "A <model>"), ("description", "Pictures.")];
    let wrong =
        admin.submit("/admin/new-model", &[("name", "No Good"), ("provider", "ark"), ("display_name", "Kept")]).await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.text().contains("No Good") && wrong.text().contains("Kept"), "what was typed comes back");
    let made = admin.submit("/admin/new-model", &model).await;
    assert_eq!((made.status, made.header("location")), (303, Some("/admin/models/a-model")));
    assert_eq!(admin.submit("/admin/new-model", &model).await.status, 409, "a name is taken once");
    assert!(admin.get("/admin/models?state=empty").await.text().contains("A &lt;model&gt;"));

    let page = admin.get(EDITOR).await;
    assert!(
        page.text().contains("id=\"part-param_schema\"") && page.text().contains("id=\"preview\""),
        "{}",
        page.text()
    );
    let first = draft("0.5");
    let broken = with(&first, "pricing", "{\n  \"rates\": [],\n  \"discount\": 1\n}");
    let refused = admin.submit(EDITOR, &broken).await;
    assert_eq!(refused.status, 422);
    let text = refused.text();
    assert!(text.contains("data-line=\"3\"") && text.contains("#part-pricing"), "a link to the line: {text}");
    assert!(text.contains("&quot;discount&quot;: 1") && text.contains("a boat"), "what was typed comes back: {text}");
    assert!(api.state.live.catalog().callable("a-model", CapabilityKind::TextToImage).is_err());

    let mut sample = pairs(&first);
    sample.extend([("p.prompt", "a boat"), ("p.size", "2K")]);
    let preview = admin.submit(&format!("{EDITOR}/preview"), &sample).await.text();
    assert!(
        preview.contains("name=\"p.size\"") && preview.contains("0.5") && preview.contains("+0.200000"),
        "{preview}"
    );
    let published = admin.submit(EDITOR, &sample).await;
    assert_eq!((published.status, published.header("location")), (303, Some(&*format!("{EDITOR}?published=1"))));
    let again = admin.submit(EDITOR, &pairs(&first)).await;
    assert_eq!(again.header("location"), Some(&*format!("{EDITOR}?unchanged=true")), "sent twice, it is one version");
    assert!(admin.get("/market").await.text().contains("/m/a-model"));
}

#[tokio::test]
async fn versions_are_compared_published_again_deprecated_and_retired() {
    let api = start().await;
    provider(&api).await;
    let admin = api.console("console@example.com", PlatformRole::Admin).await;
    let model = [("name", "a-model"), ("provider", "ark"), ("display_name", "A"), ("description", "")];
    assert_eq!(admin.submit("/admin/new-model", &model).await.status, 303);
    for rate in ["0.5", "0.75"] {
        assert_eq!(admin.submit(EDITOR, &pairs(&draft(rate))).await.status, 303);
    }
    let compared = admin.get(&format!("{EDITOR}/history?from=1&to=2")).await.text();
    assert!(compared.contains("/rates/0/tiers/0/rate") && compared.contains("0.75"), "{compared}");
    let back = admin.submit(&format!("{EDITOR}/rollback"), &[("version", "1")]).await;
    assert_eq!(back.header("location"), Some(&*format!("{EDITOR}?published=3")), "{}", back.text());

    let rehearsed = admin.submit(&format!("{EDITOR}/rehearse"), &pairs(&draft("9"))).await;
    assert_eq!(rehearsed.status, 200);
    assert!(rehearsed.text().contains("id=\"rehearsal\"") && rehearsed.text().contains("&quot;9&quot;"));

    let going = [("sunset", "2099-01-31"), ("replacement", "")];
    assert_eq!(admin.submit(&format!("{EDITOR}/deprecate"), &going).await.status, 303);
    assert!(admin.get("/admin/models?state=deprecated").await.text().contains("2099-01-31"));
    assert_eq!(admin.submit(&format!("{EDITOR}/deprecate"), &[("sunset", "soon")]).await.status, 422);
    assert_eq!(admin.submit(&format!("{EDITOR}/deprecate"), &[("withdraw", "true")]).await.status, 303);

    let copy = [("from", "a-model"), ("name", "a-copy"), ("provider", "ark"), ("display_name", "Copy")];
    assert_eq!(admin.submit("/admin/new-model", &copy).await.status, 303);
    let entry = api.state.live.catalog().model("a-copy").cloned().expect("it is there");
    assert!(!entry.model.is_enabled() && entry.model.capabilities().len() == 1, "a copy waits to be enabled");
    assert_eq!(admin.submit("/admin/models/a-copy/state", &[("state", "enabled")]).await.status, 303);
    assert!(api.state.live.catalog().callable("a-copy", CapabilityKind::TextToImage).is_ok());

    assert_eq!(admin.submit(&format!("{EDITOR}/retire"), &[]).await.status, 303);
    assert!(api.state.live.catalog().callable("a-model", CapabilityKind::TextToImage).is_err());
}

#[tokio::test]
async fn a_catalog_file_is_tried_and_brought_in() {
    let api = start().await;
    provider(&api).await;
    let admin = api.console("console@example.com", PlatformRole::Admin).await;
    let file = json!({"models": [{"name": "from-file", "display_name": "F", "provider": "ark", "description": "",
        "capabilities": [capability("0.5")]}]});
    let tried = admin.submit("/admin/import", &[("catalog", &file.to_string()), ("dry_run", "true")]).await;
    assert!(tried.status == 200 && tried.text().contains("CapabilityPublished"), "{}", tried.text());
    assert!(api.state.live.catalog().model("from-file").is_none(), "it was only tried");
    assert_eq!(admin.submit("/admin/import", &[("catalog", &file.to_string())]).await.status, 200);
    assert!(api.state.live.catalog().model("from-file").is_some());
    let broken = admin.submit("/admin/import", &[("catalog", "{\"models\": [}")]).await;
    assert!(broken.status == 400 && broken.text().contains("{&quot;models&quot;: [}"), "{}", broken.text());
    let exported = admin.get("/admin/api/catalog/export?model=from-file").await.json();
    assert_eq!(exported["models"][0]["name"], "from-file");
    assert_eq!(admin.get("/admin/api/catalog/export?model=nothing").await.status, 404);
}

#[tokio::test]
async fn an_auditor_looks_and_changes_nothing() {
    let api = start().await;
    provider(&api).await;
    let admin = api.console("console@example.com", PlatformRole::Admin).await;
    let model = [("name", "a-model"), ("provider", "ark"), ("display_name", "A"), ("description", "")];
    assert_eq!(admin.submit("/admin/new-model", &model).await.status, 303);
    assert_eq!(admin.submit(EDITOR, &pairs(&draft("0.5"))).await.status, 303);
    let auditor = api.console("auditor@example.com", PlatformRole::Auditor).await;
    for path in ["/admin/models", "/admin/models/a-model", EDITOR, &format!("{EDITOR}/history")] {
        assert_eq!(auditor.get(path).await.status, 200, "{path}");
    }
    let page = auditor.get(EDITOR).await.text();
    assert!(!page.contains("retire") && page.contains("readonly"), "{page}");
    let fields =
        pairs(&draft("9")).into_iter().map(|(name, text)| (name.to_owned(), text.to_owned())).collect::<Vec<_>>();
    assert_eq!(auditor.submit(EDITOR, &pairs(&fields)).await.status, 403);
    for path in ["/admin/models/a-model", "/admin/new-model"] {
        assert_eq!(auditor.submit(path, &[("name", "x"), ("display_name", "x")]).await.status, 403, "{path}");
    }
    assert_eq!(auditor.submit("/admin/models/a-model/state", &[("state", "disabled")]).await.status, 403);
    for act in ["rollback", "retire", "deprecate"] {
        assert_eq!(auditor.submit(&format!("{EDITOR}/{act}"), &[("version", "1")]).await.status, 403, "{act}");
    }
    assert_eq!(admin.send(EDITOR, &[("csrf_token", "wrong")]).await.status, 403);
    let known = api.state.live.catalog().callable("a-model", CapabilityKind::TextToImage).expect("it is callable");
    assert_eq!(known.version, 1);
}

#[tokio::test]
async fn five_hundred_models_are_a_quick_and_small_page() {
    let api = start_alone().await;
    let mut last = 0;
    for number in 0..500 {
        let name = format!("model-{number:03}");
        let entry = CatalogEntry {
            name: name.clone(),
            display_name: format!("Model {number}"),
            provider: "ark".into(),
            description: "x".repeat(200),
            enabled: None,
            capabilities: vec![serde_json::from_value(capability("0.5")).expect("a capability")],
            deprecations: Default::default(),
        };
        let unit = Unit::of(model_id(&name), ModelCommand::ImportModel(Box::new(entry)));
        last = api.state.store.execute(Work { unit, ..Work::default() }).await.expect("it is there").position;
    }
    assert!(api.state.follower.reached(last, std::time::Duration::from_secs(30)).await);
    let admin = api.console("console@example.com", PlatformRole::Admin).await;
    admin.get("/admin/models").await;
    let started = Instant::now();
    let page = admin.get("/admin/models").await;
    let took = started.elapsed();
    assert!(page.body.len() < 200_000 && took.as_millis() < 200, "{} bytes in {took:?}", page.body.len());
    assert!(page.text().contains("model-049") && !page.text().contains("model-050"));
    let next = admin.get("/admin/models?after=model-049").await.text();
    assert!(next.contains("model-050") && !next.contains("/admin/models/model-049\""));
    let found = admin.get("/admin/models?q=model-499").await.text();
    assert!(found.contains("/admin/models/model-499\"") && !found.contains("/admin/models/model-498\""));
}
