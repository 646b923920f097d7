//! The tray: how many jobs of the tenant are under way, and a list of them and of those that just ended. It asks for its list
//! by itself; without scripts it leads to the jobs.

use maud::{Markup, html};
use projections::rows::JobRow;
use serde_json::{Map, Value};

use crate::{
    figures::ago,
    icons,
    parts::state::state,
    paths::{JOB, JOBS, TRAY, fill},
    portal::jobs::capability_name,
    words::Words,
};

/// The changes of state that are announced.
const ANNOUNCED: [&str; 6] =
    ["job.submitted", "job.succeeded", "job.failed", "job.canceled", "job.expired", "job.reconciling"];

/// The tray in the top bar, before it knows its list.
#[must_use]
pub fn tray(words: &Words) -> Markup {
    let announced = ANNOUNCED.map(|event| (event.to_owned(), Value::from(words.event_name(event))));
    let announced = Value::Object(Map::from_iter(announced));
    html! {
        details.tray #tray data-list=(TRAY) data-words=(announced) {
            summary { (icons::jobs()) span.visually-hidden { (words.portal.running_jobs) ": " } (count(0, false, false)) }
            div.tray-list #tray-list { (all_jobs(words)) }
        }
        p.visually-hidden #news role="status" {}
    }
}

/// The list, and how many jobs are under way, to take the place of what stood there.
#[must_use]
pub fn list(words: &Words, running: &[JobRow], more: bool, ended: &[JobRow]) -> Markup {
    html! {
        h2 { (words.portal.running_jobs) }
        @if running.is_empty() { p.soft { (words.portal.none_running) } } @else { (rows(words, running)) }
        @if !ended.is_empty() { h2 { (words.portal.just_ended) } (rows(words, ended)) }
        (all_jobs(words))
        (count(running.len(), more, true))
    }
}

fn rows(words: &Words, jobs: &[JobRow]) -> Markup {
    html! {
        ul {
            @for job in jobs {
                li {
                    a href=(fill(JOB, &[&job.job_id])) { (job.model) " " span.soft { (capability_name(words, &job.capability)) } }
                    span { (state(words, job.status, job.stage)) " " span.soft { (ago(words, job.completed_at.unwrap_or(job.created_at))) } }
                }
            }
        }
    }
}

fn all_jobs(words: &Words) -> Markup {
    html! { p { a href=(JOBS) { (words.see_all) } } }
}

fn count(running: usize, more: bool, elsewhere: bool) -> Markup {
    html! {
        span.count id=[(!elsewhere).then_some("tray-count")] data-count[elsewhere] {
            @if running > 0 { (running) @if more { "+" } }
        }
    }
}
