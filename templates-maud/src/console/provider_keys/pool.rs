//! The key pool: one row a key, with its meters, its state and its reason. Filters in the URL, pages by the last key.

use maud::{Markup, html};

use super::{AddKeys, KeyRow, KeyState, reason, share, state};
use crate::{
    console::{
        meter::meter,
        shell::{ConsolePage, Operator},
    },
    figures::moment_exact,
    page::Look,
    parts::pager::pager,
    paths::{PROVIDER_KEY, PROVIDER_KEYS, PROVIDER_KEYS_PART, fill, with_query},
};

/// Which keys.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// A provider's name.
    pub provider: String,
    /// A state's name; without one, all but revoked keys.
    pub state: String,
    /// What stands in a label, an account or a fingerprint.
    pub q: String,
}

impl Filter {
    /// As a query's pairs.
    #[must_use]
    pub fn pairs(&self) -> [(&str, &str); 3] {
        [("provider", &self.provider), ("state", &self.state), ("q", &self.q)]
    }

    fn is_empty(&self) -> bool {
        self.pairs().iter().all(|(_, value)| value.is_empty())
    }
}

/// How many keys stand where.
#[derive(Clone, Copy, Debug, Default)]
pub struct PoolSums {
    /// In the order of [`KeyState::ALL`].
    pub of_state: [usize; 5],
}

/// The page of the pool.
#[derive(Debug)]
pub struct PoolPage<'a> {
    /// How it looks.
    pub look: &'a Look,
    /// Who looks.
    pub operator: &'a Operator,
    /// Which keys.
    pub filter: &'a Filter,
    /// The names of all providers.
    pub providers: &'a [String],
    /// How many keys there are in all.
    pub sums: PoolSums,
    /// The keys of this page.
    pub keys: &'a [KeyRow],
    /// The key that this page begins after.
    pub after: Option<&'a str>,
    /// The last key of this page, if more follow.
    pub next: Option<&'a str>,
    /// The form for new keys.
    pub add: &'a AddKeys,
}

impl PoolPage<'_> {
    /// The page.
    #[must_use]
    pub fn render(&self) -> Markup {
        let words = self.look.words.console.keys;
        let title = self.look.words.console.frame.provider_keys;
        let content = html! {
            h1 { (title) }
            (self.sums())
            (self.filters())
            (self.part())
            (pager(self.look.words, PROVIDER_KEYS, &self.filter.pairs(), self.after, self.next))
            @if self.operator.may_act { (self.add.form(words, self.operator, self.providers)) }
        };
        ConsolePage { look: self.look, operator: self.operator, title, content }.render()
    }

    /// The part that changes by itself.
    #[must_use]
    pub fn part(&self) -> Markup {
        let mut pairs = self.filter.pairs().to_vec();
        pairs.push(("after", self.after.unwrap_or_default()));
        let from = with_query(PROVIDER_KEYS_PART, &pairs);
        html! {
            section.card #pool hx-get=(from) hx-trigger="zephyr:refresh" hx-swap="outerHTML" data-every="5" {
                @if self.keys.is_empty() { (self.nothing()) } @else { (self.table()) }
            }
        }
    }

    fn sums(&self) -> Markup {
        let words = self.look.words.console.keys;
        html! {
            nav.counts aria-label=(words.by_state) {
                @for (one, count) in KeyState::ALL.into_iter().zip(self.sums.of_state) {
                    a href=(with_query(PROVIDER_KEYS, &[("state", one.name())])) aria-current=[(self.filter.state == one.name()).then_some("true")] {
                        (state(words, one)) " " span.amount { (count) }
                    }
                }
            }
        }
    }

    fn filters(&self) -> Markup {
        let words = self.look.words;
        let keys = words.console.keys;
        html! {
            form.filters method="get" action=(PROVIDER_KEYS) {
                label { span { (words.provider) }
                    select name="provider" {
                        option value="" { (words.all) }
                        @for name in self.providers { option value=(name) selected[*name == self.filter.provider] { (name) } }
                    }
                }
                label { span { (keys.state_word) }
                    select name="state" {
                        option value="" { (keys.not_revoked) }
                        @for one in KeyState::ALL { option value=(one.name()) selected[one.name() == self.filter.state] { (keys.state(one)) } }
                    }
                }
                label { span { (words.search) } input type="search" name="q" value=(self.filter.q) placeholder=(keys.search_hint) data-search; }
                button.quiet type="submit" { (words.filter) }
                @if !self.filter.is_empty() { a.button.quiet href=(PROVIDER_KEYS) { (words.clear_all) } }
            }
        }
    }

    fn nothing(&self) -> Markup {
        let words = self.look.words;
        html! {
            div.empty {
                @if self.filter.is_empty() { p { (words.console.keys.none) } }
                @else { p { (words.nothing_found) } p { a.button.quiet href=(PROVIDER_KEYS) { (words.clear_all) } } }
            }
        }
    }

    fn table(&self) -> Markup {
        let words = self.look.words.console.keys;
        html! {
            div.scroll tabindex="0" role="region" aria-label=(self.look.words.console.frame.provider_keys) { table.dense {
                thead { tr {
                    th scope="col" { (words.key) } th scope="col" { (words.state_word) } th scope="col" { (words.under_way) }
                    th scope="col" { (words.a_second) } th scope="col" { (words.a_minute) } th.num scope="col" { (words.weight) }
                    th.num scope="col" title=(words.answered_hint) { (words.answered) } th scope="col" { (words.last_failure) }
                } }
                tbody { @for key in self.keys { (self.row(key)) } }
            } }
        }
    }

    fn row(&self, key: &KeyRow) -> Markup {
        let words = self.look.words.console.keys;
        html! {
            tr {
                th scope="row" {
                    a href=(fill(PROVIDER_KEY, &[&key.id])) { (key.label) } " "
                    span.soft { (key.provider) " " } span.id.soft { (key.fingerprint) }
                }
                td { (state(words, key.state)) @if let Some(unwell) = key.unwell.first() {
                    " " span.why.soft {
                        @if let Some(model) = &unwell.model { (model) ": " } (reason(self.look.words, unwell))
                        @if key.unwell.len() > 1 { " +" (key.unwell.len() - 1) }
                    }
                } }
                td { (meter(words.no_limit, key.under_way)) }
                td { (meter(words.no_limit, key.second)) }
                td { (meter(words.no_limit, key.minute)) }
                td.num { (key.weight) }
                td.num { (share(key.answered)) }
                td.when { @if let Some((code, at)) = &key.last_failure { code { (code) } " " (moment_exact(self.look.words, *at)) } @else { "–" } }
            }
        }
    }
}
