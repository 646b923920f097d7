//! From the door to the receipt: register, find a model in the market, run it in each of the three layouts, watch it
//! finish; what the receipt says, the ledger says too.

use anyhow::ensure;
use domain::Credits;
use templates_maud::paths::{JOB, JOBS, MARKET, MODEL, fill};
use tests::{
    browser::{Browser, Scripts, on_stage},
    world::World,
};

use crate::person::{self, ledger, receipt};

/// A model of each layout, and how its form is filled.
const SIMPLE: (&str, &str) = ("doubao-embedding-large", "[name='p.input']");
const STUDIO: (&str, &str) = ("doubao-seedream-4-0", "[name='p.prompt']");
const CHAT: (&str, &str) = ("doubao-seed-2-0-mini", "[name='p.messages']");
const RUN: &str = "form.run .pay button[type=submit]";

#[tokio::test]
async fn a_model_of_the_simple_layout_runs_and_its_receipt_is_the_ledgers() -> anyhow::Result<()> {
    with_person(async |browser| {
        from_the_market(browser, SIMPLE.0, "simple").await?;
        run(browser, SIMPLE.1, "Why is the sea salty?").await?;
        follow_result(browser).await?;
        paid(browser).await
    })
    .await
}

#[tokio::test]
async fn a_model_of_the_studio_layout_runs_and_its_receipt_is_the_ledgers() -> anyhow::Result<()> {
    with_person(async |browser| {
        from_the_market(browser, STUDIO.0, "studio").await?;
        browser.fill(STUDIO.1, "A lighthouse at dusk").await?;
        browser.until("the button says the price", "/\\d/.test(document.querySelector('#price').textContent)").await?;
        browser.click(RUN).await?;
        browser
            .until("a picture is shown", "document.querySelector('#results .gallery img')?.naturalWidth > 0")
            .await?;
        follow_result(browser).await?;
        paid(browser).await
    })
    .await
}

#[tokio::test]
async fn a_model_of_the_chat_layout_answers_in_a_stream_and_its_receipt_is_the_ledgers() -> anyhow::Result<()> {
    with_person(async |browser| {
        from_the_market(browser, CHAT.0, "chat").await?;
        run(browser, CHAT.1, "Why is the sea salty and the river is not?").await?;
        browser
            .until(
                "an answer is read",
                "document.querySelector('#results .turn.assistant:not([aria-busy]) .answer')?.textContent.length > 20",
            )
            .await?;
        browser.go(JOBS).await?;
        browser.click("table td a.id").await?;
        paid(browser).await
    })
    .await
}

async fn with_person(play: impl AsyncFnOnce(&Browser) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let world = World::shared().await?;
    on_stage(&world.base_url, Scripts::On, &[], async |browser| {
        person::register(&world, browser, "500").await?;
        play(browser).await
    })
    .await
}

/// Looks for a model as somebody does who knows its name, and opens it.
async fn from_the_market(browser: &Browser, model: &str, layout: &str) -> anyhow::Result<()> {
    let page = fill(MODEL, &[model]);
    browser.go(MARKET).await?;
    browser.fill("input[data-search]", model).await?;
    browser.click("form[role=search] button[type=submit]").await?;
    browser.click(&format!(".offer a[href^='{page}']")).await?;
    browser.until_at(&page).await?;
    browser.find(&format!(".bench[data-layout='{layout}'] form.run")).await?;
    Ok(())
}

async fn run(browser: &Browser, field: &str, text: &str) -> anyhow::Result<()> {
    browser.fill(field, text).await?;
    browser.click(RUN).await
}

/// From a result on the bench to its job.
async fn follow_result(browser: &Browser) -> anyhow::Result<()> {
    browser.until("the run is over", "document.querySelector('#results [data-job][data-over]')").await?;
    browser.click("#results [data-job] header a").await
}

/// The job that is shown has cost something, by its receipt and by the ledger alike.
async fn paid(browser: &Browser) -> anyhow::Result<()> {
    let job_id = person::shown_job(browser).await?;
    browser.until_at(&fill(JOB, &[&job_id])).await?;
    let receipt = receipt(browser).await?;
    ensure!(receipt.charged > Credits::ZERO && receipt.held == receipt.charged + receipt.returned, "{receipt:?}");
    let ledger = ledger(browser, &job_id).await?;
    ensure!(ledger == receipt, "the ledger says {ledger:?}, the receipt {receipt:?}");
    ensure!(person::jobs(browser).await?.len() == 1, "one run is one job");
    Ok(())
}
