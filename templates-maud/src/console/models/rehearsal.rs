//! What past jobs would have cost under a draft, and which of them would not have been taken.

use domain::{
    capability::{Rehearsal, Rehearsed as Outcome},
    pricing::Exact,
};
use maud::{Markup, html};

use crate::{figures::short_amount, words::Words};

/// A rehearsal that was done.
#[derive(Clone, Debug)]
pub struct Rehearsed {
    /// The first day, as people read it.
    pub from: String,
    /// Whether all jobs were replayed.
    pub complete: bool,
    /// Counts and sums.
    pub sums: Rehearsal,
    /// What would be charged more; negative when less.
    pub change: Exact,
    /// What remained, and what would remain, after our costs.
    pub margins: (Exact, Exact),
    /// Some jobs that would be refused, unpriced or below their cost.
    pub examples: Vec<(String, Outcome)>,
}

/// The outcome of a rehearsal.
#[must_use]
pub fn rehearsal(words: &Words, done: &Rehearsed) -> Markup {
    let ours = words.console.models;
    html! {
        section.card #rehearsal aria-labelledby="rehearsal-title" {
            header { h2 #rehearsal-title { (ours.rehearsal) } span.soft { (words.from_day) " " (done.from) } }
            @if done.sums.jobs == 0 { div.empty { p { (ours.no_past_jobs) } } }
            @else {
                @if !done.complete { p.pad.warned { (ours.incomplete) } }
                (sums(words, done))
                @if !done.examples.is_empty() { (examples(words, &done.examples)) }
            }
        }
    }
}

fn sums(words: &Words, done: &Rehearsed) -> Markup {
    let (ours, sums) = (words.console.models, &done.sums);
    let counts = [
        (ours.replayed, sums.jobs, false),
        (ours.charged_jobs, sums.charged, false),
        (ours.rejected_jobs, sums.rejected, true),
        (ours.unpriced_jobs, sums.unpriced, true),
        (ours.below_cost_jobs, sums.below_cost, true),
        (ours.unread_jobs, sums.unread, false),
    ];
    let (before, after) = &done.margins;
    html! {
        dl.sums.many {
            @for (word, count, alarming) in counts { div { dt { (word) } dd .wrong[alarming && count > 0] { (count) } } }
        }
        div.scroll { table {
            thead { tr { th {} th.num scope="col" { (ours.before) } th.num scope="col" { (ours.after) } th.num scope="col" { (ours.revenue_change) } } }
            tbody {
                tr { th scope="row" { (ours.revenue) } td.num.amount { (sums.revenue_before.to_string()) } td.num.amount { (sums.revenue_after.to_string()) } td.num.amount { (signed(&done.change)) } }
                tr { th scope="row" { (ours.upstream_cost) } td.num.amount { (sums.cost_before.to_string()) } td.num.amount { (sums.cost_after.to_string()) } td {} }
                tr { th scope="row" { (ours.margin) } td.num.amount { (before.to_string()) } td.num.amount { (after.to_string()) } td {} }
            }
        } }
    }
}

fn signed(change: &Exact) -> String {
    let text = change.to_string();
    match text.strip_prefix('-') {
        Some(magnitude) => format!("\u{2212}{magnitude}"),
        None if change.is_zero() => text,
        None => format!("+{text}"),
    }
}

fn examples(words: &Words, examples: &[(String, Outcome)]) -> Markup {
    let ours = words.console.models;
    html! {
        div.scroll { table.rows {
            thead { tr { th scope="col" { (words.job) } th scope="col" { (ours.outcome) } } }
            tbody {
                @for (job_id, outcome) in examples {
                    tr {
                        td { span.id { (job_id) } }
                        td { (told(words, outcome)) }
                    }
                }
            }
        } }
    }
}

fn told(words: &Words, outcome: &Outcome) -> String {
    let ours = words.console.models;
    match outcome {
        Outcome::Rejected { message } => format!("{}: {message}", ours.rejected_jobs),
        Outcome::Unpriced { message } => format!("{}: {message}", ours.unpriced_jobs),
        Outcome::Charged { amount, cost } => {
            let cost = cost.map_or_else(String::new, |cost| short_amount(cost.micro()));
            format!("{}: {} < {cost}", ours.below_cost_jobs, short_amount(amount.micro()))
        }
    }
}
