//! Every component in every state, in both languages: to look at while pages are made. Shown in development only.

use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    capability::{UiHints, Widget},
    schema::ParamError,
};
use maud::{Markup, html};
use projections::{
    rows::{JobEventRow, JobRow, JobStage, JobStatus, LedgerRow},
    spending::DaySpent,
};
use serde_json::{Map, Value, json};

use crate::{
    failure,
    form::{self, FormErrors},
    page::{Look, Page},
    parts::{
        chart::{SHARES, Spending},
        markdown::markdown,
        pager,
        receipt::receipt,
        snippet::snippet,
        state::state,
        timeline::timeline,
        tray,
    },
    paths::STYLEGUIDE,
    portal::{jobs, ledger},
    words::{CHINESE, ENGLISH, Words},
};

/// The colour roles.
const COLOURS: [&str; 11] = ["paper", "sheet", "ink", "soft", "line", "edge", "accent", "good", "warn", "bad", "wash"];
/// The stages of a running job.
const STAGES: [JobStage; 5] =
    [JobStage::Starting, JobStage::Generating, JobStage::Storing, JobStage::Retrying, JobStage::Reconciling];

/// The page, at a moment.
#[must_use]
pub fn styleguide(look: &Look, now: DateTime<Utc>) -> Markup {
    let title = look.words.portal.styleguide;
    let content = html! {
        h1 { (title) }
        (colours())
        @for words in [ENGLISH.in_zone(look.words.zone), CHINESE.in_zone(look.words.zone)] {
            div.styles lang=(words.lang) { (components(&Look { words, ..look.clone() }, now)) }
        }
    };
    Page { look, title, visitor: None, narrow: false, content }.render()
}

fn colours() -> Markup {
    html! {
        section {
            h2 { "Colour roles" }
            ul.swatches { @for name in COLOURS { li class={ "role-" (name) } { (name) } } }
        }
    }
}

fn components(look: &Look, now: DateTime<Utc>) -> Markup {
    let words = look.words;
    let rows: Vec<JobRow> =
        JobStatus::ALL.into_iter().enumerate().map(|(number, status)| job(number, status, now)).collect();
    html! {
        (section("Type", &html! { h1 { (words.market) } h2 { (words.jobs) } p { (words.no_jobs) } p.soft { (words.price_later) } p { span.amount { "1,234.500000" } " " span.unit { (words.credits) } } p { span.id { (rows[0].job_id) } } }))
        (section("Buttons", &buttons(words)))
        (section("States", &html! { @for status in JobStatus::ALL { p { (state(words, status, None)) } } @for stage in STAGES { p { (state(words, JobStatus::Running, Some(stage))) } } }))
        (section("Notes", &html! { p.note role="note" { (words.too_little_credit) } p.note.warned { (words.goes_on) " 2027-01-01" } p.note.told { (words.portal.saved) } (failure::within(look, words.no_results, "req_0")) }))
        (section("Form", &form(words, &[])))
        (section("Form with what is wrong", &form(words, &wrong())))
        (section("Jobs", &html! { div.card { (jobs::table(words, &rows)) } (pager::turning(words, STYLEGUIDE, &[], Some("a"), Some("b"))) (pager::chips(words, STYLEGUIDE, &[("status", "failed"), ("q", "video")], &[words.status, words.search])) }))
        (section("Empty", &html! { div.card { div.empty { p { (words.no_jobs) } p { a.button href=(STYLEGUIDE) { (words.market) } } } } }))
        (section("Tray", &html! { div.card { div.pad { (tray::list(words, &rows[..2], false, &rows[2..])) } } }))
        (section("Receipt and timeline", &html! { div.job { div { (timeline(words, &events(now))) } aside { (receipt(words, &rows[2], None)) } } }))
        (section("Ledger", &html! { div.card { (ledger::table(words, &lines(now))) } }))
        (section("Chart", &chart(words, now)))
        (section("Markdown", &markdown("### One\n\nSome **bold** text, `code`, a [link](https://example.com).\n\n* a\n* b\n\n```\nlet a = 1;\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n> quoted")))
        (section("Snippet", &snippet(words, "curl", "curl https://example.com/v1/models")))
    }
}

fn section(title: &str, content: &Markup) -> Markup {
    html! { section { h2 { (title) } (content) } }
}

fn buttons(words: &Words) -> Markup {
    html! {
        p.actions {
            button type="button" { (words.generate) } button type="button" disabled { (words.generate) }
            button.quiet type="button" { (words.cancel) } button.quiet type="button" disabled { (words.cancel) }
            button.done type="button" { (words.copy) } button.link type="button" { (words.delete) }
            a.badge href=(STYLEGUIDE) { (words.examples) }
        }
        progress aria-label=(words.results) value="40" max="100" { "40 %" }
        progress aria-label=(words.results) {}
        meter aria-label=(words.portal.budgets) min="0" max="100" high="80" value="90" { "90" }
    }
}

/// A form with every widget.
fn form(words: &Words, errors: &[ParamError]) -> Markup {
    let schema = json!({"type": "object", "required": ["text"], "properties": {
        "text": {"type": "string", "title": "Text", "description": "One line."},
        "long": {"type": "string", "title": "Textarea", "maxLength": 400},
        "slider": {"type": "integer", "title": "Slider", "minimum": 1, "maximum": 9, "default": 5},
        "number": {"type": "number", "title": "Number"}, "toggle": {"type": "boolean", "title": "Toggle"},
        "select": {"enum": ["a", "b", "c", "d", "e", "f"], "title": "Select"},
        "segmented": {"enum": ["low", "high"], "title": "Segmented", "default": "low"},
        "ratio": {"enum": ["16:9", "1:1", "9:16"], "title": "Aspect ratio", "default": "1:1"},
        "seed": {"type": "integer", "title": "Seed"}, "image": {"type": "string", "title": "Image"},
        "images": {"type": "array", "title": "Images"}, "json": {"type": "object", "title": "JSON"},
    }});
    let mut hints = UiHints { advanced: vec!["json".into(), "seed".into()], ..UiHints::default() };
    let widgets =
        [("ratio", Widget::AspectRatio), ("seed", Widget::Seed), ("image", Widget::Image), ("images", Widget::Images)];
    hints.widgets.extend(widgets.map(|(name, widget)| (name.to_owned(), widget)));
    html! { form.form-side action=(STYLEGUIDE) { (form::render(words, &form::fields(&schema, &hints), &Map::<String, Value>::new(), FormErrors(errors))) } }
}

fn wrong() -> Vec<ParamError> {
    vec![ParamError { param: "text".into(), message: "text is required".into(), allowed: None }]
}

fn job(number: usize, status: JobStatus, now: DateTime<Utc>) -> JobRow {
    let over = status.is_final().then_some(now);
    let row = json!({
        "job_id": format!("job_{number:026}"), "tenant_id": "ten_0", "api_key_id": null, "user_id": null,
        "model": "a-model", "capability": "text_to_image", "status": status, "stage": null, "mode": "queued",
        "held": 500_000, "charged": if status == JobStatus::Succeeded { 400_000 } else { 0 }, "refunded": 0,
        "price_version": 1, "error_code": null, "attempts": 1, "attempt_id": null, "cancel_requested": false,
        "outputs": [], "usage": {}, "created_at": now, "started_at": now, "completed_at": over,
        "last_sequence": 3, "last_position": 3,
    });
    serde_json::from_value(row).expect("it has the fields of a row")
}

fn events(now: DateTime<Utc>) -> Vec<JobEventRow> {
    let kinds =
        ["job.submitted", "job.started", "job.retrying", "job.reconciling", "job.output", "job.failed", "job.canceled"];
    let rows = kinds
        .into_iter()
        .enumerate()
        .map(|(number, kind)| json!({ "job_id": "job_0", "sequence": number, "type": kind, "data": {}, "at": now }));
    rows.map(|row| serde_json::from_value(row).expect("it has the fields of a row")).collect()
}

fn lines(now: DateTime<Utc>) -> Vec<LedgerRow> {
    let kinds = [
        ("recharge", 25_000_000),
        ("hold", -500_000),
        ("consume", -400_000),
        ("release", 100_000),
        ("refund", 400_000),
    ];
    let rows = kinds.into_iter().enumerate().map(|(number, (kind, amount))| {
        json!({
            "entry_id": number, "position": number, "tenant_id": "ten_0", "sequence": number, "occurred_at": now,
            "recorded_at": now, "type": kind, "amount": amount, "posted_change": amount, "held_change": 0,
            "posted_after": 25_000_000, "held_after": 0, "available_after": 25_000_000, "job_id": null,
            "api_key_id": null, "model": "a-model", "reference": "r-1", "note": null, "unit_id": "u", "request_id": "req_0",
            "actor": "system",
        })
    });
    rows.map(|row| serde_json::from_value(row).expect("it has the fields of a row")).collect()
}

fn chart(words: &Words, now: DateTime<Utc>) -> Markup {
    let days: Vec<NaiveDate> = now.date_naive().iter_days().take(14).collect();
    let rows = days.iter().enumerate().flat_map(|(place, day)| {
        (0..7_usize).map(move |model| {
            let charged = i64::try_from((place * 7 + model * 13) % 40 * 10_000).unwrap_or_default();
            DaySpent { day: *day, model: (model < SHARES).then(|| format!("model-{model}")), charged, refunded: 0 }
        })
    });
    let spent: Vec<DaySpent> = rows.collect();
    Spending::of(words, &days, &spent).render(words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::Theme;

    #[test]
    fn every_component_is_shown_in_both_languages() {
        let look = Look { words: &ENGLISH, theme: Theme::System, here: STYLEGUIDE.into(), viewing: None };
        let page = styleguide(&look, DateTime::UNIX_EPOCH).into_string();
        for words in [&ENGLISH, &CHINESE] {
            for status in JobStatus::ALL {
                assert!(page.contains(words.status_name(status)), "{:?}", words.status_name(status));
            }
            assert!(page.contains(words.receipt) && page.contains(words.form_has_errors));
        }
    }
}
