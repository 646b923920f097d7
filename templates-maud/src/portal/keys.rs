//! The API keys of a tenant: issued, shown once, ended.

use chrono::{DateTime, Utc};
use domain::{Credits, tenant::ApiKey};
use maud::{Markup, html};

use crate::{
    figures::{moment, short_amount},
    page::{Look, Page, Visitor, form_token},
    parts::snippet::snippet,
    paths::{KEY_REVOKE, KEYS, QUICKSTART, fill},
    words::Words,
};

/// The page of the keys.
#[derive(Debug)]
pub struct KeysPage<'a> {
    /// How it looks.
    pub look: &'a Look,
    /// Who looks.
    pub visitor: &'a Visitor,
    /// The keys that may still be used, the oldest first.
    pub keys: &'a [ApiKey],
    /// What each key spent in the last thirty days, in micro-credits, in their order.
    pub spent: &'a [i64],
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
            h1 { (words.keys) }
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
        };
        Page { look: self.look, title: words.keys, visitor: Some(self.visitor), narrow: false, content }.render()
    }

    fn new_key(&self) -> Markup {
        let words = self.look.words;
        html! {
            section.card { div.pad {
                @if let Some(failure) = self.failure { p.note role="alert" { (failure) } }
                form.inline method="post" action=(KEYS) {
                    (form_token(&self.visitor.form_token))
                    label { span { (words.key_name) } input type="text" name="name" required maxlength="100" autocomplete="off"; }
                    label { span { (words.key_budget) " " span.soft { "(" (words.optional) ")" } } input type="text" name="budget" inputmode="decimal" autocomplete="off"; }
                    label { span { (words.key_rpm) " " span.soft { "(" (words.optional) ")" } } input type="number" name="requests_per_minute" min="1"; }
                    button type="submit" { (words.create_key) }
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
                    th.num scope="col" { (words.key_budget) } th scope="col" { (words.expires) } th scope="col" { span.visually-hidden { (words.actions) } }
                } }
                tbody {
                    @for (key, spent) in self.keys.iter().zip(self.spent) {
                        tr {
                            td { (key.name) @if !key.models.is_empty() { " " span.soft { (key.models.join(", ")) } } }
                            td { span.id { (key.prefix) "…" } }
                            td.num.amount data-label=(words.spent_30) { (short_amount(*spent)) }
                            td.num.amount data-label=(words.key_budget) { (key.budget.map_or_else(|| "–".to_owned(), |budget: Credits| short_amount(budget.micro()))) }
                            td.when data-label=(words.expires) { (expiry(words, key.expires_at)) }
                            td {
                                @if self.owner {
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
