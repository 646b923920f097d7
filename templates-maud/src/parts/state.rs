//! Where a job stands: a colour, a sign and a word, never a colour alone.

use maud::{Markup, html};
use projections::rows::{JobStage, JobStatus};

use crate::{icons, words::Words};

/// A job's status, and what it is at.
#[must_use]
pub fn state(words: &Words, status: JobStatus, stage: Option<JobStage>) -> Markup {
    let (class, icon) = match status {
        JobStatus::Queued => ("", icons::waiting()),
        JobStatus::Running => ("run", icons::running()),
        JobStatus::Succeeded => ("good", icons::done()),
        JobStatus::Failed => ("bad", icons::failed()),
        JobStatus::Canceled => ("", icons::stopped()),
        JobStatus::Expired => ("warn", icons::waiting()),
    };
    html! {
        span class={ "state " (class) } {
            (icon) (words.status_name(status))
            @if let Some(stage) = stage.filter(|_| status == JobStatus::Running) { span.soft { "· " (words.stage_name(stage)) } }
        }
    }
}
