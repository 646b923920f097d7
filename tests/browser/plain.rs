//! The same paths without scripts: log in, filter the market, run a simple form, read the job, download what it made,
//! create a key.

use anyhow::ensure;
use templates_maud::paths::{JOB, KEYS, MARKET, MODEL, fill};
use tests::{
    browser::{Browser, Scripts, on_stage},
    world::{PASSWORD, World, text},
};

use crate::person;

const PICTURES: &str = "doubao-seedream-4-0";
/// How often a page that can't change by itself is loaded anew.
const LOOKS: u32 = 400;

#[tokio::test]
async fn everything_that_matters_works_without_scripts() -> anyhow::Result<()> {
    let world = World::shared().await?;
    let account = registered(&world).await?;
    on_stage(&world.base_url, Scripts::Off, &[], async |browser| {
        browser.log_in(&account, PASSWORD).await?;
        ensure!(browser.run("return typeof window.htmx", Vec::new()).await? == "undefined", "scripts run");
        filter_the_market(browser).await?;
        run_a_form(browser).await?;
        read_the_job(browser).await?;
        download(&world, browser).await?;
        create_a_key(browser).await
    })
    .await
}

/// Somebody with credits, registered with scripts: their tenant is asked for by one.
async fn registered(world: &World) -> anyhow::Result<String> {
    let browser = Browser::open(&world.base_url, Scripts::On).await?;
    let email = person::register(world, &browser, "500").await;
    browser.close().await?;
    email
}

async fn filter_the_market(browser: &Browser) -> anyhow::Result<()> {
    browser.go(MARKET).await?;
    let all = browser.count(".offer").await?;
    browser.click(".facets a[href*='cap=text_to_image']").await?;
    browser.find(".facets a[aria-current][href]").await?;
    let found = browser.count(".offer").await?;
    ensure!(found > 0 && found < all, "{found} of {all} models make images");
    browser.fill("input[name=q]", PICTURES).await?;
    browser.click("form[role=search] button[type=submit]").await?;
    browser.click(&format!(".offer a[href^='{}']", fill(MODEL, &[PICTURES]))).await
}

async fn run_a_form(browser: &Browser) -> anyhow::Result<()> {
    browser.find("form.run").await?;
    ensure!(browser.count("form.run button[data-dice]:not([hidden])").await? == 0, "a die needs scripts");
    browser.fill("[name='p.prompt']", "A lighthouse at dusk").await?;
    browser.click("form.run .pay button[type=submit]").await
}

async fn read_the_job(browser: &Browser) -> anyhow::Result<()> {
    let job_id = person::shown_job(browser).await?;
    browser.until_at(&fill(JOB, &[&job_id])).await?;
    for _ in 0..LOOKS {
        if browser.count("[data-job][data-over]").await? == 1 {
            break;
        }
        browser.reload().await?;
    }
    let state = browser.text(".job-state").await?;
    ensure!(state.contains("Succeeded"), "the job says {state:?}");
    ensure!(browser.text(".receipt").await?.contains("Charged"), "it has a receipt");
    Ok(())
}

async fn download(world: &World, browser: &Browser) -> anyhow::Result<()> {
    let link = text(&browser.property("a[download]", "href").await?)?;
    let file = world.http.get(link).send().await?.error_for_status()?;
    let kind = file.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default().to_owned();
    ensure!(kind.starts_with("image/") && !file.bytes().await?.is_empty(), "a picture was expected, not {kind}");
    Ok(())
}

async fn create_a_key(browser: &Browser) -> anyhow::Result<()> {
    browser.go(KEYS).await?;
    browser.fill("main input[name=name]", "without scripts").await?;
    browser.click("form:has(input[name=name]) button[type=submit]").await?;
    let key = browser.text(".issued code").await?;
    ensure!(key.trim().starts_with("zk_live_"), "{key:?} is a key");
    Ok(())
}
