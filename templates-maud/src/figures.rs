//! Amounts and times as people read them: a real minus, digits in groups, figures that align.

use chrono::{DateTime, Utc};
use domain::Credits;
use maud::{Markup, html};

/// How many decimals an amount has at least, so that amounts align.
const DECIMALS: usize = 6;

/// An amount of micro-credits, with a sign only when it is negative or `signed`.
pub fn amount(micro: i64, signed: bool) -> String {
    let text = format!("{:.*}", DECIMALS, Credits::from_micro(micro));
    let magnitude = text.trim_start_matches('-');
    let (whole, fraction) = magnitude.split_once('.').unwrap_or((magnitude, ""));
    let sign = match micro {
        i64::MIN..=-1 => "\u{2212}",
        1.. if signed => "+",
        _ => "",
    };
    format!("{sign}{}.{fraction}", grouped(whole))
}

/// Digits in groups of three.
fn grouped(digits: &str) -> String {
    let first = digits.len() % 3;
    let (head, tail) = digits.split_at(first);
    let groups = tail.as_bytes().chunks(3).map(|chunk| std::str::from_utf8(chunk).unwrap_or_default());
    let all = std::iter::once(head).filter(|head| !head.is_empty()).chain(groups);
    all.collect::<Vec<_>>().join(",")
}

/// A moment, to the minute, in UTC.
pub fn moment(at: DateTime<Utc>) -> Markup {
    html! { time datetime=(at.to_rfc3339()) title=(at.to_rfc3339()) { (at.format("%Y-%m-%d %H:%M")) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_written_for_people() {
        assert_eq!(amount(1_234_567_000_000, false), "1,234,567.000000");
        assert_eq!(amount(-42_500, true), "\u{2212}0.042500");
        assert_eq!(amount(25_000_000, true), "+25.000000");
        assert_eq!(amount(0, true), "0.000000");
    }
}
