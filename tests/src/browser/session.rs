//! One browser: going, clicking, typing, and waiting for what is to be seen. It never waits for a time to pass.

use std::{
    fmt::Debug,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, bail};
use fantoccini::{Client, ClientBuilder, Locator, elements::Element};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Map, Value, json};

use super::driver::Driver;

/// How long a person would wait for something to appear.
const PATIENCE: Duration = Duration::from_secs(20);
/// The pause between two looks at the page.
/// How long a script may take.
const SCRIPT_WITHIN: Duration = Duration::from_secs(120);
const LOOK_EVERY: Duration = Duration::from_millis(25);
/// How often an element is pressed that is just being exchanged.
const PRESSES: u32 = 10;
/// A window as on a desk.
const WINDOW: &str = "--window-size=1280,900";
/// Addresses that browsers pretend to come from, so that the limits on the doors never meet two of them.
static ADDRESSES: AtomicU32 = AtomicU32::new(1);

/// Whether pages may run scripts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scripts {
    /// As nearly everybody has it.
    #[default]
    On,
    /// Switched off for every page.
    Off,
}

/// A browser with an empty profile, at one gateway.
#[derive(Debug)]
pub struct Browser {
    /// The gateway.
    pub base_url: String,
    pub(super) client: Client,
    _driver: Arc<Driver>,
}

impl Browser {
    /// Opens one.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn open(base_url: &str, scripts: Scripts) -> anyhow::Result<Self> {
        let driver = Driver::shared().await?;
        let mut builder = ClientBuilder::new(HttpConnector::new());
        let client = builder.capabilities(capabilities(&driver, scripts)).connect(&driver.url).await;
        let client = client.context("the browser does not start")?;
        let browser = Self { base_url: base_url.to_owned(), client, _driver: driver };
        browser.pretend_an_address().await?;
        Ok(browser)
    }

    /// Closes it.
    ///
    /// # Errors
    /// When it is gone already.
    pub async fn close(self) -> anyhow::Result<()> {
        self.client.close().await.context("the browser is gone")
    }

    /// Goes to a page of the gateway.
    ///
    /// # Errors
    /// When the browser can't.
    pub async fn go(&self, path: &str) -> anyhow::Result<()> {
        let url = format!("{}{path}", self.base_url);
        self.client.goto(&url).await.with_context(|| format!("{path} can't be opened"))
    }

    /// Back to the page before.
    ///
    /// # Errors
    /// When the browser can't.
    pub async fn back(&self) -> anyhow::Result<()> {
        Ok(self.client.back().await?)
    }

    /// Forward again.
    ///
    /// # Errors
    /// When the browser can't.
    pub async fn forward(&self) -> anyhow::Result<()> {
        Ok(self.client.forward().await?)
    }

    /// Loads the page anew.
    ///
    /// # Errors
    /// When the browser can't.
    pub async fn reload(&self) -> anyhow::Result<()> {
        Ok(self.client.refresh().await?)
    }

    /// Path and query of the page that is shown.
    ///
    /// # Errors
    /// When the browser can't say.
    pub async fn here(&self) -> anyhow::Result<String> {
        let url = self.client.current_url().await?;
        Ok(url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path())))
    }

    /// Waits for an element that is on the page.
    ///
    /// # Errors
    /// When none appears.
    pub async fn find(&self, css: &str) -> anyhow::Result<Element> {
        let found = self.client.wait().at_most(PATIENCE).every(LOOK_EVERY).for_element(Locator::Css(css)).await;
        match found {
            Ok(element) => Ok(element),
            Err(error) => bail!("{css} does not appear on {}: {error}", self.here().await.unwrap_or_default()),
        }
    }

    /// Waits for an element and presses it.
    ///
    /// # Errors
    /// When none appears, or it can't be pressed.
    pub async fn click(&self, css: &str) -> anyhow::Result<()> {
        for _ in 1..PRESSES {
            match self.find(css).await?.click().await {
                // A part of the page was exchanged under the pointer: it is there again.
                Err(error) if error.is_stale_element_reference() => {}
                pressed => return pressed.with_context(|| format!("{css} can't be pressed")),
            }
        }
        bail!("{css} does not stand still")
    }

    /// Waits for an element, presses it, and says yes to what the page asks back.
    ///
    /// # Errors
    /// When none appears, or nothing is asked.
    pub async fn click_and_confirm(&self, css: &str) -> anyhow::Result<()> {
        self.click(css).await?;
        let asked = async {
            while self.client.get_alert_text().await.is_err() {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        tokio::time::timeout(PATIENCE, asked).await.with_context(|| format!("{css} asks nothing back"))?;
        Ok(self.client.accept_alert().await?)
    }

    /// Waits for a field and types into it, in the place of what stands there.
    ///
    /// # Errors
    /// When none appears, or it takes no text.
    pub async fn fill(&self, css: &str, text: &str) -> anyhow::Result<()> {
        let field = self.find(css).await?;
        field.clear().await.with_context(|| format!("{css} can't be emptied"))?;
        field.send_keys(text).await.with_context(|| format!("{css} takes no text"))
    }

    /// Gives a file to a field.
    ///
    /// # Errors
    /// When none appears, or it takes no file.
    pub async fn attach(&self, css: &str, file: &Path) -> anyhow::Result<()> {
        let field = self.find(css).await?;
        field.send_keys(&file.display().to_string()).await.with_context(|| format!("{css} takes no file"))
    }

    /// Waits for an element and reads its text, as it is shown.
    ///
    /// # Errors
    /// When none appears.
    pub async fn text(&self, css: &str) -> anyhow::Result<String> {
        Ok(self.find(css).await?.text().await?)
    }

    /// An attribute or property of an element, as a script has it.
    ///
    /// # Errors
    /// When none appears.
    pub async fn property(&self, css: &str, name: &str) -> anyhow::Result<Value> {
        self.find(css).await?;
        self.run("return document.querySelector(arguments[0])[arguments[1]]", vec![css.into(), name.into()]).await
    }

    /// How many elements there are now.
    ///
    /// # Errors
    /// When the browser can't say.
    pub async fn count(&self, css: &str) -> anyhow::Result<u64> {
        let count = self.run("return document.querySelectorAll(arguments[0]).length", vec![css.into()]).await?;
        count.as_u64().context("a count is a number")
    }

    /// Runs a script and gives what it returns.
    ///
    /// # Errors
    /// When it throws.
    pub async fn run(&self, script: &str, arguments: Vec<Value>) -> anyhow::Result<Value> {
        self.client.execute(script, arguments).await.with_context(|| excerpt(script))
    }

    /// Runs a script that calls its last argument with its result.
    ///
    /// # Errors
    /// When it throws, or does not end.
    pub async fn run_async(&self, script: &str, arguments: Vec<Value>) -> anyhow::Result<Value> {
        self.client.execute_async(script, arguments).await.with_context(|| excerpt(script))
    }

    /// Waits until a condition holds on the page, also across pages.
    ///
    /// # Errors
    /// When it does not come to hold.
    pub async fn until(&self, what: &str, condition: &str) -> anyhow::Result<()> {
        let script = format!("return Boolean({condition})");
        let looking = async {
            // Between two pages there is nothing to run a script in.
            while !matches!(self.client.execute(&script, Vec::new()).await, Ok(Value::Bool(true))) {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        if tokio::time::timeout(PATIENCE, looking).await.is_err() {
            bail!("{what}: not so on {}", self.here().await.unwrap_or_default());
        }
        Ok(())
    }

    /// Waits until the page of this path is shown, whatever its query.
    ///
    /// # Errors
    /// When it is not.
    pub async fn until_at(&self, path: &str) -> anyhow::Result<()> {
        let at = format!("document.readyState === 'complete' && location.pathname === {}", json!(path));
        self.until(&format!("{path} is shown"), &at).await
    }

    /// Logs in by the form.
    ///
    /// # Errors
    /// When the door does not open.
    pub async fn log_in(&self, email: &str, password: &str) -> anyhow::Result<()> {
        self.go(templates_maud::paths::LOGIN).await?;
        self.fill("input[name=email]", email).await?;
        self.fill("input[name=password]", password).await?;
        self.click("main form button[type=submit]").await?;
        self.until("somebody is logged in", "document.body.hasAttribute('data-visitor')").await
    }

    async fn pretend_an_address(&self) -> anyhow::Result<()> {
        let number = ADDRESSES.fetch_add(1, Ordering::Relaxed);
        let address = format!("10.1.{}.{}", number / 256 % 256, number % 256);
        self.devtools("Network.enable", json!({})).await?;
        self.devtools("Network.setExtraHTTPHeaders", json!({ "headers": { "x-forwarded-for": address } })).await?;
        Ok(())
    }
}

/// Chromium without a window, without a sandbox (root has none), and without any traffic of its own.
fn capabilities(driver: &Driver, scripts: Scripts) -> Map<String, Value> {
    let profile = format!("--user-data-dir={}", driver.new_profile());
    let arguments = json!([
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--lang=en-US",
        WINDOW,
        profile,
    ]);
    let mut preferences = json!({ "intl.accept_languages": "en-US,en" });
    if scripts == Scripts::Off {
        preferences["profile.managed_default_content_settings.javascript"] = json!(2);
    }
    let options = json!({ "binary": driver.parts.chromium, "args": arguments, "prefs": preferences });
    let timeouts = json!({ "script": SCRIPT_WITHIN.as_millis() });
    let wanted =
        json!({ "goog:chromeOptions": options, "goog:loggingPrefs": { "browser": "ALL" }, "timeouts": timeouts });
    wanted.as_object().cloned().unwrap_or_default()
}

fn excerpt(script: &str) -> String {
    script.chars().rev().take(160).collect::<Vec<_>>().into_iter().rev().collect()
}
