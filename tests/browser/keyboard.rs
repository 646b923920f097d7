//! The keyboard alone: Tab reaches everything that can be used, each with a focus that is seen and not covered; the skip
//! link skips; Ctrl and Enter run.

use anyhow::ensure;
use serde_json::{Value, json};
use templates_maud::paths::{BILLING, MODEL, fill};
use tests::{
    browser::{Browser, Scripts, on_stage, pages::Page},
    world::World,
};

use crate::{person, tour::every_page};

const TAB: char = '\u{e004}';
const ENTER: char = '\u{e007}';
const CONTROL: char = '\u{e009}';
/// More stops than any page has.
const STOPS: u64 = 400;
/// Parts that renew themselves stop to, and what they asked for has come.
const CALM: &str = "(() => {
        for (const part of document.querySelectorAll('[data-every]')) part.removeAttribute('data-every');
        return !document.querySelector('.htmx-request');
    })()";
/// Numbers all that can be used, and says how many there are. Of radio buttons, one of a group is a stop.
const NUMBER: &str = "const stops = [...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex], video[controls]')]
        .filter((one) => !one.disabled && one.type !== 'hidden' && one.tabIndex >= 0 && one.checkVisibility({ visibilityProperty: true }));
    const group = (one) => stops.filter((other) => other.type === 'radio' && other.name === one.name && other.form === one.form);
    const reached = stops.filter((one) => one.type !== 'radio' || one === (group(one).find((other) => other.checked) || group(one)[0]));
    window.stops = reached;
    document.activeElement?.blur();
    window.scrollTo(0, 0);
    return reached.length";
/// Which stop has the focus, and what is wrong with how it is seen.
const FOCUSED: &str = "const one = document.activeElement;
    if (!one || one === document.body) return { at: null };
    const ringed = (element) => { const style = getComputedStyle(element); return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1; };
    // The controls of a video draw a focus of their own.
    const seen = one.matches('video') || ringed(one) || (one.nextElementSibling && ringed(one.nextElementSibling));
    const box = one.getClientRects()[0] || one.getBoundingClientRect();
    const top = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
    const covered = !(top && (one.contains(top) || top.contains(one) || top.closest('label')?.contains(one)));
    // What is exchanged while it is read keeps its id.
    const at = window.stops.findIndex((stop) => stop === one || (stop.id && stop.id === one.id));
    return { at, wrong: !seen ? 'its focus is not seen' : covered ? 'it is covered while it has the focus' : null, what: one.outerHTML.slice(0, 160) }";
const MISSED: &str =
    "return arguments[0].map((number) => `Tab does not reach ${window.stops[number].outerHTML.slice(0, 160)}`)";

#[tokio::test]
async fn tab_reaches_everything_with_a_focus_that_is_seen() -> anyhow::Result<()> {
    every_page("light", walk_by_tab).await
}

#[tokio::test]
async fn the_skip_link_comes_first_and_leads_to_the_content() -> anyhow::Result<()> {
    let world = World::shared().await?;
    on_stage(&world.base_url, Scripts::On, &[], async |browser| {
        person::register(&world, browser, "0").await?;
        browser.go(BILLING).await?;
        browser.press([TAB]).await?;
        browser.until("the skip link has the focus", "document.activeElement.matches('a.skip')").await?;
        browser.press([ENTER]).await?;
        browser.until("the content has the focus", "document.activeElement.id === 'content'").await?;
        browser.press([TAB]).await?;
        browser
            .until("the next stop lies within", "document.querySelector('#content').contains(document.activeElement)")
            .await
    })
    .await
}

#[tokio::test]
async fn control_and_enter_run_a_form() -> anyhow::Result<()> {
    let world = World::shared().await?;
    on_stage(&world.base_url, Scripts::On, &[], async |browser| {
        person::register(&world, browser, "500").await?;
        browser.go(&fill(MODEL, &["doubao-seedream-4-0"])).await?;
        browser.fill("[name='p.prompt']", "A lighthouse at dusk").await?;
        browser.press_with(CONTROL, ENTER).await?;
        browser.until("the run is over", "document.querySelector('#results [data-job][data-over]')").await?;
        ensure!(person::jobs(browser).await?.len() == 1, "it ran once");
        Ok(())
    })
    .await
}

async fn walk_by_tab(browser: &Browser, _: &Page) -> anyhow::Result<Vec<String>> {
    browser.until("nothing renews itself any more", CALM).await?;
    let count = browser.run(NUMBER, Vec::new()).await?.as_u64().unwrap_or_default();
    ensure!(count < STOPS, "{count} stops are too many for anybody");
    let (mut reached, mut findings) = (vec![false; usize::try_from(count)?], Vec::new());
    let mut first = None;
    // Regions that scroll are stops of their own.
    for _ in 0..count + 20 {
        browser.press([TAB]).await?;
        let focused = browser.run(FOCUSED, Vec::new()).await?;
        let Some(at) = focused["at"].as_u64() else {
            if focused["at"].is_null() && first.is_some() {
                break;
            }
            continue;
        };
        if first.is_some_and(|first: u64| first == at) {
            break;
        }
        first.get_or_insert(at);
        reached[usize::try_from(at)?] = true;
        if let Some(wrong) = focused["wrong"].as_str() {
            findings.push(format!("{wrong}: {}", focused["what"].as_str().unwrap_or_default()));
        }
    }
    let missed: Vec<usize> = (0..reached.len()).filter(|number| !reached[*number]).collect();
    let missed: Value = browser.run(MISSED, vec![json!(missed)]).await?;
    findings.extend(missed.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned));
    Ok(findings)
}
