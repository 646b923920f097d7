//! The editor of a capability: its texts and routes on the left, what they would be on the right. One form: everything works without scripts.

use domain::capability::CapabilityKind;
use maud::{Markup, html};

use super::{
    draft::{Draft, Part, Problem, RouteDraft},
    list::{CapabilityLine, ModelState},
    model::{Texts, heading, tabs},
    preview::{Preview, part_word, problems},
    rehearsal::{Rehearsed, rehearsal},
};
use crate::{
    console::shell::{ConsolePage, Operator},
    page::{Look, form_token},
    paths::{
        CONSOLE_CAPABILITY, CONSOLE_DEPRECATE, CONSOLE_HISTORY, CONSOLE_PREVIEW, CONSOLE_REHEARSE, CONSOLE_RETIRE, fill,
    },
    words::Words,
};

/// How many empty rows follow the routes.
const EMPTY_ROWS: usize = 1;

/// What just happened to the draft.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// It became this version.
    Published(u32),
    /// It was what holds already.
    Unchanged,
}

/// The page of the editor.
#[derive(Debug)]
pub struct EditorPage<'a> {
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
    /// The capability that is edited.
    pub kind: CapabilityKind,
    /// The draft.
    pub draft: &'a Draft,
    /// What it would be.
    pub preview: Preview<'a>,
    /// What just happened to it.
    pub done: Option<Done>,
    /// Why it was not published, if that was asked.
    pub refused: Option<&'a [Problem]>,
    /// What went wrong otherwise.
    pub failure: Option<&'a str>,
    /// The rehearsal that was asked for.
    pub rehearsed: Option<&'a Rehearsed>,
    /// Of how many days jobs are rehearsed.
    pub days: u32,
}

impl EditorPage<'_> {
    /// The page.
    #[must_use]
    pub fn render(&self) -> Markup {
        let (words, ours) = (self.look.words, self.look.words.console.models);
        let title = format!("{} · {}", words.capability_name(self.kind), self.texts.display_name);
        let path = |pattern: &str| fill(pattern, &[&self.texts.name, self.kind.name()]);
        let published = self.capabilities.iter().any(|one| one.kind == self.kind);
        let content = html! {
            (heading(words, self.texts, self.state))
            (tabs(words, &self.texts.name, self.capabilities, Some(self.kind)))
            (self.news())
            @if published { p.actions.under-tabs { a href=(path(CONSOLE_HISTORY)) { (ours.history) } } }
            form #draft method="post" action=(path(CONSOLE_CAPABILITY)) novalidate data-fields data-unsaved {
                (form_token(&self.operator.form_token))
                div.drafting {
                    div {
                        div hx-post=(path(CONSOLE_PREVIEW)) hx-include="closest form" hx-target="#preview" hx-swap="outerHTML"
                            hx-trigger="input delay:600ms, change" hx-sync="this:replace" {
                            @for part in Part::TEXTS { (self.text(part)) }
                            (self.routes())
                        }
                        (self.buttons(&path(CONSOLE_PREVIEW), &path(CONSOLE_REHEARSE)))
                    }
                    (self.preview.render())
                }
            }
            @if published && self.operator.may_act { (self.lifecycle(&path(CONSOLE_DEPRECATE), &path(CONSOLE_RETIRE))) }
        };
        ConsolePage { look: self.look, operator: self.operator, title: &title, content }.render()
    }

    fn news(&self) -> Markup {
        let (words, ours) = (self.look.words, self.look.words.console.models);
        html! {
            @match self.done {
                Some(Done::Published(version)) => p.note.good role="status" { (ours.published) " " (version) },
                Some(Done::Unchanged) => p.note.calm role="status" { (ours.unchanged) },
                None => {},
            }
            @if let Some(found) = self.refused { (problems(words, self.draft, found)) p.soft { (ours.unsaved) } }
            @if let Some(failure) = self.failure { p.note role="alert" tabindex="-1" data-focus { (failure) } p.soft { (ours.unsaved) } }
            @if let Some(rehearsed) = self.rehearsed { (rehearsal(words, rehearsed)) }
            @if !self.operator.may_act { p.soft { (ours.looks_only) } }
        }
    }

    fn text(&self, part: Part) -> Markup {
        let (words, text) = (self.look.words, self.draft.text(part));
        let wrong = self.refused.unwrap_or_default().iter().any(|problem| problem.part == part);
        let rows = text.lines().count().clamp(3, if part == Part::ParamSchema { 24 } else { 14 });
        html! {
            div.field {
                label for={ "part-" (part.name()) } { (part_word(words, part)) }
                textarea.code id={ "part-" (part.name()) } name=(part.name()) rows=(rows) wrap="off" spellcheck="false"
                    autocomplete="off" readonly[!self.operator.may_act] aria-invalid=[wrong.then_some("true")] { "\n" (text) }
            }
        }
    }

    fn routes(&self) -> Markup {
        let (words, ours) = (self.look.words, self.look.words.console.models);
        let empty = RouteDraft::default();
        let rows = self.draft.routes.iter().chain(std::iter::repeat_n(&empty, EMPTY_ROWS));
        html! {
            fieldset.field #part-routes {
                legend { (ours.routes) }
                p.hint { (ours.routes_hint) }
                @for (row, route) in rows.enumerate() { (route_row(words, row + 1, route, !self.operator.may_act)) }
            }
        }
    }

    fn buttons(&self, preview: &str, rehearse: &str) -> Markup {
        let ours = self.look.words.console.models;
        html! {
            div.pay {
                p.actions {
                    @if self.operator.may_act { button type="submit" data-confirm=(ours.publish_sure) { (ours.publish) } }
                    button.quiet type="submit" formaction=(preview) { (ours.preview_button) }
                    span.joined {
                        button.quiet type="submit" formaction=(rehearse) { (ours.rehearse) }
                        label { input type="number" name="days" min="1" max="90" value=(self.days); span.soft { (ours.days) } }
                    }
                }
                p.soft { (ours.rehearse_hint) }
            }
        }
    }

    fn lifecycle(&self, deprecate: &str, retire: &str) -> Markup {
        let ours = self.look.words.console.models;
        let one = self.capabilities.iter().find(|one| one.kind == self.kind);
        let sunset = one.and_then(|one| one.sunset.clone());
        html! {
            section.card aria-labelledby="lifecycle" {
                header { h2 #lifecycle { (ours.lifecycle) } }
                div.pad {
                    form.inline method="post" action=(deprecate) {
                        (form_token(&self.operator.form_token))
                        label { span { (ours.sunset) } input type="date" name="sunset" required value=(sunset.clone().unwrap_or_default()) aria-describedby="deprecate-hint"; }
                        label { span { (ours.replacement) } input type="text" name="replacement" maxlength="100" autocomplete="off" autocapitalize="none"; }
                        button.quiet type="submit" { (ours.deprecate) }
                    }
                    p.hint #deprecate-hint { (ours.deprecate_hint) }
                    p.actions {
                        @if sunset.is_some() {
                            form.inline-form method="post" action=(deprecate) {
                                (form_token(&self.operator.form_token))
                                button.quiet type="submit" name="withdraw" value="true" { (ours.withdraw) }
                            }
                        }
                        @if one.is_some_and(|one| !one.retired) {
                            form.inline-form method="post" action=(retire) {
                                (form_token(&self.operator.form_token))
                                button.quiet type="submit" data-confirm=(ours.retire_sure) { (ours.retire) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn route_row(words: &Words, row: usize, route: &RouteDraft, readonly: bool) -> Markup {
    let ours = words.console.models;
    html! {
        div.route role="group" aria-label={ (ours.routes) " " (row) } {
            label { span { (words.provider) } input type="text" name="route.provider" value=(route.provider) maxlength="200" autocomplete="off" readonly[readonly]; }
            label.wide { span { (ours.upstream_model) } input type="text" name="route.upstream_model" value=(route.upstream_model) maxlength="200" autocomplete="off" readonly[readonly]; }
            label { span { (ours.priority) } input type="text" inputmode="numeric" name="route.priority" value=(route.priority) autocomplete="off" readonly[readonly]; }
            label { span { (ours.weight) } input type="text" inputmode="numeric" name="route.weight" value=(route.weight) autocomplete="off" readonly[readonly]; }
            details open[false] {
                summary { (ours.cost) }
                textarea.code name="route.cost" rows="4" wrap="off" spellcheck="false" aria-label={ (ours.cost) " " (row) } readonly[readonly] { "\n" (route.cost) }
            }
        }
    }
}
