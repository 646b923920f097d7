//! A job: where it stands, what came of it, what it cost and why; the part that changes asks for itself again.

use domain::pricing::Charge;
use maud::{Markup, html};
use projections::rows::{JobEventRow, JobRow, JobStatus};
use serde_json::Value;

use super::jobs::capability_name;
use crate::{
    figures::{ago, bytes, elapsed, moment},
    form::shown,
    page::{Look, Page, Visitor, form_token},
    parts::{markdown::markdown, receipt::receipt, snippet::snippet, state::state, timeline::timeline},
    paths::{JOB, JOB_CANCEL, JOB_CARD, JOB_RETRY, JOB_STATE, MODEL, fill, with_query},
    words::Words,
};

/// An output, with a link that opens it for a while.
#[derive(Clone, Debug)]
pub struct Media {
    /// Its id.
    pub asset_id: String,
    /// A signed link.
    pub url: String,
    /// Its media type.
    pub content_type: String,
    /// Its size.
    pub bytes: u64,
    /// Pixels across and down.
    pub size: Option<(u32, u32)>,
}

/// What a model wrote.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// What it thought before.
    pub reasoning: String,
    /// What it answered.
    pub content: String,
}

/// A job, as its pages show it.
#[derive(Debug)]
pub struct JobShown<'a> {
    /// The words.
    pub words: &'static Words,
    /// What the forms of the page carry.
    pub form_token: &'a str,
    /// The job.
    pub job: &'a JobRow,
    /// What happened.
    pub events: &'a [JobEventRow],
    /// Its parameters; `Null` when they were erased.
    pub params: &'a Value,
    /// What came of it, as files.
    pub media: &'a [Media],
    /// What came of it, as text.
    pub answers: &'a [Answer],
    /// How its charge adds up, once it is charged.
    pub charge: Option<&'a Charge>,
    /// What a person reads when it failed.
    pub failure: Option<&'a str>,
    /// How far it is, in percent, if the provider says so.
    pub progress: Option<u8>,
    /// How long half of its like took, in milliseconds, if that is known.
    pub usual_ms: Option<u64>,
    /// The once-only key of running it once more.
    pub once: &'a str,
}

impl JobShown<'_> {
    /// The page; with the job as JSON instead of its parts if that is given.
    #[must_use]
    pub fn page(&self, look: &Look, visitor: &Visitor, raw: Option<&str>) -> Markup {
        let path = fill(JOB, &[&self.job.job_id]);
        let tabs = [
            (path.clone(), look.words.portal.overview_tab, raw.is_none()),
            (with_query(&path, &[("tab", "raw")]), look.words.portal.raw, raw.is_some()),
        ];
        let words = self.words;
        let title = format!("{} · {}", self.job.model, capability_name(words, &self.job.capability));
        let content = html! {
            h1 { (title) }
            p.soft { span.id { (self.job.job_id) } " · " (moment(words, self.job.created_at)) }
            nav.tabs aria-label=(words.views) {
                @for (target, word, here) in &tabs { a href=(target) aria-current=[here.then_some("page")] { (word) } }
            }
            @match raw { Some(raw) => (snippet(words, "JSON", raw)), None => (self.state()) }
        };
        Page { look, title: &title, visitor: Some(visitor), narrow: false, content }.render()
    }

    /// The part that changes. It asks for itself until the job is over.
    #[must_use]
    pub fn state(&self) -> Markup {
        let (words, job) = (self.words, self.job);
        let again = (!job.status.is_final()).then(|| fill(JOB_STATE, &[&job.job_id]));
        html! {
            div.job #job data-job=(job.job_id) data-over[job.status.is_final()] data-sequence=(job.last_sequence)
                hx-get=[again.as_deref()] hx-trigger=[again.as_ref().map(|_| "zephyr:news")] hx-swap="outerHTML" {
                div.job-main {
                    p.job-state role="status" { (state(words, job.status, job.stage)) }
                    @if !job.status.is_final() { (self.waiting()) }
                    @if let Some(failure) = self.failure { div.note role="alert" { p { (failure) } p.soft { (job.error_code.as_deref().unwrap_or_default()) } } }
                    (self.outputs())
                    (self.inputs())
                    (timeline(words, self.events))
                }
                aside.job-side {
                    (receipt(words, job, self.charge))
                    (self.actions())
                }
            }
        }
    }

    /// A job among the results of a bench.
    #[must_use]
    pub fn card(&self) -> Markup {
        let (words, job) = (self.words, self.job);
        let again = (!job.status.is_final()).then(|| fill(JOB_CARD, &[&job.job_id]));
        html! {
            article.result data-job=(job.job_id) data-over[job.status.is_final()] data-sequence=(job.last_sequence)
                hx-get=[again.as_deref()] hx-trigger=[again.as_ref().map(|_| "zephyr:news")] hx-swap="outerHTML" {
                header {
                    (state(words, job.status, job.stage))
                    a id={ "details-" (job.job_id) } href=(fill(JOB, &[&job.job_id])) { (words.details) }
                }
                @if !job.status.is_final() { (self.waiting()) }
                @if let Some(failure) = self.failure { p.wrong { (failure) } }
                (self.outputs())
            }
        }
    }

    /// Honest progress: the provider's, or none; since when, and how long its like usually take.
    fn waiting(&self) -> Markup {
        let words = self.words;
        html! {
            p.soft {
                (words.created) " " (ago(words, self.job.created_at))
                @if let Some(usual) = self.usual_ms { " · " (words.portal.usually_takes) " " (elapsed(usual)) }
            }
            @match self.progress {
                Some(percent) => progress aria-label=(words.status_name(JobStatus::Running)) value=(percent) max="100" { (percent) " %" },
                None => progress aria-label=(self.words.status_name(JobStatus::Running)) {},
            }
        }
    }

    fn outputs(&self) -> Markup {
        html! {
            @if !self.answers.is_empty() { div.texts { (self.answer()) } }
            @if !self.media.is_empty() { ul.gallery { @for media in self.media { li { (self.one(media)) } } } }
        }
    }

    /// What the model answered, as markup.
    #[must_use]
    pub fn answer(&self) -> Markup {
        html! {
            @for answer in self.answers {
                @if !answer.reasoning.is_empty() {
                    details.reasoning { summary { (self.words.portal.reasoning) } div { (answer.reasoning) } }
                }
                (markdown(&answer.content))
            }
        }
    }

    fn one(&self, media: &Media) -> Markup {
        let words = self.words;
        let prompt = self.params["prompt"].as_str().unwrap_or(words.result);
        let (width, height) = media.size.map_or((None, None), |(width, height)| (Some(width), Some(height)));
        html! {
            figure {
                @if media.content_type.starts_with("image/") {
                    a href=(media.url) { img src=(media.url) alt=(prompt) width=[width] height=[height] loading="lazy"; }
                } @else if media.content_type.starts_with("video/") {
                    video src=(media.url) controls muted playsinline preload="metadata" aria-label=(prompt) {}
                } @else {
                    a href=(media.url) { (media.content_type) }
                }
                figcaption.soft {
                    @if let Some((width, height)) = media.size { (width) " × " (height) " · " }
                    (bytes(media.bytes)) " · "
                    a href=(media.url) download { (words.download) }
                    @if media.content_type.starts_with("image/") { " " button.link type="button" hidden data-use=(media.asset_id) { "· " (words.use_as_input) } }
                }
            }
        }
    }

    fn inputs(&self) -> Markup {
        let words = self.words;
        let Some(params) = self.params.as_object() else { return html! { p.soft { (words.inputs_erased) } } };
        html! {
            section aria-labelledby="inputs" {
                h2 #inputs { (words.inputs) }
                dl.inputs {
                    @for (name, value) in params {
                        div { dt { (name) } dd { (shortened(&shown(value))) } }
                    }
                }
            }
        }
    }

    fn actions(&self) -> Markup {
        let (words, job) = (self.words, self.job);
        let again = with_query(&fill(MODEL, &[&job.model]), &[("cap", &job.capability), ("from", &job.job_id)]);
        // What keeps its id keeps the focus while this part is exchanged.
        html! {
            p.actions {
                a.button.quiet #open-playground href=(again) { (words.portal.open_playground) }
            }
            @if job.status.is_final() && self.params.is_object() {
                form.again method="post" action=(fill(JOB_RETRY, &[&job.job_id])) {
                    (form_token(self.form_token))
                    input type="hidden" name="once" value=(self.once);
                    button.quiet #run-again type="submit" { (words.run_again) }
                }
            }
            @if !job.status.is_final() {
                form method="post" action=(fill(JOB_CANCEL, &[&job.job_id])) {
                    (form_token(self.form_token))
                    button.quiet #cancel type="submit" disabled[job.cancel_requested] { (words.cancel) }
                    p.soft { (words.cancel_costs) }
                }
            }
        }
    }
}

/// How much of a parameter is shown.
const SHOWN_CHARS: usize = 400;

fn shortened(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
