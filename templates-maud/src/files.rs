//! The files that pages load, each under a name that changes with its content, so that browsers may keep it for ever.

use std::sync::LazyLock;

use sha2::{Digest as _, Sha256};

/// A file that pages load.
#[derive(Clone, Debug)]
pub struct File {
    /// Its name, with a hash of its content.
    pub name: String,
    /// Its media type.
    pub content_type: &'static str,
    /// Its bytes.
    pub bytes: &'static [u8],
}

/// The look of every page.
pub static STYLES: LazyLock<File> =
    LazyLock::new(|| file("zephyr", "css", "text/css; charset=utf-8", include_bytes!("../assets/zephyr.css")));

/// What may become markup or a script, said before anything else runs; htmx, for what moves without a new page; then
/// what our scripts add to pages that work without them, in the order in which they run. A script says what it does to
/// each part of a page by `zephyr.bring`.
pub static SCRIPTS: LazyLock<Vec<File>> = LazyLock::new(|| {
    vec![
        script("trust", include_bytes!("../assets/trust.js")),
        script("htmx-2.0.11", include_bytes!("../assets/htmx-2.0.11.min.js")),
        script("zephyr", include_bytes!("../assets/zephyr.js")),
        script("times", include_bytes!("../assets/times.js")),
        script("live", include_bytes!("../assets/live.js")),
        script("upload", include_bytes!("../assets/upload.js")),
        script("chat", include_bytes!("../assets/chat.js")),
    ]
});

/// What scripts add to the console.
pub static CONSOLE_SCRIPT: LazyLock<File> = LazyLock::new(|| script("console", include_bytes!("../assets/console.js")));

/// The sign of the product, in the browser's tab.
pub static ICON: LazyLock<File> =
    LazyLock::new(|| file("zephyr", "svg", "image/svg+xml", include_bytes!("../assets/zephyr.svg")));

/// The file of a name, if there is one.
#[must_use]
pub fn find(name: &str) -> Option<&'static File> {
    all().find(|file| file.name == name)
}

/// All of them.
pub fn all() -> impl Iterator<Item = &'static File> {
    [&*STYLES, &*ICON, &*CONSOLE_SCRIPT].into_iter().chain(SCRIPTS.iter())
}

impl File {
    /// Where it is.
    #[must_use]
    pub fn url(&self) -> String {
        format!("/static/{}", self.name)
    }
}

fn script(stem: &str, bytes: &'static [u8]) -> File {
    file(stem, "js", "text/javascript; charset=utf-8", bytes)
}

fn file(stem: &str, ending: &str, content_type: &'static str, bytes: &'static [u8]) -> File {
    let hash = hex::encode(&Sha256::digest(bytes)[..6]);
    File { name: format!("{stem}.{hash}.{ending}"), content_type, bytes }
}
