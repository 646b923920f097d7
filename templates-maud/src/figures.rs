//! Amounts and times as people read them: a real minus, digits in groups, figures that align, times in the reader's zone.
//!
//! English and Chinese group digits and write the point alike, and both read a date from year to day; so there is one form.

use chrono::{DateTime, SecondsFormat, Utc};
use domain::Credits;
use maud::{Markup, html};

use crate::words::Words;

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

/// An amount without the zeros at its end.
pub fn short_amount(micro: i64) -> String {
    let text = amount(micro, false);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A count, in groups of three digits.
pub fn whole(count: u64) -> String {
    grouped(&count.to_string())
}

/// Digits in groups of three.
fn grouped(digits: &str) -> String {
    let first = digits.len() % 3;
    let (head, tail) = digits.split_at(first);
    let groups = tail.as_bytes().chunks(3).map(|chunk| std::str::from_utf8(chunk).unwrap_or_default());
    let all = std::iter::once(head).filter(|head| !head.is_empty()).chain(groups);
    all.collect::<Vec<_>>().join(",")
}

/// A moment, to the minute, in the reader's zone.
pub fn moment(words: &Words, at: DateTime<Utc>) -> Markup {
    told(words, at, "%Y-%m-%d %H:%M", false)
}

/// A moment, to the second, in the reader's zone.
pub fn moment_exact(words: &Words, at: DateTime<Utc>) -> Markup {
    told(words, at, "%Y-%m-%d %H:%M:%S", false)
}

/// A moment of which scripts say how long ago it was; the moment itself stays its title.
pub fn ago(words: &Words, at: DateTime<Utc>) -> Markup {
    told(words, at, "%Y-%m-%d %H:%M", true)
}

fn told(words: &Words, at: DateTime<Utc>, form: &'static str, ago: bool) -> Markup {
    let local = at.with_timezone(&words.zone);
    html! {
        time datetime=(at.to_rfc3339_opts(SecondsFormat::Millis, true)) data-ago[ago]
            title={ (local.format("%Y-%m-%d %H:%M:%S")) " " (words.zone.name()) } { (local.format(form)) }
    }
}

/// How long something took.
pub fn elapsed(ms: u64) -> String {
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..60_000 => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
        60_000..3_600_000 => format!("{}:{:02} min", ms / 60_000, ms % 60_000 / 1_000),
        _ => format!("{}:{:02} h", ms / 3_600_000, ms % 3_600_000 / 60_000),
    }
}

/// A size in bytes.
pub fn bytes(size: u64) -> String {
    match size {
        0..1_024 => format!("{size} B"),
        1_024..1_048_576 => format!("{}.{} KB", size / 1_024, size % 1_024 * 10 / 1_024),
        _ => format!("{}.{} MB", size / 1_048_576, size % 1_048_576 * 10 / 1_048_576),
    }
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
        assert_eq!(
            (short_amount(1_500_000), short_amount(-20_000_000), short_amount(0)),
            ("1.5".into(), "\u{2212}20".into(), "0".into())
        );
        let at = DateTime::from_timestamp(1_795_000_000, 0).expect("a moment");
        let shanghai = crate::words::CHINESE.in_zone(chrono_tz::Asia::Shanghai);
        let texts = [moment(&crate::words::ENGLISH, at), ago(shanghai, at)].map(maud::PreEscaped::into_string);
        assert!(texts[0].contains("title=\"2026-11-18 11:06:40 UTC\">2026-11-18 11:06<"), "{}", texts[0]);
        assert!(
            texts[1].contains("data-ago title=\"2026-11-18 19:06:40 Asia/Shanghai\">2026-11-18 19:06<"),
            "{}",
            texts[1]
        );
        assert_eq!([20, 1_250, 125_000, 172_860_000].map(elapsed), ["20 ms", "1.2 s", "2:05 min", "48:01 h"]);
        assert_eq!((bytes(999), bytes(1_536), bytes(2_250_000)), ("999 B".into(), "1.5 KB".into(), "2.1 MB".into()));
    }
}
