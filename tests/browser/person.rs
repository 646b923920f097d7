//! Somebody who sits at the browser: registered there, and what the pages tell of their job and their money.

use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context as _, ensure};
use domain::Credits;
use serde_json::Value;
use tests::{
    browser::Browser,
    world::{PASSWORD, World, text},
};

static PEOPLE: AtomicU32 = AtomicU32::new(1);

/// Registers somebody at the browser's door and gives them credits; their address of e-mail.
pub async fn register(world: &World, browser: &Browser, credits: &str) -> anyhow::Result<String> {
    let email = format!("browser-{}@example.com", PEOPLE.fetch_add(1, Ordering::Relaxed));
    browser.go(templates_maud::paths::REGISTER).await?;
    browser.fill("input[name=email]", &email).await?;
    browser.fill("input[name=display_name]", "Ada Lovelace").await?;
    browser.fill("input[name=password]", PASSWORD).await?;
    browser.click("main form button[type=submit]").await?;
    browser.until("somebody is logged in", "document.body.hasAttribute('data-visitor')").await?;
    if credits != "0" {
        let tenant = text(&get(browser, "/v1/account").await?["tenant_id"])?;
        world.recharge(&tenant, credits, "browser").await?.expect(201)?;
    }
    Ok(email)
}

/// What an address answers, asked by the page itself.
pub async fn get(browser: &Browser, path: &str) -> anyhow::Result<Value> {
    let script = "const [path, done] = arguments; fetch(path).then((answer) => answer.json()).then(done, (error) => done(String(error)))";
    browser.run_async(script, vec![path.into()]).await
}

/// The three sums of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sums {
    /// What was set aside.
    pub held: Credits,
    /// What it cost.
    pub charged: Credits,
    /// What came back.
    pub returned: Credits,
}

/// Waits for the end of the job whose page is shown, and reads its receipt.
pub async fn receipt(browser: &Browser) -> anyhow::Result<Sums> {
    browser.until("the job is over", "document.querySelector('[data-job][data-over] .receipt')").await?;
    let state = browser.text(".job-state").await?;
    ensure!(state.contains("Succeeded"), "the job says {state:?}");
    let read = "return [...document.querySelectorAll('.receipt dl dd.amount')].map((amount) => amount.textContent)";
    let [held, charged, returned] = amounts(&browser.run(read, Vec::new()).await?)?[..] else {
        anyhow::bail!("a receipt has three sums");
    };
    Ok(Sums { held, charged, returned })
}

/// What the page of the ledger says about one job.
pub async fn ledger(browser: &Browser, job_id: &str) -> anyhow::Result<Sums> {
    let path = format!("{}?job={job_id}", templates_maud::paths::LEDGER);
    // The statement follows the log.
    let settled = "document.querySelectorAll('table.ledger tbody tr').length >= 2";
    for _ in 0..LOOKS {
        browser.go(&path).await?;
        if browser.run(&format!("return {settled}"), Vec::new()).await? == Value::Bool(true) {
            break;
        }
    }
    let of = async |kind: &str| {
        let script = "return [...document.querySelectorAll('table.ledger tbody tr')]
            .filter((row) => row.cells[0].textContent.startsWith(arguments[0])).map((row) => row.cells[1].textContent)";
        let found = amounts(&browser.run(script, vec![kind.into()]).await?)?;
        ensure!(found.len() <= 1, "{} lines say {kind}", found.len());
        anyhow::Ok(found.first().copied().unwrap_or(Credits::ZERO))
    };
    let (held, charged, returned) = (of("Hold").await?, of("Charge").await?, of("Release").await?);
    Ok(Sums { held: Credits::ZERO - held, charged: Credits::ZERO - charged, returned })
}

/// How often a page is looked at that follows the log.
const LOOKS: u32 = 200;

/// The id of the job whose page is shown.
pub async fn shown_job(browser: &Browser) -> anyhow::Result<String> {
    let job = browser.property("[data-job]", "dataset").await?;
    text(&job["job"])
}

/// All jobs of the person.
pub async fn jobs(browser: &Browser) -> anyhow::Result<Vec<Value>> {
    let list = get(browser, "/v1/jobs").await?;
    list["data"].as_array().cloned().with_context(|| format!("{list} is a list"))
}

/// Amounts as pages show them: a real minus, digits in groups.
fn amounts(texts: &Value) -> anyhow::Result<Vec<Credits>> {
    let texts = texts.as_array().context("a list of texts")?;
    texts.iter().map(|amount| credits(amount.as_str().unwrap_or_default())).collect()
}

fn credits(shown: &str) -> anyhow::Result<Credits> {
    let plain = shown.trim().replace('\u{2212}', "-").replace([',', '+'], "");
    plain.parse().with_context(|| format!("{shown:?} is an amount"))
}
