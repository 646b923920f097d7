//! Pages that everybody can use: axe-core finds nothing serious in either theme, the keyboard reaches everything and its
//! focus is seen, and nothing is wider than the narrowest screen.

use anyhow::Context as _;
use serde_json::Value;
use tests::{
    browser::{Browser, pages::Page},
    services::BrowserParts,
};

use crate::tour::every_page;

/// The width of a small phone, and of a desk's screen at 400 %.
const NARROWEST: (u32, u32) = (320, 256);
const A_DESK: (u32, u32) = (1280, 900);
const JUDGE: &str = "const done = arguments[0];
    axe.run(document, { resultTypes: ['violations'] }).then((found) => done(found.violations
        .filter((one) => ['serious', 'critical'].includes(one.impact))
        .map((one) => `${one.id} (${one.impact}): ` + one.nodes.slice(0, 3).map((node) => `${node.html.slice(0, 200)} ${node.any.concat(node.all).map((why) => why.message).join('; ')}`).join(' || '))),
        (error) => done([`axe: ${error}`]))";
/// What sticks out, unless it can be scrolled by itself, and what is cut off.
const TOO_WIDE: &str = "const root = document.documentElement;
    const style = (element) => getComputedStyle(element).overflowX;
    const scrolls = (element) => element && element !== document.body && (/auto|scroll|hidden|clip/.test(style(element)) || scrolls(element.parentElement));
    const cuts = (element, right) => element && element !== document.body && !/auto|scroll/.test(style(element))
        && (/hidden|clip/.test(style(element)) && right > element.getBoundingClientRect().right + 1 || cuts(element.parentElement, right));
    const shown = (elements) => elements.slice(-4).map((one) => one.outerHTML.slice(0, 160)).join(' || ');
    const found = [];
    const wide = [...document.body.querySelectorAll('*')].filter((one) => one.getBoundingClientRect().right > root.clientWidth + 1 && !scrolls(one.parentElement));
    if (root.scrollWidth > root.clientWidth) found.push(`${root.scrollWidth} px wide: ` + shown(wide));
    const cut = [...document.querySelectorAll('main table, main form, main pre')].filter((one) => cuts(one.parentElement, one.getBoundingClientRect().right));
    if (cut.length) found.push(`cut off at ${root.clientWidth} px: ` + shown(cut));
    return found";

#[tokio::test]
async fn axe_finds_nothing_serious_on_light_pages() -> anyhow::Result<()> {
    every_page("light", judged_by_axe).await
}

#[tokio::test]
async fn axe_finds_nothing_serious_on_dark_pages() -> anyhow::Result<()> {
    every_page("dark", judged_by_axe).await
}

#[tokio::test]
async fn no_page_is_wider_than_its_screen_or_cut_off() -> anyhow::Result<()> {
    every_page("light", async |browser, _| {
        let mut found = Vec::new();
        for (width, height) in [NARROWEST, A_DESK] {
            browser.resize(width, height).await?;
            found.extend(findings(browser.run(TOO_WIDE, Vec::new()).await?)?);
        }
        Ok(found)
    })
    .await
}

async fn judged_by_axe(browser: &Browser, _: &Page) -> anyhow::Result<Vec<String>> {
    let axe = tokio::fs::read_to_string(BrowserParts::axe()?).await?;
    browser.run(&axe, Vec::new()).await?;
    findings(browser.run_async(JUDGE, Vec::new()).await?)
}

fn findings(found: Value) -> anyhow::Result<Vec<String>> {
    serde_json::from_value(found).context("a list of findings")
}
