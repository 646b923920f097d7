//! What a browser keeps for when there is no network: the files that pages load, and one page. Nothing of a person.

use maud::{Markup, html};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::{
    files,
    page::{Look, Page},
    paths::{OFFLINE, OVERVIEW},
};

/// The page for when there is no network.
#[must_use]
pub fn offline(look: &Look) -> Markup {
    let words = look.words;
    let content = html! {
        h1 { (words.portal.offline) }
        p { (words.portal.offline_text) }
        p { a.button href=(OVERVIEW) { (words.portal.reload) } }
    };
    Page { look, title: words.portal.offline, visitor: None, narrow: true, content }.render()
}

/// What the files of this build are known by, together.
#[must_use]
pub fn build_id() -> String {
    let names: Vec<&str> = files::all().map(|file| file.name.as_str()).collect();
    hex::encode(&Sha256::digest(names.join("\n"))[..8])
}

/// The service worker of this build.
#[must_use]
pub fn service_worker() -> String {
    let files: Vec<String> = files::all().map(files::File::url).collect();
    let build = json!({ "id": build_id(), "files": files, "offline": OFFLINE });
    format!("const BUILD = {build};\n{}", include_str!("../assets/sw.js"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_worker_knows_every_file_of_its_build_and_nothing_else() {
        let worker = super::service_worker();
        for file in crate::files::all() {
            assert!(worker.contains(&file.url()), "{}", file.name);
        }
        assert_eq!(worker.matches("/static/").count(), crate::files::all().count());
        assert!(worker.contains(&super::build_id()));
    }
}
