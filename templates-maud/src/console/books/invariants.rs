//! Whether the books hold together: each check with both of its sides, as of one position.

use maud::{Markup, html};
use projections::books::Invariants;

use crate::{figures::amount, icons, paths::CONSOLE_LEDGER_CHECK, words::Words};

/// One check: what it says, its two sides, and whether it holds.
struct Check {
    word: &'static str,
    this: String,
    that: String,
    holds: bool,
}

/// The panel of the checks.
#[must_use]
pub fn panel(words: &Words, found: &Invariants) -> Markup {
    let ours = words.console.books;
    let checks = checks(words, found);
    let behind = found.head > found.position;
    let fails = checks.iter().any(|check| !check.holds);
    html! {
        section.card #invariants aria-labelledby="invariants-title" {
            header {
                h2 #invariants-title { (ours.invariants) }
                span.soft { (ours.as_of) " " (found.position) " · " (found.accounts) " " (ours.accounts) " · " (found.open_jobs) " " (ours.open_jobs) }
            }
            details.pad open[fails] {
                summary {
                    @if !fails { span.state.good { (icons::done()) (ours.all_hold) } }
                    @else if behind { span.state.warn { (icons::waiting()) (ours.behind) } }
                    @else { span.state.bad { (icons::failed()) (ours.some_fail) } }
                }
                div.scroll { table {
                    thead { tr { th scope="col" { (ours.check) } th.num scope="col" { (ours.this_side) } th.num scope="col" { (ours.that_side) } th scope="col" { (words.status) } } }
                    tbody {
                        @for check in &checks {
                            tr {
                                th scope="row" { (check.word) }
                                td.num.amount { (check.this) } td.num.amount { (check.that) }
                                td {
                                    @if check.holds { span.state.good { (icons::done()) (ours.holds) } }
                                    @else { span.state.bad { (icons::failed()) (ours.fails) } }
                                }
                            }
                        }
                    }
                } }
                p { a.button.quiet href=(CONSOLE_LEDGER_CHECK) hx-get=(CONSOLE_LEDGER_CHECK) hx-target="#invariants" hx-swap="outerHTML" { (ours.check_now) } }
            }
        }
    }
}

fn checks(words: &Words, found: &Invariants) -> Vec<Check> {
    let ours = words.console.books;
    let equal = |word, this: i64, that: i64| Check {
        word,
        this: amount(this, false),
        that: amount(that, false),
        holds: this == that,
    };
    let none =
        |word, off: i64, of: String| Check { word, this: off.to_string(), that: format!("0 / {of}"), holds: off == 0 };
    let log_end = if found.chained { found.head.to_string() } else { "?".to_owned() };
    vec![
        equal(ours.zero_sum, found.moved, found.posted),
        none(ours.balances_entries, found.accounts_off, found.accounts.to_string()),
        none(ours.entries_follow, found.entries_off, found.entries.to_string()),
        equal(ours.holds_jobs, found.held, found.held_by_jobs),
        Check { word: ours.chained, this: log_end, that: found.head.to_string(), holds: found.chained },
        Check {
            word: ours.lag,
            this: found.position.to_string(),
            that: found.head.to_string(),
            holds: found.position == found.head,
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::ENGLISH;

    #[test]
    fn books_that_do_not_hold_together_say_which_check_fails() {
        let good = Invariants {
            position: 9,
            head: 9,
            accounts: 1,
            posted: 5,
            moved: 5,
            chained: true,
            ..Invariants::default()
        };
        assert!(panel(&ENGLISH, &good).into_string().contains(ENGLISH.console.books.all_hold));
        for bad in [
            Invariants { moved: 4, ..good.clone() },
            Invariants { accounts_off: 1, ..good.clone() },
            Invariants { entries_off: 1, ..good.clone() },
            Invariants { held: 1, ..good.clone() },
            Invariants { chained: false, ..good.clone() },
        ] {
            let shown = panel(&ENGLISH, &bad).into_string();
            assert!(
                shown.contains(ENGLISH.console.books.some_fail)
                    && shown.matches(ENGLISH.console.books.fails).count() >= 1
            );
        }
        let behind = panel(&ENGLISH, &Invariants { position: 8, ..good }).into_string();
        assert!(behind.contains(ENGLISH.console.books.behind));
    }
}
