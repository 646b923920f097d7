//! A page that stays open keeps nothing of what went by: neither of the news that it heard, nor of the parts that were
//! exchanged. What it keeps is measured when all is quiet, so that no clock has a say.

use anyhow::{Context as _, ensure};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::{Value, json};
use templates_maud::paths::{CONSOLE_JOBS, CONSOLE_REQUESTS, JOB, OVERVIEW, PROVIDER_KEYS, fill, with_query};
use tests::{
    answer::send,
    api_client::ApiClient,
    browser::{Browser, Scene, Scripts, devtools::Footprint, on_stage, pages::Seat},
    world::{PASSWORD, World},
};

const CHAT: &str = "doubao-seed-2-0-mini";
/// After so many jobs, or exchanges of a part, everything that a page makes once is made.
const FIRST: usize = 60;
/// So many jobs follow, and so many exchanges.
const MANY_JOBS: usize = 800;
const MANY_EXCHANGES: usize = 120;
/// How many jobs run at the same time.
const AT_ONCE: usize = 8;
/// By how much a page may differ after all of them: what is kept of each, be it one message, listener or node, is more;
/// what the engine makes of code that runs often is less.
const NODES: u64 = 100;
const LISTENERS: u64 = 8;
const DOCUMENTS: u64 = 2;
const HEAP_BYTES: u64 = 256 * 1024;

#[tokio::test]
async fn the_news_of_many_jobs_leave_nothing_on_a_page() -> anyhow::Result<()> {
    let world = World::shared().await?;
    let person = world.person("500").await?;
    on_stage(&world.base_url, Scripts::On, &[], async |browser| {
        browser.log_in(&person.email, PASSWORD).await?;
        browser.go(OVERVIEW).await?;
        let count = "window.heard = 0;
            const counted = new MutationObserver((changes) => { window.heard += changes.length; });
            counted.observe(document.getElementById('news'), { childList: true })";
        browser.run(count, Vec::new()).await?;
        chat(browser, &person.api, FIRST).await?;
        let before = browser.footprint().await?;
        chat(browser, &person.api, MANY_JOBS).await?;
        bounded(before, browser.footprint().await?)?;
        let heard = browser.run("return window.heard", Vec::new()).await?.as_u64().context("a count")?;
        ensure!(heard > MANY_JOBS.try_into()?, "the page heard of {heard} jobs only");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn parts_that_are_exchanged_many_times_leave_nothing_on_a_page() -> anyhow::Result<()> {
    // Nobody else is at this gateway: what others do would be seen in its lists, and would grow them.
    let scene = Scene::furnish().await?;
    let job = fill(JOB, &[&scene.running]);
    let tail = with_query(CONSOLE_REQUESTS, &[("live", "1")]);
    for (seat, path, part, news) in [
        (Seat::Member, job.as_str(), "#job", "zephyr:news"),
        (Seat::Admin, PROVIDER_KEYS, "#pool", "zephyr:refresh"),
        (Seat::Admin, CONSOLE_JOBS, "#jobs", "zephyr:refresh"),
        (Seat::Admin, &tail, "#tail", "zephyr:refresh"),
    ] {
        let (email, password) = seat.account(&scene).context("somebody with an account")?;
        on_stage(&scene.world.base_url, Scripts::On, &[], async |browser| {
            browser.log_in(email, password).await?;
            browser.go(path).await?;
            exchange(browser, part, news, FIRST).await?;
            let before = browser.footprint().await?;
            exchange(browser, part, news, MANY_EXCHANGES).await?;
            bounded(before, browser.footprint().await?).with_context(|| format!("{part} of {path}"))
        })
        .await?;
    }
    Ok(())
}

/// Runs so many jobs, and waits until the page shows the end of the last one.
async fn chat(browser: &Browser, api: &ApiClient, count: usize) -> anyhow::Result<()> {
    let jobs = stream::iter(1..count).map(|_| ask(api)).buffer_unordered(AT_ONCE);
    jobs.try_for_each(async |_| Ok(())).await?;
    let last = ask(api).await?;
    let shown = format!("document.querySelector('#tray-list a[href=\"{}\"]')", fill(JOB, &[&last]));
    browser.until("the last job is in the tray", &shown).await?;
    let quiet = "document.getElementById('tray-count').textContent.trim() === ''";
    browser.until("no job runs any more", quiet).await
}

async fn ask(api: &ApiClient) -> anyhow::Result<String> {
    let messages = json!([{ "role": "user", "content": "Why is the sea salty?" }]);
    let body = json!({ "model": CHAT, "messages": messages, "max_completion_tokens": 16 });
    let answer = send(api.post("/v1/chat/completions", &body)).await?;
    let job_id = answer.header("x-zephyr-job-id");
    answer.expect(200)?;
    Ok(job_id)
}

/// Wakes a part of the page so many times, each time after it was exchanged.
async fn exchange(browser: &Browser, part: &str, news: &str, times: usize) -> anyhow::Result<()> {
    let script = "const [part, news, times, done] = arguments;
        let left = times;
        const next = () => {
            if (left === 0) { document.body.removeEventListener('htmx:afterSettle', settled); done(true); return; }
            left -= 1;
            htmx.trigger(document.querySelector(part), news);
        };
        const settled = () => setTimeout(next);
        document.body.addEventListener('htmx:afterSettle', settled);
        next()";
    let exchanged = browser.run_async(script, vec![part.into(), news.into(), times.into()]).await?;
    ensure!(exchanged == Value::Bool(true), "{part} is not exchanged");
    Ok(())
}

fn bounded(before: Footprint, after: Footprint) -> anyhow::Result<()> {
    let within = [
        (before.nodes, after.nodes, NODES),
        (before.listeners, after.listeners, LISTENERS),
        (before.documents, after.documents, DOCUMENTS),
        (before.heap_bytes, after.heap_bytes, HEAP_BYTES),
    ];
    let grown = within.into_iter().any(|(before, after, most)| after > before + most);
    ensure!(!grown, "the page grew: {before:?}, then {after:?}");
    Ok(())
}
