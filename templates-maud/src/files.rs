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

/// htmx, for what moves without a new page.
pub static HTMX: LazyLock<File> = LazyLock::new(|| {
    let bytes = include_bytes!("../assets/htmx-2.0.11.min.js");
    file("htmx-2.0.11", "js", "text/javascript; charset=utf-8", bytes)
});

/// What scripts add to pages that work without them.
pub static SCRIPT: LazyLock<File> =
    LazyLock::new(|| file("zephyr", "js", "text/javascript; charset=utf-8", include_bytes!("../assets/zephyr.js")));

/// The sign of the product, in the browser's tab.
pub static ICON: LazyLock<File> =
    LazyLock::new(|| file("zephyr", "svg", "image/svg+xml", include_bytes!("../assets/zephyr.svg")));

/// The file of a name, if there is one.
#[must_use]
pub fn find(name: &str) -> Option<&'static File> {
    [&*STYLES, &*HTMX, &*SCRIPT, &*ICON].into_iter().find(|file| file.name == name)
}

impl File {
    /// Where it is.
    #[must_use]
    pub fn url(&self) -> String {
        format!("/static/{}", self.name)
    }
}

fn file(stem: &str, ending: &str, content_type: &'static str, bytes: &'static [u8]) -> File {
    let hash = hex::encode(&Sha256::digest(bytes)[..6]);
    File { name: format!("{stem}.{hash}.{ending}"), content_type, bytes }
}
