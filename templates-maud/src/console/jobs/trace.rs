//! One job's trace: what its tenant saw, each attempt, and why it went where it went.

use chrono::{DateTime, Utc};
use domain::pricing::Charge;
use maud::{Markup, html};
use projections::rows::{AttemptRow, JobEventRow, JobRow};
use serde_json::Value;

use crate::{
    console::shell::{ConsolePage, Operator},
    figures::moment_exact,
    page::{Look, form_token},
    parts::{receipt::receipt, state::state, timeline::timeline},
    paths::{CONSOLE_JOB_CANCEL, CONSOLE_JOB_RECONCILE, CONSOLE_JOBS, PROVIDER_KEY, fill, with_query},
};

/// What the job has to do next.
#[derive(Clone, Debug)]
pub struct Duty {
    /// Which.
    pub kind: String,
    /// When.
    pub due: DateTime<Utc>,
    /// How often it was put off.
    pub tries: i32,
    /// Which worker holds it, if one does.
    pub worker: Option<String>,
}

/// A choice of keys, as the flight recorder kept it.
#[derive(Clone, Debug)]
pub struct Choice {
    /// The attempt, or nothing while there was no key.
    pub attempt_id: Option<String>,
    /// When.
    pub at: DateTime<Utc>,
    /// What was considered, as it was recorded.
    pub body: Value,
}

/// The page.
#[derive(Debug)]
pub struct TracePage<'a> {
    /// How it looks.
    pub look: &'a Look,
    /// Who looks.
    pub operator: &'a Operator,
    /// The job.
    pub job: &'a JobRow,
    /// Its published events.
    pub events: &'a [JobEventRow],
    /// Its attempts.
    pub attempts: &'a [AttemptRow],
    /// The choices of keys.
    pub choices: &'a [Choice],
    /// What it has to do next.
    pub duty: Option<&'a Duty>,
    /// How its charge adds up.
    pub charge: Option<&'a Charge>,
    /// Whether the provider can be asked about it.
    pub can_ask: bool,
    /// What was wrong with what was asked for.
    pub failure: Option<&'a str>,
}

impl TracePage<'_> {
    /// The page.
    #[must_use]
    pub fn render(&self) -> Markup {
        let (words, job) = (self.look.words, self.job);
        let jobs = words.console.jobs;
        let content = html! {
            p.crumb { a href=(CONSOLE_JOBS) { (words.console.frame.jobs) } }
            h1.id { (job.job_id) }
            p.soft { (job.model) " · " (job.capability) " · " (job.mode) " · " (jobs.tenant) " "
                a.id href=(with_query(CONSOLE_JOBS, &[("tenant", &job.tenant_id)])) { (job.tenant_id) }
                @if let Some(key) = &job.api_key_id { " · " span.id { (key) } } }
            @if let Some(failure) = self.failure { p.note role="alert" tabindex="-1" data-focus { (failure) } }
            div.job {
                div {
                    p.job-state { (state(words, job.status, job.stage)) @if let Some(code) = &job.error_code { " " code { (code) } } }
                    @if let Some(duty) = self.duty { (self.duty(duty)) }
                    @if self.operator.may_act && !job.status.is_final() { (self.actions()) }
                    (timeline(words, self.events))
                }
                (receipt(words, job, self.charge))
            }
            (self.attempts())
            (self.choices())
        };
        ConsolePage { look: self.look, operator: self.operator, title: &job.job_id, content }.render()
    }

    fn duty(&self, duty: &Duty) -> Markup {
        let jobs = self.look.words.console.jobs;
        html! {
            p { (jobs.next) " " strong { (jobs.duty(&duty.kind)) } " " (moment_exact(self.look.words, duty.due))
                @if duty.tries > 0 { " · " (jobs.put_off) " " (duty.tries) }
                @if let Some(worker) = &duty.worker { " · " (jobs.held_by) " " span.id { (worker) } } }
        }
    }

    fn actions(&self) -> Markup {
        let (words, jobs) = (self.look.words, self.look.words.console.jobs);
        let form = |pattern: &str, button: Markup| {
            html! { form method="post" action=(fill(pattern, &[&self.job.job_id])) { (form_token(&self.operator.form_token)) (button) } }
        };
        html! {
            div.actions {
                (form(CONSOLE_JOB_CANCEL, html! { button.quiet type="submit" title=(words.cancel_costs) data-confirm=(jobs.cancel_sure) { (words.cancel) } }))
                @if self.can_ask { (form(CONSOLE_JOB_RECONCILE, html! { button.quiet type="submit" { (jobs.ask_now) } })) }
            }
        }
    }

    fn attempts(&self) -> Markup {
        let jobs = self.look.words.console.jobs;
        html! {
            section.card aria-labelledby="attempts" {
                header { h2 #attempts { (jobs.attempts) } }
                @if self.attempts.is_empty() { div.empty { p { (jobs.no_attempts) } } } @else { div.scroll { table.dense {
                    thead { tr {
                        th.num scope="col" { "#" } th scope="col" { (jobs.outcome) } th scope="col" { (jobs.provider) } th scope="col" { (jobs.provider_key) }
                        th scope="col" { (jobs.upstream_id) } th scope="col" { (jobs.started) } th scope="col" { (jobs.ended) }
                    } }
                    tbody { @for one in self.attempts { tr {
                        td.num { (one.number) }
                        td { (one.outcome) @if let Some(code) = &one.code { " " code { (code) } } @if let Some(status) = one.upstream_status { " " span.soft { (status) } } @if let Some(code) = &one.upstream_code { " " span.soft { (code) } } }
                        td { (one.provider) " " span.soft { (one.upstream_model) } }
                        td { a.id href=(fill(PROVIDER_KEY, &[&one.provider_key_id])) { (one.provider_key_id) } }
                        td { @if let Some(id) = &one.upstream_id { span.id { (id) } } }
                        td.when { (moment_exact(self.look.words, one.started_at)) }
                        td.when { @if let Some(at) = one.ended_at { (moment_exact(self.look.words, at)) } @else { "–" } }
                    } } }
                } } }
            }
        }
    }

    fn choices(&self) -> Markup {
        let jobs = self.look.words.console.jobs;
        html! {
            section.card aria-labelledby="choices" {
                header { h2 #choices { (jobs.choices) } span.soft { (jobs.choices_hint) } }
                @if self.choices.is_empty() { div.empty { p { (jobs.no_choices) } } }
                @for choice in self.choices {
                    details.choice {
                        summary { (moment_exact(self.look.words, choice.at)) " " strong { (text(&choice.body["outcome"])) }
                            " · " (text(&choice.body["waited_ms"])) " ms"
                            @if let Some(attempt) = &choice.attempt_id { " · " span.id { (attempt) } } }
                        (considered(&choice.body["considered"]))
                    }
                }
            }
        }
    }
}

/// Each key with its verdict, and whatever else the recorder said of it.
fn considered(all: &Value) -> Markup {
    const NAMED: [&str; 5] = ["provider", "upstream_model", "provider_key_id", "label", "verdict"];
    html! {
        div.scroll { table.dense { tbody { @for one in all.as_array().into_iter().flatten() { tr {
            td { strong { (text(&one["verdict"])) } }
            td { (text(&one["provider"])) " " span.soft { (text(&one["upstream_model"])) } }
            td { @if let Some(key) = one["provider_key_id"].as_str() { a href=(fill(PROVIDER_KEY, &[key])) { (text(&one["label"])) } } }
            td.soft { @for (name, value) in one.as_object().into_iter().flatten().filter(|(name, _)| !NAMED.contains(&name.as_str())) { (name) " " (text(value)) " " } }
        } } } } }
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
