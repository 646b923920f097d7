//! A job's timeline: what happened, in words, and when.

use maud::{Markup, html};
use projections::rows::JobEventRow;

use crate::{figures::moment_exact, icons, words::Words};

/// The published events of a job, oldest first.
#[must_use]
pub fn timeline(words: &Words, events: &[JobEventRow]) -> Markup {
    html! {
        section aria-labelledby="timeline" {
            h2 #timeline { (words.timeline) }
            ol.timeline {
                @for event in events {
                    li class=(kind(&event.event_type)) {
                        (icon(&event.event_type))
                        span { (words.event_name(&event.event_type)) @if let Some(more) = more(event) { " " span.soft { (more) } } }
                        (moment_exact(words, event.at))
                    }
                }
            }
        }
    }
}

fn kind(event_type: &str) -> &'static str {
    match event_type {
        "job.succeeded" | "job.output" => "good",
        "job.failed" => "bad",
        "job.expired" | "job.reconciling" | "job.retrying" => "warn",
        _ => "",
    }
}

fn icon(event_type: &str) -> Markup {
    match event_type {
        "job.succeeded" | "job.output" => icons::done(),
        "job.failed" => icons::failed(),
        "job.canceled" | "job.cancel_requested" => icons::stopped(),
        "job.submitted" | "job.expired" => icons::waiting(),
        _ => icons::running(),
    }
}

/// What belongs to the event: the code of a failure, the number of a try, the type of a file.
fn more(event: &JobEventRow) -> Option<String> {
    let data = &event.data;
    let text = |name: &str| data[name].as_str().map(str::to_owned);
    text("code")
        .or_else(|| text("content_type"))
        .or_else(|| data["attempt"].as_u64().filter(|n| *n > 1).map(|n| format!("#{n}")))
}
