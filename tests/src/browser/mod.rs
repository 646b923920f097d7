//! Chromium at the gateway's pages, as a person would sit there: what it shows, and what it complains about.
//!
//! | module | what it is |
//! |---|---|
//! | `driver` | the ChromeDriver that a program's tests share |
//! | `session` | one browser: going, clicking, typing, waiting for what is to be seen |
//! | `devtools` | what WebDriver has no word for: sizes, themes, the console |
//! | `stage` | a test in a browser, from opening to what is kept of a failure |
//! | `scene` | a gateway with something of everything to be seen |
//! | `pages` | every page there is, in that scene |
//!
//! It never looks into the gateway: all that it knows is on the page.

pub mod devtools;
pub mod driver;
pub mod pages;
pub mod scene;
pub mod session;
pub mod stage;

pub use driver::Driver;
pub use scene::Scene;
pub use session::{Browser, Scripts};
pub use stage::on_stage;
