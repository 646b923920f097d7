//! What a draft would be: what is wrong with it and where, the form that it makes, and the price of the inputs in that form.

use domain::{
    capability::{Capability, CapabilityDiff},
    pricing::Charge,
    schema::ParamError,
};
use maud::{Markup, html};
use serde_json::{Map, Value};

use super::{
    draft::{Draft, Part, Problem},
    history,
};
use crate::{
    figures::{amount, short_amount},
    form::{self, FormErrors, fields},
    icons,
    parts::receipt,
    words::Words,
};

/// What the inputs of the form would cost.
#[derive(Clone, Debug)]
pub struct Priced {
    /// What would be held, line by line.
    pub hold: Charge,
    /// What it likely costs, line by line.
    pub expected: Charge,
    /// What it likely costs us, if the first route says so, in micro-credits.
    pub cost: Option<i64>,
}

/// What was found out about a draft.
#[derive(Debug)]
pub struct Preview<'a> {
    /// The words.
    pub words: &'a Words,
    /// The draft itself.
    pub draft: &'a Draft,
    /// What is wrong with it.
    pub problems: &'a [Problem],
    /// The draft as a capability, if it can be read.
    pub capability: Option<&'a Capability>,
    /// The version that publishing would make, or that holds already.
    pub version: u32,
    /// What would be different from what holds.
    pub diff: Option<&'a CapabilityDiff>,
    /// The sample inputs.
    pub values: &'a Map<String, Value>,
    /// What would be refused of them.
    pub wrong: &'a [ParamError],
    /// What they would cost, or why that can't be told.
    pub priced: Option<Result<Priced, String>>,
    /// Where changed inputs are priced anew.
    pub path: &'a str,
}

impl Preview<'_> {
    /// The whole of it, to stand beside the draft.
    #[must_use]
    pub fn render(&self) -> Markup {
        let ours = self.words.console.models;
        html! {
            section.preview #preview aria-label=(ours.preview) {
                div aria-live="polite" { (self.verdict()) }
                section.card aria-labelledby="form-preview" {
                    header { h2 #form-preview { (ours.form_preview) } }
                    div.pad { (self.form()) }
                }
                (self.price())
            }
        }
    }

    fn verdict(&self) -> Markup {
        let ours = self.words.console.models;
        if !self.problems.is_empty() {
            return problems(self.words, self.draft, self.problems);
        }
        let changed = self.diff.is_none_or(|diff| !diff.is_empty());
        html! {
            p.verdict { span.state.good { (icons::done()) (if changed { ours.fit } else { ours.fit_unchanged }) " " (self.version) } }
            @if let Some(diff) = self.diff.filter(|diff| !diff.is_empty()) {
                details.card { summary.pad { (ours.differences) } (history::differences(self.words, diff)) }
            }
        }
    }

    fn form(&self) -> Markup {
        let Some(capability) = self.capability else {
            return html! { p.soft { (self.words.console.models.no_form) } };
        };
        let fields = fields(&capability.param_schema, &capability.ui_hints);
        html! {
            div.samples hx-post=(self.path) hx-include="closest form" hx-target="#preview-price" hx-select="#preview-price"
                hx-swap="outerHTML" hx-trigger="input delay:300ms, change" hx-sync="this:replace" {
                (form::render(self.words, &fields, self.values, FormErrors::default()))
            }
        }
    }

    fn price(&self) -> Markup {
        let ours = self.words.console.models;
        html! {
            section.card #preview-price aria-labelledby="price-preview" aria-live="polite" {
                header { h2 #price-preview { (ours.price_preview) } }
                div.pad {
                    @if !self.wrong.is_empty() {
                        p.warned { (ours.sample_wrong) }
                        ul { @for error in self.wrong { li { (error.to_string()) } } }
                    } @else {
                        @match &self.priced {
                            Some(Ok(priced)) => (charges(self.words, priced)),
                            Some(Err(reason)) => p.wrong { (reason) },
                            None => p.soft { (ours.no_price) },
                        }
                    }
                }
            }
        }
    }
}

fn charges(words: &Words, priced: &Priced) -> Markup {
    let ours = words.console.models;
    let expected = priced.expected.amount.micro();
    let margin = priced.cost.map(|cost| expected.saturating_sub(cost));
    html! {
        dl.facts {
            div { dt { (ours.hold) } dd.amount { (short_amount(priced.hold.amount.micro())) } }
            div { dt { (ours.expected) } dd.amount { (short_amount(expected)) } }
            @if let Some(cost) = priced.cost { div { dt { (ours.upstream_cost) } dd.amount { (short_amount(cost)) } } }
            @if let Some(margin) = margin { div { dt { (ours.margin) } dd.amount .wrong[margin < 0] { (amount(margin, true)) } } }
        }
        @if margin.is_some_and(|margin| margin < 0) { p.wrong { (ours.below_cost) } }
        @if priced.cost.is_none() { p.soft { (ours.cost_unknown) } }
        (receipt::calculation(words, &priced.hold))
    }
}

/// All that is wrong, each with its line and a link to its field.
#[must_use]
pub fn problems(words: &Words, draft: &Draft, problems: &[Problem]) -> Markup {
    let ours = words.console.models;
    html! {
        div.note role="alert" tabindex="-1" data-focus {
            strong { (ours.problems) }
            ul {
                @for problem in problems {
                    li {
                        a href={ "#part-" (problem.part.name()) } data-line=(problem.line) { (part_word(words, problem.part)) ", " (place(words, problem)) }
                        ": " @if !problem.path.is_empty() { code { (problem.path) } " " } (problem.message)
                        @if let Some(line) = excerpt(draft, problem) { br; code.soft { (line) } }
                    }
                }
            }
        }
    }
}

fn place(words: &Words, problem: &Problem) -> String {
    let ours = words.console.models;
    let what = if problem.part == Part::Routes { ours.row } else { ours.line };
    if words.lang == "zh-CN" { format!("第 {} 行", problem.line) } else { format!("{what} {}", problem.line) }
}

/// The line itself, as far as it fits.
fn excerpt(draft: &Draft, problem: &Problem) -> Option<String> {
    let line = draft.text(problem.part).lines().nth(problem.line.checked_sub(1)?)?.trim();
    (!line.is_empty()).then(|| line.chars().take(80).collect())
}

/// What a part is called.
#[must_use]
pub fn part_word(words: &Words, part: Part) -> &'static str {
    let ours = words.console.models;
    match part {
        Part::ParamSchema => ours.param_schema,
        Part::UiHints => ours.ui_hints,
        Part::Examples => ours.examples,
        Part::Pricing => ours.pricing,
        Part::Estimate => ours.estimate,
        Part::Policies => ours.policies,
        Part::Routes => ours.routes,
    }
}
