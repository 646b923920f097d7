//! A catalog file, brought in as a whole: first what it would change, then the change.

use domain::capability::LintIssue;
use maud::{Markup, html};

use crate::{
    console::shell::{ConsolePage, Operator},
    page::{Look, form_token},
    paths::{CONSOLE_IMPORT, CONSOLE_MODEL, CONSOLE_MODELS, fill},
};

/// The names of what can become of a model, in the order of their words.
const RESULTS: [&str; 3] = ["changed", "unchanged", "refused"];

/// What became of a model of the file, or would.
#[derive(Clone, Debug)]
pub struct ImportLine {
    /// Its name.
    pub name: String,
    /// `changed`, `unchanged` or `refused`.
    pub result: String,
    /// The names of the events.
    pub changes: Vec<String>,
    /// Why it is refused.
    pub message: Option<String>,
    /// What is wrong with what it can do.
    pub issues: Vec<LintIssue>,
}

/// The page of an import.
#[derive(Debug)]
pub struct ImportPage<'a> {
    /// How it looks.
    pub look: &'a Look,
    /// Who looks.
    pub operator: &'a Operator,
    /// What was typed.
    pub text: &'a str,
    /// What was wrong with it.
    pub failure: Option<&'a str>,
    /// What became of it, and whether it was only tried.
    pub result: Option<(bool, &'a [ImportLine])>,
}

impl ImportPage<'_> {
    /// The page.
    #[must_use]
    pub fn render(&self) -> Markup {
        let (words, ours) = (self.look.words, self.look.words.console.models);
        let content = html! {
            p.trail { a href=(CONSOLE_MODELS) { (words.console.frame.models) } }
            h1 { (ours.import_title) }
            p.soft { (ours.import_hint) }
            @if let Some(failure) = self.failure { p.note role="alert" tabindex="-1" data-focus { (failure) } }
            @if let Some((tried, lines)) = self.result { (self.lines(tried, lines)) }
            section.card { div.pad {
                form.stack method="post" action=(CONSOLE_IMPORT) data-unsaved {
                    (form_token(&self.operator.form_token))
                    label { span { (ours.file) } textarea.code name="catalog" rows="18" wrap="off" spellcheck="false" required data-file { "\n" (self.text) } }
                    p.actions {
                        button type="submit" name="dry_run" value="true" { (ours.try_it) }
                        button.quiet type="submit" data-confirm=(ours.import_sure) { (ours.import_now) }
                    }
                }
            } }
        };
        ConsolePage { look: self.look, operator: self.operator, title: ours.import_title, content }.render()
    }

    fn lines(&self, tried: bool, lines: &[ImportLine]) -> Markup {
        let (words, ours) = (self.look.words, self.look.words.console.models);
        let refused = lines.iter().filter(|line| line.result == "refused").count();
        let word =
            |result: &str| RESULTS.iter().position(|known| *known == result).map_or("", |place| ours.results[place]);
        html! {
            section.card aria-labelledby="import-result" {
                header {
                    h2 #import-result tabindex="-1" data-focus { (ours.import_result) @if tried { " · " span.soft { (ours.try_it) } } }
                    @if refused > 0 { span.wrong { (refused) " " (ours.refused_count) } }
                }
                div.scroll { table.rows {
                    thead { tr { th scope="col" { (words.model) } th scope="col" { (ours.outcome) } th scope="col" { (words.details) } } }
                    tbody {
                        @for line in lines {
                            tr {
                                td { a.id href=(fill(CONSOLE_MODEL, &[&line.name])) { (line.name) } }
                                td .wrong[line.result == "refused"] { (word(&line.result)) }
                                td {
                                    span.soft { (line.changes.join(", ")) }
                                    @if let Some(message) = &line.message { (message) }
                                    @if !line.issues.is_empty() { ul { @for issue in &line.issues { li { (issue.to_string()) } } } }
                                }
                            }
                        }
                    }
                } }
            }
        }
    }
}
