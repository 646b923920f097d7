//! What WebDriver has no word for: the sizes and themes of a screen, keys one after the other, the browser's console.

use anyhow::Context as _;
use fantoccini::{
    actions::{InputSource as _, KeyAction, KeyActions, MOUSE_BUTTON_LEFT, MouseActions, PointerAction},
    wd::WebDriverCompatibleCommand,
};
use reqwest::{Method, Url};
use serde::Deserialize;
use serde_json::{Value, json};

use super::session::Browser;

/// What Chromium calls a complaint.
const COMPLAINT: &str = "SEVERE";
/// Below this width a screen is a phone's.
const PHONE_WIDTH: u32 = 500;
/// How often garbage is collected before something is measured: what held other garbage is gone after the first time.
const COLLECTIONS: u32 = 3;
/// The tallest picture that is taken of a page.
const TALLEST: u64 = 4_000;

/// A line of the browser's console.
#[derive(Clone, Debug, Deserialize)]
pub struct ConsoleLine {
    /// `SEVERE`, `WARNING`, …
    pub level: String,
    /// What it says.
    pub message: String,
    /// `security`, `network`, `javascript`, …
    #[serde(default)]
    pub source: String,
}

/// What a page keeps in memory, once all that nobody holds any more is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Footprint {
    /// What its scripts keep, in bytes.
    pub heap_bytes: u64,
    /// Nodes, also those that are not shown.
    pub nodes: u64,
    /// What waits for an event.
    pub listeners: u64,
    /// Documents, also those that were parsed out of an answer.
    pub documents: u64,
}

#[derive(Debug)]
struct Command {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for Command {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, <Url as std::str::FromStr>::Err> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.body.to_string()))
    }
}

impl Browser {
    /// Sends a command of the DevTools protocol.
    ///
    /// # Errors
    /// When the browser refuses.
    pub async fn devtools(&self, command: &str, parameters: Value) -> anyhow::Result<Value> {
        let body = json!({ "cmd": command, "params": parameters });
        let issued = self.client.issue_cmd(Command { path: "goog/cdp/execute", body }).await;
        issued.with_context(|| command.to_owned())
    }

    /// What the page keeps, after its garbage was collected.
    ///
    /// # Errors
    /// When the browser can't say.
    pub async fn footprint(&self) -> anyhow::Result<Footprint> {
        self.devtools("Performance.enable", json!({})).await?;
        for _ in 0..COLLECTIONS {
            self.devtools("HeapProfiler.collectGarbage", json!({})).await?;
        }
        let measured = self.devtools("Performance.getMetrics", json!({})).await?;
        let metrics = measured["metrics"].as_array().context("metrics are a list")?;
        let of = |name: &str| {
            let found = metrics.iter().find(|metric| metric["name"] == name);
            found.and_then(|metric| metric["value"].as_u64()).with_context(|| format!("{name} is not measured"))
        };
        Ok(Footprint {
            heap_bytes: of("JSHeapUsedSize")?,
            nodes: of("Nodes")?,
            listeners: of("JSEventListeners")?,
            documents: of("Documents")?,
        })
    }

    /// The lines of the console since it was last read that are complaints.
    ///
    /// # Errors
    /// When the browser can't say.
    pub async fn complaints(&self) -> anyhow::Result<Vec<ConsoleLine>> {
        let lines = self.client.issue_cmd(Command { path: "se/log", body: json!({ "type": "browser" }) }).await?;
        let lines: Vec<ConsoleLine> = serde_json::from_value(lines).context("the browser's console")?;
        Ok(lines.into_iter().filter(|line| line.level == COMPLAINT || line.source == "security").collect())
    }

    /// Makes the page this wide and high, in CSS pixels.
    ///
    /// # Errors
    /// When the browser refuses.
    pub async fn resize(&self, width: u32, height: u32) -> anyhow::Result<()> {
        let metrics =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < PHONE_WIDTH });
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await?;
        Ok(())
    }

    /// Chooses a theme (`light` or `dark`), as the switch at the foot of a page does.
    ///
    /// # Errors
    /// When the browser refuses.
    pub async fn choose_theme(&self, theme: &str) -> anyhow::Result<()> {
        let cookie = json!({ "url": self.base_url, "name": "zephyr_theme", "value": theme });
        self.devtools("Network.setCookie", cookie).await?;
        Ok(())
    }

    /// Removes a cookie, whoever may read it.
    ///
    /// # Errors
    /// When the browser refuses.
    pub async fn lose_cookie(&self, name: &str) -> anyhow::Result<()> {
        self.devtools("Network.deleteCookies", json!({ "url": self.base_url, "name": name })).await?;
        Ok(())
    }

    /// Leaves the page, and then whoever was logged in: a page that stays open would go on asking, as nobody.
    ///
    /// # Errors
    /// When the browser refuses.
    pub async fn leave(&self) -> anyhow::Result<()> {
        self.client.goto("about:blank").await?;
        self.devtools("Network.clearBrowserCookies", json!({})).await?;
        Ok(())
    }

    /// Presses keys, one after the other.
    ///
    /// # Errors
    /// When the browser refuses.
    pub async fn press(&self, keys: impl IntoIterator<Item = char>) -> anyhow::Result<()> {
        let down_and_up = |value| [KeyAction::Down { value }, KeyAction::Up { value }];
        let presses = keys.into_iter().flat_map(down_and_up);
        let actions = presses.fold(KeyActions::new("keyboard".into()), |actions, action| actions.then(action));
        Ok(self.client.perform_actions(actions).await?)
    }

    /// Presses a key while another is held down.
    ///
    /// # Errors
    /// When the browser refuses.
    pub async fn press_with(&self, held: char, value: char) -> anyhow::Result<()> {
        let actions = KeyActions::new("keyboard".into())
            .then(KeyAction::Down { value: held })
            .then(KeyAction::Down { value })
            .then(KeyAction::Up { value })
            .then(KeyAction::Up { value: held });
        Ok(self.client.perform_actions(actions).await?)
    }

    /// Presses an element twice, as fast as a hand does.
    ///
    /// # Errors
    /// When none appears, or the browser refuses.
    pub async fn double_click(&self, css: &str) -> anyhow::Result<()> {
        let element = self.find(css).await?;
        self.run("document.querySelector(arguments[0]).scrollIntoView({ block: 'center' })", vec![css.into()]).await?;
        let center = PointerAction::MoveToElement { element, duration: None, x: 0.0, y: 0.0 };
        let (down, up) =
            (PointerAction::Down { button: MOUSE_BUTTON_LEFT }, PointerAction::Up { button: MOUSE_BUTTON_LEFT });
        let press = [down.clone(), up.clone(), down, up];
        let actions = press.into_iter().fold(MouseActions::new("mouse".into()).then(center), |all, one| all.then(one));
        Ok(self.client.perform_actions(actions).await?)
    }

    /// A picture of the whole page at a width, as PNG.
    ///
    /// # Errors
    /// When the browser refuses.
    pub async fn picture(&self, width: u32, least_height: u32) -> anyhow::Result<Vec<u8>> {
        self.resize(width, least_height).await?;
        let height = self.run("return document.documentElement.scrollHeight", Vec::new()).await?;
        let height = height.as_u64().unwrap_or_default().clamp(u64::from(least_height), TALLEST);
        self.resize(width, u32::try_from(height)?).await?;
        Ok(self.client.screenshot().await?)
    }

    /// The markup of the page as it is now.
    ///
    /// # Errors
    /// When the browser refuses.
    pub async fn markup(&self) -> anyhow::Result<String> {
        Ok(self.client.source().await?)
    }
}
