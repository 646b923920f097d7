//! What happened to a capability, the newest first, and what is different between two of its versions.

use chrono::{DateTime, Utc};
use domain::capability::{CapabilityDiff, CapabilityKind, PartDiff};
use maud::{Markup, html};
use serde_json::Value;

use super::{
    draft::Part,
    list::{CapabilityLine, ModelState},
    model::{Texts, heading, tabs},
    preview::part_word,
};
use crate::{
    console::shell::{ConsolePage, Operator},
    figures::moment,
    page::{Look, form_token},
    paths::{CONSOLE_CAPABILITY, CONSOLE_HISTORY, CONSOLE_ROLLBACK, fill, with_query},
    words::Words,
};

/// The names of the changes, in the order of their words.
const CHANGES: [&str; 5] = ["published", "retired", "routed", "deprecated", "deprecation_withdrawn"];
/// The longest value that a difference shows.
const VALUE_MAX_CHARS: usize = 400;

/// One change in the history.
#[derive(Clone, Debug)]
pub struct HistoryLine {
    /// Its name.
    pub what: String,
    /// The version that it is about.
    pub version: Option<u32>,
    /// When.
    pub at: DateTime<Utc>,
    /// By whom.
    pub by: String,
}

/// Two versions, and what is different.
#[derive(Debug)]
pub struct Compared {
    /// The earlier one.
    pub from: u32,
    /// The later one.
    pub to: u32,
    /// What is different.
    pub diff: CapabilityDiff,
}

/// The page of the history of a capability.
#[derive(Debug)]
pub struct HistoryPage<'a> {
    /// How it looks.
    pub look: &'a Look,
    /// Who looks.
    pub operator: &'a Operator,
    /// What the model is called.
    pub texts: &'a Texts,
    /// Where the model stands.
    pub state: ModelState,
    /// What the model can do.
    pub capabilities: &'a [CapabilityLine],
    /// Which capability.
    pub kind: CapabilityKind,
    /// What happened to it, the newest first.
    pub lines: &'a [HistoryLine],
    /// Its last version.
    pub last: u32,
    /// The versions that are compared.
    pub compared: Option<&'a Compared>,
}

impl HistoryPage<'_> {
    /// The page.
    #[must_use]
    pub fn render(&self) -> Markup {
        let (words, ours) = (self.look.words, self.look.words.console.models);
        let title = format!("{} · {}", ours.history, self.texts.display_name);
        let editor = fill(CONSOLE_CAPABILITY, &[&self.texts.name, self.kind.name()]);
        let content = html! {
            (heading(words, self.texts, self.state))
            (tabs(words, &self.texts.name, self.capabilities, Some(self.kind)))
            p.actions.under-tabs { a href=(editor) { (ours.editor) } }
            @if let Some(Compared { from, to, diff }) = self.compared {
                section.card aria-labelledby="differences" {
                    header { h2 #differences { (ours.differences) ": v" (from) " → v" (to) } }
                    (differences(words, diff))
                }
            }
            section.card aria-labelledby="history" {
                header { h2 #history { (ours.history) } (self.choose()) }
                (self.table())
            }
        };
        ConsolePage { look: self.look, operator: self.operator, title: &title, content }.render()
    }

    fn choose(&self) -> Markup {
        let ours = self.look.words.console.models;
        let (from, to) =
            self.compared.map_or((self.last.saturating_sub(1).max(1), self.last), |pair| (pair.from, pair.to));
        html! {
            @if self.last > 1 {
                form.actions method="get" {
                    label { span.visually-hidden { (ours.before) } input.short type="number" name="from" min="1" max=(self.last) value=(from); }
                    span.soft { (ours.to_version) }
                    label { span.visually-hidden { (ours.after) } input.short type="number" name="to" min="1" max=(self.last) value=(to); }
                    button.quiet type="submit" { (ours.compare) }
                }
            }
        }
    }

    fn table(&self) -> Markup {
        let (words, ours) = (self.look.words, self.look.words.console.models);
        let here = fill(CONSOLE_HISTORY, &[&self.texts.name, self.kind.name()]);
        let again = fill(CONSOLE_ROLLBACK, &[&self.texts.name, self.kind.name()]);
        html! {
            div.scroll { table.rows {
                thead { tr {
                    th scope="col" { (ours.version) } th scope="col" { (ours.what) } th scope="col" { (ours.by) } th scope="col" { (ours.when) }
                    th scope="col" { span.visually-hidden { (words.actions) } }
                } }
                tbody {
                    @for line in self.lines {
                        tr {
                            td { @if let Some(version) = line.version { "v" (version) } }
                            td { (change_word(words, &line.what)) }
                            td { span.id { (line.by) } }
                            td.when { (moment(words, line.at)) }
                            td { div.actions {
                                @if let Some(version) = line.version.filter(|version| line.what == "published" && *version < self.last) {
                                    a.button.quiet href=(with_query(&here, &[("from", &version.to_string()), ("to", &self.last.to_string())])) { (ours.compare_with_now) }
                                    @if self.operator.may_act {
                                        form.inline-form method="post" action=(again) {
                                            (form_token(&self.operator.form_token))
                                            button.quiet type="submit" name="version" value=(version) data-confirm=(ours.roll_back_sure) { (ours.roll_back) }
                                        }
                                    }
                                }
                            } }
                        }
                    }
                }
            } }
        }
    }
}

fn change_word(words: &Words, what: &str) -> &'static str {
    let place = CHANGES.iter().position(|known| *known == what);
    place.map_or("", |place| words.console.models.changes[place])
}

/// What is different, part by part.
#[must_use]
pub fn differences(words: &Words, diff: &CapabilityDiff) -> Markup {
    let ours = words.console.models;
    let parts = [
        (Part::ParamSchema, &diff.param_schema),
        (Part::UiHints, &diff.ui_hints),
        (Part::Pricing, &diff.pricing),
        (Part::Estimate, &diff.estimate),
        (Part::Policies, &diff.policies),
        (Part::Routes, &diff.routes),
    ];
    html! {
        @if diff.is_empty() { div.empty { p { (ours.no_differences) } } }
        @else {
            div.scroll { table.diff {
                thead { tr { th scope="col" { (ours.path) } th scope="col" { (ours.before) } th scope="col" { (ours.after) } } }
                @for (part, changes) in parts { (part_rows(words, part, changes)) }
            } }
        }
    }
}

fn part_rows(words: &Words, part: Part, diff: &PartDiff) -> Markup {
    html! {
        @if !diff.changes.is_empty() {
            tbody {
                tr { th colspan="3" scope="colgroup" { (part_word(words, part)) } }
                @for change in &diff.changes {
                    tr {
                        td { code { (change.path) } }
                        td { @if let Some(value) = &change.before { del { code { (brief(value)) } } } }
                        td { @if let Some(value) = &change.after { ins { code { (brief(value)) } } } }
                    }
                }
                @if diff.truncated { tr { td colspan="3" { (words.console.models.more_differences) } } }
            }
        }
    }
}

fn brief(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= VALUE_MAX_CHARS {
        text
    } else {
        text.chars().take(VALUE_MAX_CHARS).chain(['…']).collect()
    }
}
