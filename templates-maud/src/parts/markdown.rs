//! What a model wrote, as markup: Markdown through an allow-list, so that nothing of it can run, load or look like ours.
//!
//! Never raw HTML, pictures, or links to anything but http(s) and mail; htmx is told to leave it alone.

use std::{collections::HashSet, sync::LazyLock};

use ammonia::Builder;
use maud::{Markup, PreEscaped, html};
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// What may stand in an answer.
const TAGS: [&str; 27] = [
    "p",
    "br",
    "hr",
    "h3",
    "h4",
    "h5",
    "h6",
    "strong",
    "em",
    "del",
    "code",
    "pre",
    "blockquote",
    "ul",
    "ol",
    "li",
    "a",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "sup",
    "sub",
    "span",
    "div",
];
/// The longest text that is shown as markup; a longer one is shown as it is.
const MARKED_UP_BYTES: usize = 512 * 1024;

static ALLOWED: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut allowed = Builder::empty();
    allowed
        .tags(HashSet::from(TAGS))
        .add_tag_attributes("a", ["href"])
        .add_tag_attributes("ol", ["start"])
        .url_schemes(HashSet::from(["http", "https", "mailto"]))
        .url_relative(ammonia::UrlRelative::Deny)
        .link_rel(Some("noopener noreferrer nofollow"));
    allowed
});

/// An answer as markup.
#[must_use]
pub fn markdown(text: &str) -> Markup {
    if text.len() > MARKED_UP_BYTES {
        return html! { div.answer hx-disable { (text) } };
    }
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
    let mut marked = String::with_capacity(text.len() * 2);
    pulldown_cmark::html::push_html(&mut marked, Parser::new_ext(text, options).filter_map(shown));
    html! { div.markdown hx-disable { (PreEscaped(ALLOWED.clean(&marked).to_string())) } }
}

/// Raw HTML is text here, pictures are their descriptions, and no heading is above those of the page.
fn shown(event: Event<'_>) -> Option<Event<'_>> {
    use pulldown_cmark::HeadingLevel::{H1, H2, H3};
    Some(match event {
        Event::Html(raw) | Event::InlineHtml(raw) => Event::Text(raw),
        Event::Start(Tag::Image { .. }) | Event::End(TagEnd::Image) => return None,
        Event::Start(Tag::Heading { level: H1 | H2, id, classes, attrs }) => {
            Event::Start(Tag::Heading { level: H3, id, classes, attrs })
        }
        Event::End(TagEnd::Heading(H1 | H2)) => Event::End(TagEnd::Heading(H3)),
        other => other,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> String {
        markdown(text).into_string()
    }

    #[test]
    fn markdown_is_marked_up() {
        let html =
            of("# One\n\n**bold** and `code`\n\n```rust\nlet a = 1 < 2;\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |");
        for part in ["<h3>One</h3>", "<strong>bold</strong>", "<code>code</code>", "let a = 1 &lt; 2;", "<td>2</td>"] {
            assert!(html.contains(part), "{part} in {html}");
        }
        assert!(of("[site](https://example.com/a?b=1)").contains("href=\"https://example.com/a?b=1\""));
    }

    #[test]
    fn nothing_that_a_model_writes_can_run_load_or_pretend() {
        for text in [
            "<SCRIPT>alert(1)</SCRIPT>",
            "<img src=x onerror=alert(1)>",
            "![x](https://evil.example/track.png)",
            "[x](javascript:alert(1))",
            "[x](data:text/html,hi)",
            "[x](/logout)",
            "<div hx-get=\"/keys\" hx-trigger=\"load\">a</div>",
            "<form action=\"/keys\"><button>b</button></form>",
            "```\" onload=\"x\ncode\n```",
            "<a href=\"https://a.example\" onclick=\"x()\" style=\"position:fixed\">a</a>",
        ] {
            let html = of(text);
            for bad in [
                "script>",
                "<img",
                "javascript:\"",
                "href=\"data:",
                "href=\"/",
                "<form",
                "<button",
                "<div hx-get",
                "<a href=\"https://a.example\" on",
            ] {
                assert!(!html.contains(bad), "{bad} of {text} in {html}");
            }
        }
        assert!(of("a <b>c</b>").contains("&lt;b&gt;c"), "raw HTML is shown as text");
    }
}
