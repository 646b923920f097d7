//! The journals of hledger and beancount. Events that move nothing are not in them.

use std::fmt::Write as _;

use chrono::{Days, NaiveDate};

use super::book::{Book, Entry, decimal};

pub(super) const HLEDGER_HEADER: &str = "; The credits of Zephyr, in double entry\ncommodity 1000.000000 CREDIT\n\n";
pub(super) const BEANCOUNT_HEADER: &str =
    "; The credits of Zephyr, in double entry\noption \"title\" \"Zephyr\"\n1970-01-01 commodity CREDIT\n\n";

/// An entry for hledger: every posting asserts the balance of its account.
pub(super) fn hledger(book: &mut Book, entry: &Entry, out: &mut String) {
    if entry.sides.is_empty() {
        return;
    }
    for side in &entry.sides {
        match book.declare(&side.account) {
            Some(Some(name)) => line(out, format_args!("account {}  ; name: {}", side.account, plain(&name))),
            Some(None) => line(out, format_args!("account {}", side.account)),
            None => {}
        }
    }
    line(out, format_args!("{} * {}", entry.recorded_at.date_naive(), entry.event_type));
    for (name, value) in facts(entry) {
        line(out, format_args!("    ; {name}: {}", plain(&value)));
    }
    for side in &entry.sides {
        let (amount, balance) = (decimal(side.amount), decimal(side.balance));
        line(out, format_args!("    {}  {amount} CREDIT = {balance} CREDIT", side.account));
    }
    out.push('\n');
}

/// An entry for beancount.
pub(super) fn beancount(book: &mut Book, entry: &Entry, out: &mut String) {
    if entry.sides.is_empty() {
        return;
    }
    let day = entry.recorded_at.date_naive();
    for side in &entry.sides {
        if let Some(name) = book.declare(&side.account) {
            line(out, format_args!("{day} open {} CREDIT", side.account));
            if let Some(name) = name {
                line(out, format_args!("  name: \"{}\"", quoted(&name)));
            }
        }
    }
    line(out, format_args!("{day} * \"{}\"", entry.event_type));
    for (name, value) in facts(entry) {
        line(out, format_args!("  {name}: \"{}\"", quoted(&value)));
    }
    for side in &entry.sides {
        line(out, format_args!("  {}  {} CREDIT", side.account, decimal(side.amount)));
    }
    out.push('\n');
}

/// Beancount asserts balances at the beginning of a day: those of a day that is over, on the next.
pub(super) fn assert_day(book: &mut Book, day: NaiveDate, out: &mut String) {
    let next = day.checked_add_days(Days::new(1)).unwrap_or(day);
    for (account, balance) in book.take_touched() {
        line(out, format_args!("{next} balance {account}  {} CREDIT", decimal(balance)));
    }
    out.push('\n');
}

fn facts(entry: &Entry) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    if entry.position > 0 {
        facts.push(("position", entry.position.to_string()));
        facts.push(("tenant", entry.tenant_id.clone()));
    }
    facts.extend(entry.job_id.clone().map(|job_id| ("job", job_id)));
    facts.extend(entry.reference.clone().map(|reference| ("reference", reference)));
    facts
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing into a String can't fail.
    let _ = writeln!(out, "{text}");
}

/// A tag's value ends at a comma or a line's end.
fn plain(text: &str) -> String {
    text.replace('%', "%25").replace(',', "%2C").replace(char::is_control, " ")
}

fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace(char::is_control, " ")
}
