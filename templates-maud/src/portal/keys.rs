//! The API keys of a tenant: issued, shown once, ended.

use chrono::{DateTime, Utc};
use domain::{Credits, tenant::ApiKey};
use maud::{Markup, html};
use projections::spending::KeySpent;

use crate::{
    figures::{moment, short_amount},
    page::{Look, Page, Visitor, form_token},
    parts::{
        pager::{of_all, pager},
        snippet::snippet,
    },
    paths::{KEY_REVOKE, KEY_ROTATE, KEYS, QUICKSTART, fill},
    words::Words,
};

/// The page of the keys.
#[derive(Debug)]
pub struct KeysPage<'a> {
    /// How it looks.
    pub look: &'a Look,
    /// Who looks.
    pub visitor: &'a Visitor,
    /// The keys that may still be used, the newest first: a page of them.
    pub keys: &'a [ApiKey],
    /// How many there are in all.
    pub all_keys: usize,
    /// The last key of the page before.
    pub after: Option<&'a str>,
    /// The last key of this page, if more follow.
    pub next: Option<&'a str>,
    /// What each key spent in the last thirty days, in their order.
    pub spent: &'a [KeySpent],
    /// What a key may be allowed.
    pub scopes: &'a [&'a str],
    /// The key that was just issued: its only appearance.
    pub issued: Option<&'a str>,
    /// What was wrong with the form.
    pub failure: Option<&'a str>,
    /// Whether the person may issue and end keys.
    pub owner: bool,
}

impl KeysPage<'_> {
    /// The page.
    #[must_use]
    pub fn render(&self) -> Markup {
        let words = self.look.words;
        let content = html! {
            h1 { (words.keys) (of_all(self.keys.len(), self.all_keys)) }
            @if let Some(key) = self.issued {
                section.card.issued { div.pad {
                    p { strong { (words.key_once) } }
                    (snippet(words, words.new_key, key))
                    p { a.button href=(KEYS) { (words.key_stored) } " " a.button.quiet href=(QUICKSTART) { (words.quickstart) } }
                } }
            }
            @if self.owner { (self.new_key()) } @else { p.soft { (words.owners_only) } }
            section.card {
                @if self.keys.is_empty() { div.empty { p { (words.no_keys) } } } @else { (self.table()) }
            }
            (pager(words, KEYS, &[], self.after, self.next))
        };
        Page { look: self.look, title: words.keys, visitor: Some(self.visitor), narrow: false, content }.render()
    }

    fn new_key(&self) -> Markup {
        let words = self.look.words;
        html! {
            section.card { div.pad {
                @if let Some(failure) = self.failure { p.note role="alert" { (failure) } }
                form.stack method="post" action=(KEYS) {
                    (form_token(&self.visitor.form_token))
                    div.inline-fields {
                        label { span { (words.key_name) } input type="text" name="name" required maxlength="100" autocomplete="off"; }
                        (optional(words, words.key_budget, "budget", "decimal"))
                        (optional(words, words.key_rpm, "requests_per_minute", "numeric"))
                    }
                    details.advanced {
                        summary { (words.portal.limits) }
                        div.inline-fields {
                            (optional(words, words.portal.budget_day, "budget_per_day", "decimal"))
                            (optional(words, words.portal.budget_month, "budget_per_month", "decimal"))
                            (optional(words, words.portal.at_once, "concurrent_jobs", "numeric"))
                            label { span { (words.portal.expires_on) " " span.soft { "(" (words.zone.name()) ")" } } input type="date" name="expires_on"; }
                        }
                        fieldset {
                            legend { (words.portal.scopes) " " span.soft { (words.portal.scopes_hint) } }
                            div.inline-fields {
                                @for (scope, name) in self.scopes.iter().zip(words.portal.scope_names) { label.toggle { input type="checkbox" name="scope" value=(scope); span { (name) } } }
                            }
                        }
                        label { span { (words.portal.models_allowed) " " span.soft { (words.portal.models_hint) } } input type="text" name="models" autocomplete="off"; }
                    }
                    p.actions { button type="submit" { (words.create_key) } }
                }
            } }
        }
    }

    fn table(&self) -> Markup {
        let words = self.look.words;
        html! {
            div.scroll { table.rows {
                thead { tr {
                    th scope="col" { (words.key_name) } th scope="col" { (words.key) } th.num scope="col" { (words.spent_30) }
                    th.num scope="col" { (words.key_budget) } th scope="col" { (words.portal.last_used) } th scope="col" { (words.expires) } th scope="col" { span.visually-hidden { (words.actions) } }
                } }
                tbody {
                    @for (key, spent) in self.keys.iter().zip(self.spent) {
                        tr {
                            td { (key.name) @if !key.models.is_empty() { " " span.soft { (key.models.join(", ")) } } @if !key.scopes.is_empty() { " " span.soft { (key.scopes.join(", ")) } } }
                            td.when { span.id { (key.prefix) "…" } }
                            td.num.amount data-label=(words.spent_30) { (short_amount(spent.spent)) }
                            td.num.amount data-label=(words.key_budget) { (key.budget.map_or_else(|| "–".to_owned(), |budget: Credits| short_amount(budget.micro()))) }
                            td.when data-label=(words.portal.last_used) { @match spent.last_day { Some(day) => (day), None => (words.portal.never) } }
                            td.when data-label=(words.expires) { (expiry(words, key.expires_at)) }
                            td.actions {
                                @if self.owner {
                                    form method="post" action=(fill(KEY_ROTATE, &[key.api_key_id.as_str()])) {
                                        (form_token(&self.visitor.form_token))
                                        button.quiet type="submit" data-confirm=(words.portal.rotate_sure) { (words.portal.rotate) }
                                    }
                                    form method="post" action=(fill(KEY_REVOKE, &[key.api_key_id.as_str()])) {
                                        (form_token(&self.visitor.form_token))
                                        button.quiet type="submit" data-confirm=(words.revoke_sure) { (words.revoke) }
                                    }
                                }
                            }
                        }
                    }
                }
            } }
        }
    }
}

fn expiry(words: &Words, at: Option<DateTime<Utc>>) -> Markup {
    at.map_or_else(|| html! { "–" }, |at| moment(words, at))
}

fn optional(words: &Words, word: &str, name: &str, mode: &str) -> Markup {
    html! { label { span { (word) " " span.soft { "(" (words.optional) ")" } } input type="text" name=(name) inputmode=(mode) autocomplete="off"; } }
}
