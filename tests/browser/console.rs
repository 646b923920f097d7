//! The console in a browser: an admin buys from another provider, publishes a model and watches it being used; recharges;
//! stops a key and says why. An auditor reads the ledger and can change nothing.

use anyhow::ensure;
use domain::Credits;
use serde_json::{Value, json};
use templates_maud::paths::{
    CONSOLE_AUDIT, CONSOLE_CAPABILITY, CONSOLE_LEDGER, CONSOLE_MODEL, CONSOLE_NEW_MODEL, CONSOLE_PROVIDER_PAUSE,
    CONSOLE_PROVIDERS, CONSOLE_RECHARGE, CONSOLE_TENANT, MARKET, MODEL, PROVIDER_KEY_DISABLE, PROVIDER_KEYS, fill,
    with_query,
};
use tests::{
    browser::{
        Browser, Scene, Scripts, on_stage,
        pages::{Seat, pages},
    },
    world::World,
};

use crate::person::{self, ledger, receipt};

const PROVIDER: &str = "painters";
const NEW_MODEL: &str = "painters-sketch";
const RUN: &str = "form.run .pay button[type=submit]";
const SAID: &str = ".note[role=status]";
/// A request that would change something, sent with all that a page of the person's own would send.
const FORBIDDEN: &str = "const [path, done] = arguments;
    const token = document.querySelector('input[name=csrf_token]').value;
    fetch(path, { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ csrf_token: token, amount: '5', source: 'card', reference: 'r', once: 'once-1', keyed_by: 'form', reason: 'none' }) })
        .then((answer) => done(answer.status), (error) => done(String(error)))";

#[tokio::test]
async fn a_provider_a_key_and_a_model_of_an_admin_become_a_form_that_runs() -> anyhow::Result<()> {
    let world = World::start(&[]).await?;
    // What is typed meanwhile gives an older preview up.
    let given_up = ["htmx:sendAbort", "htmx:afterRequest"];
    on_stage(&world.base_url, Scripts::On, &given_up, async |browser| {
        log_in(&world, browser, "ADMIN").await?;
        buy_from_another(&world, browser).await?;
        publish(browser).await?;
        browser.leave().await?;
        person::register(&world, browser, "10").await?;
        browser.go(&with_query(MARKET, &[("q", NEW_MODEL)])).await?;
        browser.click(&format!(".offer a[href^='{}']", fill(MODEL, &[NEW_MODEL]))).await?;
        browser.find(".bench[data-layout=simple] form.run").await?;
        browser.fill("[name='p.prompt']", "A lighthouse at dusk").await?;
        browser.click(RUN).await?;
        browser
            .until("a picture is shown", "document.querySelector('#results .gallery img')?.naturalWidth > 0")
            .await?;
        browser.click("#results [data-job] header a").await?;
        let job_id = person::shown_job(browser).await?;
        let receipt = receipt(browser).await?;
        ensure!(receipt.charged == "0.25".parse::<Credits>()?, "the price is the published one: {receipt:?}");
        ensure!(ledger(browser, &job_id).await? == receipt, "the ledger says so too");
        browser.leave().await?;
        log_in(&world, browser, "ADMIN").await?;
        stop_the_key(browser).await
    })
    .await
}

#[tokio::test]
async fn a_recharge_is_on_the_account_once_and_in_the_books() -> anyhow::Result<()> {
    let world = World::shared().await?;
    let customer = world.person("0").await?;
    on_stage(&world.base_url, Scripts::On, &[], async |browser| {
        log_in(&world, browser, "ADMIN").await?;
        browser.go(&fill(CONSOLE_TENANT, &[&customer.tenant_id])).await?;
        browser.fill("input[name=amount]", "12.5").await?;
        browser.fill("input[name=source]", "bank_transfer").await?;
        browser.fill("input[name=reference]", "invoice 4711").await?;
        browser.click_and_confirm("form[action$='/recharge'] button[type=submit]").await?;
        browser.until("it is said", &format!("document.querySelector('{SAID}')")).await?;
        ensure!(customer.api.account().await?.available == "12.5".parse()?, "the account has it");
        browser.go(&with_query(CONSOLE_LEDGER, &[("tenant", &customer.tenant_id)])).await?;
        ensure!(browser.text("table.ledger").await?.contains("12.5"), "the books have it");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn an_auditor_reads_the_ledger_and_can_change_nothing() -> anyhow::Result<()> {
    let scene = Scene::shared().await?;
    let tenant = scene.world.person("0").await?;
    on_stage(&scene.world.base_url, Scripts::On, &["status of 403", "status of 404"], async |browser| {
        log_in(&scene.world, browser, "AUDITOR").await?;
        for path in [CONSOLE_LEDGER, CONSOLE_AUDIT] {
            browser.go(path).await?;
            ensure!(browser.count("main table tbody tr").await? > 0, "{path} shows what happened");
        }
        for page in pages(&scene).into_iter().filter(|page| page.seat == Seat::Admin) {
            browser.go(&page.path).await?;
            browser.find("h1").await?;
            // A preview and a rehearsal change nothing.
            let acts = browser.count("main form[method=post] button[type=submit]:not([formaction])").await?;
            ensure!(acts == 0, "{} offers an auditor something to change", page.path);
        }
        let before = tenant.api.account().await?.available;
        for path in [
            fill(CONSOLE_RECHARGE, &[&tenant.tenant_id]),
            fill(PROVIDER_KEY_DISABLE, &[&scene.provider_key]),
            fill(CONSOLE_PROVIDER_PAUSE, &["ark"]),
        ] {
            let status = browser.run_async(FORBIDDEN, vec![path.as_str().into()]).await?;
            ensure!(status == 403, "POST {path} answers an auditor {status}");
        }
        ensure!(tenant.api.account().await?.available == before, "credits moved");
        Ok(())
    })
    .await
}

async fn log_in(world: &World, browser: &Browser, who: &str) -> anyhow::Result<()> {
    let value = |what: &str| world.demo[&format!("ZEPHYR_{who}_{what}")].as_str();
    browser.log_in(value("EMAIL"), value("PASSWORD")).await
}

/// A provider of its own, which is the simulator once more, and a key for it.
async fn buy_from_another(world: &World, browser: &Browser) -> anyhow::Result<()> {
    browser.go(CONSOLE_PROVIDERS).await?;
    browser.click("#add summary").await?;
    browser.fill("#add input[name=name]", PROVIDER).await?;
    browser.click("#add select[name=adapter] option[value=ark]").await?;
    browser.fill("#add input[name=base_url]", &format!("{}/ark/api/v3", world.simulator_url)).await?;
    browser.click("#add button[type=submit]").await?;
    browser
        .until("the provider is there", &format!("document.querySelector('main').textContent.includes('{PROVIDER}')"))
        .await?;
    browser.go(PROVIDER_KEYS).await?;
    browser.click("#add summary").await?;
    browser.click(&format!("#add select[name=provider] option[value={PROVIDER}]")).await?;
    browser.fill("#add input[name=label]", "the first").await?;
    browser.fill("#add textarea[name=secrets]", &world.demo["ZEPHYR_SIMULATOR_KEY"]).await?;
    browser.click("#add button[type=submit]").await?;
    browser.until("the key is there", "document.querySelector('#pool')?.textContent.includes('the first')").await?;
    ensure!(!browser.markup().await?.contains(&world.demo["ZEPHYR_SIMULATOR_KEY"]), "a secret is never shown");
    Ok(())
}

/// A model with a capability whose form nobody has seen before.
async fn publish(browser: &Browser) -> anyhow::Result<()> {
    browser.go(CONSOLE_NEW_MODEL).await?;
    for (field, text) in [("input[name=name]", NEW_MODEL), ("input[name=provider]", PROVIDER)] {
        browser.fill(&format!("main {field}"), text).await?;
    }
    browser.fill("main input[name=display_name]", "Painters' sketch").await?;
    browser.fill("main textarea[name=description]", "Sketches at a quarter.").await?;
    browser.click("main form button[type=submit]").await?;
    browser.until_at(&fill(CONSOLE_MODEL, &[NEW_MODEL])).await?;
    browser.go(&fill(CONSOLE_CAPABILITY, &[NEW_MODEL, "text_to_image"])).await?;
    for (part, value) in capability() {
        browser.fill(&format!("#part-{part}"), &value.to_string()).await?;
    }
    for (field, text) in
        [("provider", PROVIDER), ("upstream_model", "doubao-seedream-4-0-250828"), ("priority", "0"), ("weight", "1")]
    {
        browser.fill(&format!(".route:first-of-type input[name='route.{field}']"), text).await?;
    }
    browser.until("the preview shows the form", "document.querySelector('#preview [name=\"p.prompt\"]')").await?;
    browser.click_and_confirm("#draft .pay button[data-confirm]").await?;
    browser.until("it is published", &format!("document.querySelector('{SAID}')")).await
}

fn capability() -> [(&'static str, Value); 6] {
    let prompt = json!({ "type": "string", "title": "What to sketch", "minLength": 1, "maxLength": 400 });
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "required": ["prompt"],
        "additionalProperties": false, "properties": { "prompt": prompt },
    });
    let price =
        json!({ "rates": [{ "meter": "image", "tiers": [{ "rate": "0.25" }] }], "rounding": "up_to_micro_credit" });
    let policies = json!({
        "disconnect": "charge_full_usage", "overrun": { "policy": "from_balance" },
        "unknown": { "release_after": { "seconds": 900 } }, "interactive": true,
    });
    [
        ("param_schema", schema),
        ("ui_hints", json!({ "layout": "simple", "order": ["prompt"], "result": "images" })),
        ("examples", json!([{ "title": "A harbour", "params": { "prompt": "A harbour in the morning" } }])),
        ("pricing", price),
        ("estimate", json!({ "image": { "hold": { "fixed": 1 } } })),
        ("policies", policies),
    ]
}

/// Disables the key with a reason, which the pool then shows.
async fn stop_the_key(browser: &Browser) -> anyhow::Result<()> {
    browser.go(&with_query(PROVIDER_KEYS, &[("provider", PROVIDER)])).await?;
    browser.click("#pool tbody a").await?;
    let end = PROVIDER_KEY_DISABLE.rsplit('/').next().unwrap_or_default();
    browser.fill(&format!("form[action$='/{end}'] input[name=reason]"), "the account moves").await?;
    browser.click(&format!("form[action$='/{end}'] button[type=submit]")).await?;
    browser.until("it is disabled", "document.querySelector('main .state.bad')").await?;
    browser.go(&with_query(PROVIDER_KEYS, &[("provider", PROVIDER), ("state", "disabled")])).await?;
    let row = browser.text("#pool tbody tr").await?;
    ensure!(row.contains("Disabled") && row.contains("the account moves"), "the pool says why: {row:?}");
    Ok(())
}
