//! What goes wrong at a desk: pressing twice, going back, a session that ended, a server that restarts, a network that
//! breaks off. One job, one hold, no broken page.

use anyhow::{Context as _, ensure};
use serde_json::json;
use templates_maud::paths::{
    ASSETS, BILLING, JOB, JOBS, KEYS, LEDGER, LOGIN, MARKET, MODEL, OVERVIEW, QUICKSTART, fill, with_query,
};
use tests::{
    browser::{Browser, Scripts, on_stage},
    ports::free_address,
    wire::Wire,
    world::World,
};

use crate::person::{self, ledger, receipt};

const PICTURES: &str = "doubao-seedream-4-0";
const VIDEO: &str = "doubao-seedance-1-0-pro";
const RUN: &str = "form.run .pay button[type=submit]";
const PROMPT: &str = "[name='p.prompt']";
/// A pace at which a video takes longer than any test, and one at which it is there at once.
const NEVER: f64 = 100.0;
const AT_ONCE: f64 = 0.001;
/// Leases of a second, so that what was under way is soon taken up again.
const SOON: [(&str, &str); 2] = [("ZEPHYR_ATTEMPT_LEASE_MS", "1500"), ("ZEPHYR_POLICY_TIME_DIVISOR", "1000")];
/// What a browser says of a server that is away.
const AWAY: [&str; 5] = ["net::ERR_", "WebSocket connection", "htmx:sendError", "htmx:afterRequest", "Failed to fetch"];

#[tokio::test]
async fn a_double_click_on_run_is_one_job_and_one_hold() -> anyhow::Result<()> {
    let world = World::shared().await?;
    on_stage(&world.base_url, Scripts::On, &[], async |browser| {
        person::register(&world, browser, "500").await?;
        browser.go(&fill(MODEL, &[PICTURES])).await?;
        browser.fill(PROMPT, "A lighthouse at dusk").await?;
        browser.double_click(RUN).await?;
        browser.until("the run is over", "document.querySelector('#results [data-job][data-over]')").await?;
        ensure!(browser.count("#results > [data-job]").await? == 1, "two results are shown");
        ensure!(person::jobs(browser).await?.len() == 1, "two jobs were made");
        let job_id = person::shown_job(browser).await?;
        browser.go(&fill(JOB, &[&job_id])).await?;
        let receipt = receipt(browser).await?;
        ensure!(ledger(browser, &job_id).await? == receipt, "one hold, one charge: {receipt:?}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn what_is_wrong_with_a_form_comes_back_in_its_place() -> anyhow::Result<()> {
    let world = World::shared().await?;
    on_stage(&world.base_url, Scripts::On, &["422 (Unprocessable Entity)"], async |browser| {
        person::register(&world, browser, "500").await?;
        browser.go(&fill(MODEL, &[PICTURES])).await?;
        browser.fill(PROMPT, "").await?;
        browser.click(RUN).await?;
        browser.until("what is wrong has the focus", "document.activeElement.matches('form.run .note')").await?;
        ensure!(browser.count("form.run").await? == 1, "two forms are shown");
        ensure!(browser.count("#results > *").await? == 0, "a form stands among the results");
        ensure!(browser.count("form.run [data-depends]:not([hidden])").await? == 0, "its conditions no longer hold");
        browser.fill(PROMPT, "A lighthouse at dusk").await?;
        browser.click(RUN).await?;
        browser.until("the run is over", "document.querySelector('#results [data-job][data-over]')").await?;
        ensure!(person::jobs(browser).await?.len() == 1, "the refused form made no job");
        ensure!(browser.count("form.run .note, form.run [aria-invalid]").await? == 0, "nothing is wrong any more");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn back_and_forward_show_whole_pages() -> anyhow::Result<()> {
    let world = World::shared().await?;
    on_stage(&world.base_url, Scripts::On, &[], async |browser| {
        person::register(&world, browser, "500").await?;
        let model = fill(MODEL, &[PICTURES]);
        browser.go(&with_query(&model, &[("example", "0")])).await?;
        browser.click(RUN).await?;
        browser.until("the run is over", "document.querySelector('#results [data-job][data-over]')").await?;
        let mut seen = Vec::new();
        for path in [
            MARKET.to_owned(),
            with_query(MARKET, &[("cap", "text_to_image")]),
            with_query(MARKET, &[("cap", "text_to_image"), ("q", "seedream")]),
            with_query(&model, &[("cap", "text_to_image"), ("tab", "api")]),
            with_query(&model, &[("cap", "text_to_image"), ("tab", "pricing")]),
            with_query(JOBS, &[("status", "succeeded")]),
            with_query(LEDGER, &[("type", "hold")]),
            BILLING.to_owned(),
            KEYS.to_owned(),
        ] {
            browser.go(&path).await?;
            seen.push(whole_page(browser).await?);
        }
        let last = seen.len() - 1;
        for step in (0..last).rev() {
            browser.back().await?;
            comes_back_to(browser, &seen[step]).await?;
        }
        for page in &seen[1..] {
            browser.forward().await?;
            comes_back_to(browser, page).await?;
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn every_address_that_scripts_push_is_a_whole_page() -> anyhow::Result<()> {
    let world = World::shared().await?;
    on_stage(&world.base_url, Scripts::On, &[], async |browser| {
        person::register(&world, browser, "500").await?;
        browser.go(MARKET).await?;
        browser.fill("input[data-search]", "seedream").await?;
        browser.press([ENTER]).await?;
        browser.until("the search is in the address", "location.search.includes('q=seedream')").await?;
        let searched = whole_page(browser).await?;
        browser.click(".offer a").await?;
        browser.until("a model is shown", "document.querySelector('form.run')").await?;
        browser.back().await?;
        comes_back_to(browser, &searched).await?;
        browser.reload().await?;
        ensure!(whole_page(browser).await? == searched, "and anew");
        Ok(())
    })
    .await
}

const ENTER: char = '\u{e007}';

#[tokio::test]
async fn somebody_without_credits_opens_every_page_and_is_told_why_nothing_runs() -> anyhow::Result<()> {
    let world = World::shared().await?;
    on_stage(&world.base_url, Scripts::On, &["status of 402"], async |browser| {
        person::register(&world, browser, "0").await?;
        for path in [OVERVIEW, MARKET, JOBS, ASSETS, BILLING, LEDGER, KEYS, QUICKSTART] {
            browser.go(path).await?;
            whole_page(browser).await?;
            ensure!(browser.count("main .note[role=alert]").await? == 0, "{path} complains");
        }
        browser.go(&fill(MODEL, &[PICTURES])).await?;
        browser.fill(PROMPT, "A lighthouse at dusk").await?;
        browser.click(RUN).await?;
        browser.until("it says why", "document.querySelector('main [role=alert], .toast')").await?;
        ensure!(person::jobs(browser).await?.is_empty(), "no credit, no job");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_session_that_ended_within_a_part_of_a_page_sends_the_whole_page_to_the_door() -> anyhow::Result<()> {
    let world = World::shared().await?;
    on_stage(&world.base_url, Scripts::On, &["status of 401"], async |browser| {
        person::register(&world, browser, "500").await?;
        browser.go(&fill(MODEL, &[PICTURES])).await?;
        browser.find(PROMPT).await?;
        // In this order: whatever the page asks for in between must not renew the session.
        browser.lose_cookie("zephyr_refresh").await?;
        browser.lose_cookie("zephyr_access").await?;
        // Typing asks for the price, which is a part of the page.
        browser.fill(PROMPT, "A lighthouse at dusk").await?;
        browser.until_at(LOGIN).await?;
        browser.find("input[name=password]").await?;
        ensure!(browser.count("form.run").await? == 0, "the page was left");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_restart_of_the_server_during_a_job_ends_in_one_job_and_one_hold() -> anyhow::Result<()> {
    let listen = free_address()?.to_string();
    let world = World::start(&[&SOON[..], &[("ZEPHYR_LISTEN", &listen)]].concat()).await?;
    world.set_time_scale(NEVER).await?;
    on_stage(&world.base_url, Scripts::On, &AWAY, async |browser| {
        person::register(&world, browser, "500").await?;
        let job_id = begin_video(browser).await?;
        world.restart().await?;
        comes_to_its_end(&world, browser, &job_id).await
    })
    .await
}

#[tokio::test]
async fn a_connection_that_is_cut_during_a_job_recovers() -> anyhow::Result<()> {
    let listen = free_address()?.to_string();
    let wire = Wire::to(&listen).await?;
    let url = format!("http://{}", wire.address);
    let settings = [("ZEPHYR_LISTEN", listen.as_str()), ("ZEPHYR_PUBLIC_URL", url.as_str())];
    let world = World::start(&[&SOON[..], &settings].concat()).await?;
    world.set_time_scale(NEVER).await?;
    on_stage(&url, Scripts::On, &AWAY, async |browser| {
        person::register(&world, browser, "500").await?;
        let job_id = begin_video(browser).await?;
        wire.cut();
        browser.until("the page knows that it is alone", &failing_fetch()).await?;
        wire.mend();
        comes_to_its_end(&world, browser, &job_id).await
    })
    .await
}

/// A script that holds once a job has an event of this kind.
fn has_event(job_id: &str, kind: &str) -> String {
    format!(
        "(() => {{ fetch('/v1/jobs/{job_id}/events').then((answer) => answer.text())
            .then((text) => {{ window.hasEvent = text.includes('{kind}'); }}); return window.hasEvent; }})()"
    )
}

/// A script that holds once nothing answers any more.
fn failing_fetch() -> String {
    "(() => { fetch('/healthz').catch(() => { window.isAlone = true; }); return window.isAlone; })()".to_owned()
}

/// Starts a video and opens its page; it goes on for ever.
async fn begin_video(browser: &Browser) -> anyhow::Result<String> {
    browser.go(&with_query(&fill(MODEL, &[VIDEO]), &[("cap", "text_to_video")])).await?;
    browser.fill(PROMPT, "A boat leaves the harbour").await?;
    browser.click(RUN).await?;
    browser.find("#results [data-job]").await?;
    let job_id = person::shown_job(browser).await?;
    browser.click("#results [data-job] header a").await?;
    browser.until_at(&fill(JOB, &[&job_id])).await?;
    browser.until("the job runs", "document.querySelector('.job-state .run')").await?;
    browser.until("the provider has taken it", &has_event(&job_id, "job.accepted")).await?;
    Ok(job_id)
}

/// Lets the provider finish: the page that stayed open says so, and the money moved once.
async fn comes_to_its_end(world: &World, browser: &Browser, job_id: &str) -> anyhow::Result<()> {
    world.set_time_scale(AT_ONCE).await?;
    let receipt = receipt(browser).await?;
    browser.until("a video plays", "document.querySelector('.gallery video')?.readyState > 0").await?;
    ensure!(ledger(browser, job_id).await? == receipt, "one hold, one charge: {receipt:?}");
    ensure!(person::jobs(browser).await?.len() == 1, "there is one job");
    Ok(())
}

/// A page that was shown before is shown again, whole.
async fn comes_back_to(browser: &Browser, page: &(String, String)) -> anyhow::Result<()> {
    let at = format!("location.pathname + location.search === {}", json!(page.0));
    browser.until(&format!("{} is shown", page.0), &at).await?;
    ensure!(whole_page(browser).await? == *page, "it is not what it was: {page:?}");
    Ok(())
}

/// The page is whole, and which it is: its address and its heading.
async fn whole_page(browser: &Browser) -> anyhow::Result<(String, String)> {
    browser.until("the page is complete", "document.readyState === 'complete' && document.querySelector('h1')").await?;
    for part in ["html > head > title", "header.top", "nav.ways", "main#content h1", "footer"] {
        ensure!(browser.count(part).await? == 1, "{part} stands once on {}", browser.here().await?);
    }
    let heading = browser.run("return document.querySelector('h1').textContent", Vec::new()).await?;
    Ok((browser.here().await?, heading.as_str().context("a heading is a text")?.to_owned()))
}
