//! Bars a day, stacked by what they are made of, drawn on the server: from zero, told apart by pattern as well as shade, with
//! the figures as a table beside them.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use maud::{Markup, html};
use projections::spending::DaySpent;

use crate::{
    figures::{amount, short_amount},
    paths::{JOBS, with_query},
    words::Words,
};

/// How many models have a share of their own; the rest is one.
pub const SHARES: usize = 5;
/// The height of the highest bar, in the chart's own units.
const HEIGHT: i64 = 120;
/// The width of a day.
const DAY: usize = 12;

/// What was charged, by day and model.
#[derive(Debug)]
pub struct Spending<'a> {
    days: &'a [NaiveDate],
    /// The models that cost most, and what each cost on each day; the last is all others together, if there are any.
    shares: Vec<(&'a str, Vec<i64>)>,
}

impl<'a> Spending<'a> {
    /// Out of what was spent on at most [`SHARES`] models and on the others together; other days are left out.
    #[must_use]
    pub fn of(words: &'a Words, days: &'a [NaiveDate], spent: &'a [DaySpent]) -> Self {
        let mut models: BTreeMap<Option<&str>, Vec<i64>> = BTreeMap::new();
        for row in spent {
            if let Some(place) = days.iter().position(|day| *day == row.day) {
                models.entry(row.model.as_deref()).or_insert_with(|| vec![0; days.len()])[place] += row.charged;
            }
        }
        let others = models.remove(&None);
        let mut shares: Vec<(&str, Vec<i64>)> =
            models.into_iter().filter_map(|(model, spent)| Some((model?, spent))).collect();
        shares.sort_by_key(|(_, spent)| std::cmp::Reverse(spent.iter().sum::<i64>()));
        shares.extend(others.map(|spent| (words.other, spent)));
        Self { days, shares }
    }

    /// All of it.
    #[must_use]
    pub fn total(&self) -> i64 {
        self.shares.iter().flat_map(|(_, spent)| spent).sum()
    }

    /// What a day cost.
    fn on(&self, place: usize) -> i64 {
        self.shares.iter().map(|(_, spent)| spent[place]).sum()
    }

    /// The chart with its legend and its table.
    #[must_use]
    pub fn render(&self, words: &Words) -> Markup {
        let most = (0..self.days.len()).map(|place| self.on(place)).max().unwrap_or(0);
        html! {
            (self.bars(words, most.max(1)))
            p.chart-ends.soft {
                @if let (Some(first), Some(last)) = (self.days.first(), self.days.last()) {
                    span { (first) } span { (words.most) " " (short_amount(most)) } span { (last) }
                }
            }
            ul.legend {
                @for (number, (model, spent)) in self.shares.iter().enumerate() {
                    li {
                        svg.swatch viewBox="0 0 12 12" aria-hidden="true" { rect class={ "share-" (number) } width="12" height="12" {} @if number % 2 == 1 { path.hatch d="M0 12 12 0M-3 3 3-3M9 15 15 9" {} } }
                        @if number < SHARES { a href=(with_query(JOBS, &[("model", model)])) { (model) } } @else { (model) }
                        " " span.amount { (short_amount(spent.iter().sum())) }
                    }
                }
            }
            details { summary { (words.as_table) } (self.table(words)) }
        }
    }

    fn bars(&self, words: &Words, most: i64) -> Markup {
        let width = DAY * self.days.len();
        html! {
            svg.chart viewBox={ "0 0 " (width) " " (HEIGHT + 4) } preserveAspectRatio="none" role="img" aria-labelledby="chart-title" aria-describedby="chart-desc" {
                title #chart-title { (words.spent_30) }
                desc #chart-desc { (words.portal.by_day) }
                @for (place, day) in self.days.iter().enumerate() {
                    g {
                        title { (day) ": " (short_amount(self.on(place))) }
                        @for (number, y, height) in self.stack(place, most) {
                            rect class={ "share-" (number) } x=(DAY * place + 1) y=(y) width=(DAY - 2) height=(height) {}
                            @if number % 2 == 1 { (hatch(DAY * place + 1, y, height)) }
                        }
                    }
                }
                line x1="0" y1=(HEIGHT) x2=(width) y2=(HEIGHT) {}
            }
        }
    }

    /// The pieces of a day's bar from below: which share, where it begins, how high it is.
    fn stack(&self, place: usize, most: i64) -> Vec<(usize, i64, i64)> {
        let mut below = 0;
        let pieces = self.shares.iter().enumerate().map(|(number, (_, spent))| {
            let start = below * HEIGHT / most;
            below += spent[place];
            let end = below * HEIGHT / most;
            (number, HEIGHT - end, end - start)
        });
        pieces.filter(|(_, _, height)| *height > 0).collect()
    }

    fn table(&self, words: &Words) -> Markup {
        html! {
            div.scroll { table {
                thead { tr {
                    th scope="col" { (words.portal.day) }
                    @for (model, _) in &self.shares { th.num scope="col" { (model) } }
                    th.num scope="col" { (words.sum) }
                } }
                tbody {
                    @for (place, day) in self.days.iter().enumerate().filter(|(place, _)| self.on(*place) != 0) {
                        tr { td { (day) } @for (_, spent) in &self.shares { td.num.amount { (short_amount(spent[place])) } } td.num.amount { (amount(self.on(place), false)) } }
                    }
                }
            } }
        }
    }
}

/// Strokes across a piece, so that shades are not all that tells pieces apart.
fn hatch(x: usize, y: i64, height: i64) -> Markup {
    html! { @for line in (y + 2..y + height).step_by(4) { line.hatch x1=(x) x2=(x + DAY - 2) y1=(line) y2=(line) {} } }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::ENGLISH;

    fn row(day: NaiveDate, model: Option<&str>, charged: i64) -> DaySpent {
        DaySpent { day, model: model.map(str::to_owned), charged, refunded: 0 }
    }

    #[test]
    fn a_bar_is_as_high_as_all_its_pieces_and_the_rest_is_one() {
        let day = |number| NaiveDate::from_ymd_opt(2026, 11, number).expect("a day");
        let days = [day(1), day(2)];
        let mut usage: Vec<_> =
            (2..7).map(|number| row(day(1), Some(&format!("model-{number}")), 10 * (number + 1))).collect();
        usage.push(row(day(1), None, 50));
        usage.push(row(day(2), Some("model-6"), 140));
        usage.push(row(day(3), Some("model-6"), 999));
        let spending = Spending::of(&ENGLISH, &days, &usage);
        assert_eq!((spending.total(), spending.shares.len(), spending.shares[SHARES].0), (440, SHARES + 1, "Other"));
        assert_eq!(spending.shares[0], ("model-6", vec![70, 140]));
        assert_eq!(spending.shares[SHARES].1, [50, 0], "what came as one is the last, whatever it is");
        let heights: i64 = spending.stack(0, 300).iter().map(|(_, _, height)| height).sum();
        assert_eq!(heights, HEIGHT);
        assert_eq!(spending.stack(1, 280), [(0, HEIGHT / 2, HEIGHT / 2)]);
    }
}
