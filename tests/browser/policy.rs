//! No page and no part of one holds a style, a script or a handler within its markup. That the browser never had to
//! block one is judged at the end of every test, by its console.

use anyhow::Context as _;
use tests::browser::{Browser, pages::Page};

use crate::tour::every_page;

const BODY: &str = "const [path, fragment, done] = arguments;
    fetch(path, { headers: fragment ? { 'HX-Request': 'true' } : {} }).then((answer) => answer.text()).then(done, (error) => done(null))";

#[tokio::test]
async fn no_page_holds_a_style_a_script_or_a_handler() -> anyhow::Result<()> {
    every_page("light", async |browser: &Browser, page: &Page| {
        let mut findings = Vec::new();
        for fragment in [false, true] {
            let body = browser.run_async(BODY, vec![page.path.as_str().into(), fragment.into()]).await?;
            findings.extend(inline(body.as_str().with_context(|| format!("{} answers", page.path))?));
        }
        Ok(findings)
    })
    .await
}

/// Every tag of some markup that styles or runs something by itself.
fn inline(markup: &str) -> Vec<String> {
    let tags = markup.split('<').skip(1).filter_map(|rest| Some(rest.split_once('>')?.0));
    tags.filter(|tag| styles_or_runs(tag)).map(|tag| format!("<{tag}>")).collect()
}

/// Attribute values are escaped by the templates, so that no `<`, `>` or quote stands within one.
fn styles_or_runs(tag: &str) -> bool {
    let (name, attributes) = tag.split_once(char::is_whitespace).unwrap_or((tag, ""));
    let mut names =
        attributes.split('"').step_by(2).flat_map(str::split_whitespace).map(|word| word.trim_end_matches('='));
    let is_bad = |word: &str| word == "style" || (word.starts_with("on") && word.len() > 2);
    match name {
        "style" => true,
        "script" => !attributes.contains("src=") || names.any(is_bad),
        _ => names.any(is_bad),
    }
}

#[test]
fn inline_code_is_found_and_files_are_not() {
    let bad = r#"<p style="a"><b onclick="x()"><style>a{}</style><script>x()</script>"#;
    let good =
        r#"<p class="style" data-on="x" title="onclick="><script src="/x.js" defer></script><a href="?style=1">on</a>"#;
    assert_eq!(inline(bad).len(), 4, "{:?}", inline(bad));
    assert_eq!(inline(good), Vec::<String>::new());
}
