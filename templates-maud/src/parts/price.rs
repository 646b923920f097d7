//! A price for people: one sentence where a model is offered, and the whole table where it is explained.

use domain::{
    Credits,
    pricing::{Condition, Effect, Meter, Price, Rate, Reading},
};
use maud::{Markup, html};

use crate::{figures::short_amount, form::shown, words::Words};

/// The lowest rate as one line, such as "from 0.5 credits per image".
#[must_use]
pub fn sentence(words: &Words, price: &Price) -> Option<String> {
    let main = price.rates.iter().find(|rate| rate.meter == Meter::OutputToken).or_else(|| price.rates.first())?;
    let rates = || main.tiers.iter().map(|tier| tier.rate);
    let lowest = rates().min()?;
    let varies = price.rates.len() > 1 || !price.modifiers.is_empty() || rates().any(|rate| rate != lowest);
    let from = if varies { words.from } else { "" };
    Some(format!("{from}{} {}", credits(words, lowest), per(words, main)))
}

/// The lowest rate for one of what is counted, in millionths of a micro-credit, so that rates can be compared.
#[must_use]
pub fn lowest(price: &Price) -> Option<i128> {
    let each = |rate: &Rate, credits: Credits| i128::from(credits.micro()) * 1_000_000 / i128::from(rate.per.max(1));
    price.rates.iter().flat_map(|rate| rate.tiers.iter().map(move |tier| each(rate, tier.rate))).min()
}

/// What a rate is for, such as "per 1,000,000 tokens of the answer".
fn per(words: &Words, rate: &Rate) -> String {
    let meter = words.meter_name(rate.meter);
    match rate.per {
        1 => format!("/ {meter}"),
        1_000_000 => format!("/ {} {meter}", words.million),
        many => format!("/ {many} {meter}"),
    }
}

/// Every rate and modifier of a price.
#[must_use]
pub fn table(words: &Words, price: &Price) -> Markup {
    html! {
        div.scroll { table.rows.prices {
            thead { tr { th scope="col" { (words.counted) } th scope="col" { (words.when) } th.num scope="col" { (words.rate) } } }
            tbody {
                @for rate in &price.rates { (rate_rows(words, rate)) }
                @for modifier in &price.modifiers {
                    tr {
                        td { (modifier.label) }
                        td.soft { (condition(&modifier.when)) }
                        td.num.amount { (effect(words, &modifier.effect)) }
                    }
                }
                @if let Some(minimum) = price.minimum {
                    tr { td { (words.minimum) } td {} td.num.amount { (credits(words, minimum)) } }
                }
            }
        } }
    }
}

fn rate_rows(words: &Words, rate: &Rate) -> Markup {
    let below = std::iter::once(None).chain(rate.tiers.iter().map(|tier| tier.up_to));
    html! {
        @for (tier, above) in rate.tiers.iter().zip(below) {
            @let range = tier_range(above, tier.up_to);
            tr {
                td { (rate.label.as_deref().unwrap_or(words.meter_name(rate.meter))) }
                td.soft {
                    @if let Some(when) = &rate.when { (condition(when)) " " }
                    @if let (Some(by), Some(range)) = (&rate.by, range) { (by) " " (range) }
                }
                td.num {
                    span.amount { (credits(words, tier.rate)) } " " span.unit { (per(words, rate)) }
                    @if let Some(cached) = tier.cached_rate {
                        br; span.soft { (words.cached) ": " (short_amount(cached.micro())) }
                    }
                }
            }
        }
    }
}

fn tier_range(above: Option<u64>, up_to: Option<u64>) -> Option<String> {
    match (above, up_to) {
        (None, None) => None,
        (None, Some(end)) => Some(format!("≤ {end}")),
        (Some(start), None) => Some(format!("> {start}")),
        (Some(start), Some(end)) => Some(format!("> {start}, ≤ {end}")),
    }
}

fn effect(words: &Words, effect: &Effect) -> String {
    match effect {
        Effect::Multiply(factor) => format!("× {factor}"),
        Effect::Add(amount) => format!("+ {}", credits(words, *amount)),
        Effect::AddEach { meter, per, rate } => {
            let per = if *per == 1 { String::new() } else { format!("{per} ") };
            format!("+ {} / {per}{}", credits(words, *rate), words.meter_name(*meter))
        }
    }
}

/// A condition as a short formula.
fn condition(condition: &Condition) -> String {
    let joined = |parts: &[Condition], by: &str| parts.iter().map(self::condition).collect::<Vec<_>>().join(by);
    match condition {
        Condition::All(parts) => joined(parts, ", "),
        Condition::Any(parts) => joined(parts, " | "),
        Condition::Not(part) => format!("¬ ({})", self::condition(part)),
        Condition::Equals { subject, value } => format!("{subject} = {}", shown(value)),
        Condition::In { subject, values } => {
            format!("{subject} ∈ {}", values.iter().map(shown).collect::<Vec<_>>().join(", "))
        }
        Condition::Range { subject, min, max } => match (min, max) {
            (Some(min), Some(max)) => format!("{min} ≤ {subject} ≤ {max}"),
            (Some(min), None) => format!("{subject} ≥ {min}"),
            (None, Some(max)) => format!("{subject} ≤ {max}"),
            (None, None) => subject.to_string(),
        },
        Condition::TimeOfDay { subject, from, until } => format!("{subject}: {from}–{until}"),
        Condition::Present { subject } => format!("{subject} ✓"),
    }
}

/// What a decision was taken on.
#[must_use]
pub fn reading(reading: &Reading) -> String {
    format!("{} = {}", reading.subject, shown(&reading.value))
}

fn credits(words: &Words, amount: Credits) -> String {
    let unit = if amount == Credits::from_whole(1) { words.credit } else { words.credits };
    format!("{} {unit}", short_amount(amount.micro()))
}
