//! A walk over every page of the scene, each seen by whom it is for.

use std::collections::BTreeSet;

use anyhow::ensure;
use tests::{
    browser::{
        Browser, Scene, Scripts, on_stage,
        pages::{Page, Seat, pages},
    },
    source_text,
};

/// Shows every page in turn, and gathers what is found on them. A page that complains in the console fails too.
pub async fn every_page(
    theme: &str,
    look: impl AsyncFn(&Browser, &Page) -> anyhow::Result<Vec<String>>,
) -> anyhow::Result<()> {
    let scene = Scene::shared().await?;
    let pages = pages(&scene);
    // A page that tells what is not there answers so.
    on_stage(&scene.world.base_url, Scripts::On, &["status of 404"], async |browser| {
        browser.choose_theme(theme).await?;
        let mut findings = Vec::new();
        for seat in Seat::ALL {
            if let Some((email, password)) = seat.account(&scene) {
                browser.leave().await?;
                browser.choose_theme(theme).await?;
                browser.log_in(email, password).await?;
            }
            for page in pages.iter().filter(|page| page.seat == seat) {
                browser.go(&page.path).await?;
                browser.until("the page is complete", "document.readyState === 'complete'").await?;
                let found = look(browser, page).await?;
                findings.extend(found.into_iter().map(|finding| format!("{} ({theme}): {finding}", page.name)));
            }
        }
        ensure!(findings.is_empty(), "{} findings:\n{}", findings.len(), findings.join("\n"));
        Ok(())
    })
    .await
}

/// Pages that are seen elsewhere, or by nobody.
const NO_PAGES: [&str; 6] =
    ["STYLEGUIDE", "JOBS_EXPORT", "SERVICE_WORKER", "CONSOLE_LEDGER_EXPORT", "CONSOLE_BOOKS", "CONSOLE_USER"];

#[tokio::test]
async fn no_page_of_the_router_is_forgotten() -> anyhow::Result<()> {
    let scene = Scene::shared().await?;
    let shown: BTreeSet<&str> = pages(&scene).iter().map(|page| page.route).collect();
    let patterns = source_text("templates-maud/src/paths.rs")?;
    let router = source_text("api/src/router.rs")?;
    let mut forgotten = Vec::new();
    let mut routes = 0;
    for (name, methods) in
        router.split(".route(").filter_map(|route| route.trim_start().strip_prefix("paths::")?.split_once(','))
    {
        let constant = format!("pub const {name}: &str = \"");
        let pattern = patterns.split_once(&constant).and_then(|(_, rest)| rest.split('"').next()).unwrap_or_default();
        ensure!(!pattern.is_empty(), "{name} stands in paths.rs");
        let is_page = methods.trim_start().starts_with("get(") && !pattern.starts_with("/_f/");
        routes += usize::from(is_page);
        if is_page && !shown.contains(pattern) && !NO_PAGES.contains(&name) {
            forgotten.push(format!("{name} ({pattern})"));
        }
    }
    ensure!(routes > 12, "only {routes} pages are found in the router: is it written in another way now?");
    ensure!(forgotten.is_empty(), "list them in tests/src/browser/pages.rs: {forgotten:?}");
    Ok(())
}
