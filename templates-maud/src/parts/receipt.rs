//! The receipt: a narrow paper slip that says what was held, charged and returned, and which rules led there.

use domain::pricing::{Charge, ChargeLine, Reading};
use maud::{Markup, html};
use projections::rows::JobRow;

use crate::{
    figures::{amount, short_amount, whole},
    parts::price::reading as reading_text,
    words::Words,
};

/// The receipt of a job, with the calculation of its charge where it is known.
#[must_use]
pub fn receipt(words: &Words, job: &JobRow, charge: Option<&Charge>) -> Markup {
    let returned = if job.status.is_final() { (job.held - job.charged).max(0) } else { 0 };
    html! {
        section.receipt aria-labelledby="receipt" {
            h2 #receipt { (words.receipt) }
            dl {
                (line(words.held_first, job.held))
                @if job.status.is_final() {
                    (line(words.charged, job.charged))
                    (line(words.returned, returned))
                    @if job.refunded > 0 { (line(words.refunded, job.refunded)) }
                }
            }
            @if let Some(charge) = charge { (calculation(words, charge)) }
            p.soft { (words.price_version) " " (job.price_version) }
        }
    }
}

fn line(word: &str, micro: i64) -> Markup {
    html! { div { dt { (word) } dd.amount { (amount(micro, false)) } } }
}

/// The lines that an amount adds up from, to the last micro-credit.
#[must_use]
pub fn calculation(words: &Words, charge: &Charge) -> Markup {
    html! {
        details.calculation open {
            summary { (words.calculation) }
            table {
                tbody {
                    @for line in &charge.lines {
                        @let (what, how, why) = described(words, line);
                        tr {
                            th scope="row" { (what) @for reading in why { br; code.soft { (reading_text(reading)) } } }
                            td.soft { (how) }
                            td.num.amount { (line.amount().to_string()) }
                        }
                    }
                    tr.total { th scope="row" { (words.sum) } td {} td.num.amount { (amount(charge.amount.micro(), false)) } }
                }
            }
        }
    }
}

fn described<'a>(words: &Words, line: &'a ChargeLine) -> (String, String, &'a [Reading]) {
    match line {
        ChargeLine::Rate { meter, label, charged, rate, per, because, .. } => {
            let what = label.clone().unwrap_or_else(|| words.meter_name(*meter).to_owned());
            let per = if *per == 1 { String::new() } else { format!(" / {}", whole(*per)) };
            (what, format!("{charged} × {}{per}", short_amount(rate.micro())), because)
        }
        ChargeLine::Multiply { label, factor, because, .. } => (label.clone(), format!("× {factor}"), because),
        ChargeLine::Add { label, rate, each, because, .. } => {
            let times = each.as_ref().map(|each| format!("{} × ", each.quantity)).unwrap_or_default();
            (label.clone(), format!("{times}{}", short_amount(rate.micro())), because)
        }
        ChargeLine::Minimum { minimum, .. } => (words.minimum.to_owned(), short_amount(minimum.micro()), &[]),
        ChargeLine::Rounding { .. } => (words.rounding.to_owned(), String::new(), &[]),
    }
}
