//! One key: how it does with each model, what may be done to it, and all that happened to it, by whom.

use chrono::{DateTime, Utc};
use maud::{Markup, html};

use super::{KeyRow, KeyState, Unwell, reason, share, state};
use crate::{
    console::{
        meter::meter,
        shell::{ConsolePage, Operator},
    },
    figures::moment_exact,
    icons,
    page::{Look, form_token},
    paths::{
        PROVIDER_KEY_CHANGE, PROVIDER_KEY_DISABLE, PROVIDER_KEY_ENABLE, PROVIDER_KEY_REVOKE, PROVIDER_KEY_TEST,
        PROVIDER_KEYS, fill,
    },
};

/// Something that happened to a key.
#[derive(Clone, Debug)]
pub struct Happened {
    /// When the log took it.
    pub at: DateTime<Utc>,
    /// Its event's name.
    pub event: &'static str,
    /// The provider's model, where it is about one.
    pub model: Option<String>,
    /// Why, or what was set.
    pub what: String,
    /// Whether a rule did it; else the actor.
    pub actor: Option<String>,
}

/// What became of what was asked for.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Whether it went well.
    pub well: bool,
    /// In words.
    pub text: String,
}

/// The page of a key.
#[derive(Debug)]
pub struct KeyPage<'a> {
    /// How it looks.
    pub look: &'a Look,
    /// Who looks.
    pub operator: &'a Operator,
    /// The key.
    pub key: &'a KeyRow,
    /// All that happened to it, the newest first.
    pub history: &'a [Happened],
    /// What became of what was asked for just now.
    pub outcome: Option<&'a Outcome>,
}

impl KeyPage<'_> {
    /// The page.
    #[must_use]
    pub fn render(&self) -> Markup {
        let (words, key) = (self.look.words.console.keys, self.key);
        let content = html! {
            p.crumb { a href=(PROVIDER_KEYS) { (self.look.words.console.frame.provider_keys) } }
            h1 { (key.label) }
            p.soft { (key.provider) " · " span.id { (key.fingerprint) } " · " span.id { (key.id) }
                @if let Some(account) = &key.account { " · " (words.account) " " (account) } }
            @if let Some(outcome) = self.outcome { (self.outcome(outcome)) }
            section.card { dl.sums.many {
                div { dt { (words.state_word) } dd { (state(words, key.state)) } }
                div { dt { (words.under_way) } dd { (meter(words.no_limit, key.under_way)) } }
                div { dt { (words.a_second) } dd { (meter(words.no_limit, key.second)) } }
                div { dt { (words.a_minute) } dd { (meter(words.no_limit, key.minute)) } }
                div { dt { (words.weight) } dd { (key.weight) } }
                div { dt title=(words.answered_hint) { (words.answered) } dd { (share(key.answered)) } }
            } }
            @if !key.unwell.is_empty() { (self.unwell()) }
            @if self.operator.may_act && key.state != KeyState::Revoked { (self.actions()) }
            (self.history())
        };
        ConsolePage { look: self.look, operator: self.operator, title: &key.label, content }.render()
    }

    fn outcome(&self, outcome: &Outcome) -> Markup {
        html! {
            @if outcome.well { p.note.well role="status" { (icons::done()) " " (outcome.text) } }
            @else { p.note role="alert" tabindex="-1" data-focus { (outcome.text) } }
        }
    }

    fn form(&self, pattern: &str, content: &Markup) -> Markup {
        html! {
            form.inline method="post" action=(fill(pattern, &[&self.key.id])) {
                (form_token(&self.operator.form_token)) (content)
            }
        }
    }

    fn unwell(&self) -> Markup {
        let words = self.look.words.console.keys;
        html! {
            section.card aria-labelledby="unwell" {
                header { h2 #unwell { (words.why) } }
                div.scroll { table {
                    thead { tr { th scope="col" { (words.model) } th scope="col" { (words.state_word) } th scope="col" { (words.why) } th scope="col" { (words.by) } th {} } }
                    tbody { @for unwell in &self.key.unwell { tr {
                        th scope="row" { (unwell.model.as_deref().unwrap_or(words.all_models)) }
                        td { (state(words, if unwell.disabled { KeyState::Disabled } else { KeyState::Cooling })) }
                        td { (reason(self.look.words, unwell)) }
                        td { (if unwell.automatic { words.a_rule } else { words.an_admin }) }
                        td { @if self.operator.may_act && self.key.state != KeyState::Revoked { (self.undo(unwell)) } }
                    } } }
                } }
            }
        }
    }

    fn undo(&self, unwell: &Unwell) -> Markup {
        let words = self.look.words.console.keys;
        let word = if unwell.disabled { words.enable } else { words.reset };
        self.form(
            PROVIDER_KEY_ENABLE,
            &html! {
                @if let Some(model) = &unwell.model { input type="hidden" name="model" value=(model); }
                button.quiet type="submit" { (word) }
            },
        )
    }

    fn actions(&self) -> Markup {
        let (words, key) = (self.look.words.console.keys, self.key);
        let limit = |taken: super::Taken| taken.limit.map(|limit| limit.to_string()).unwrap_or_default();
        let change = html! {
            label { span { (words.weight) } input type="number" name="weight" min="0" required value=(key.weight); }
            label { span { (words.at_once) } input type="number" name="at_once" min="1" value=(limit(key.under_way)); }
            label { span { (words.a_second) } input type="number" name="a_second" min="1" value=(limit(key.second)); }
            label { span { (words.a_minute) } input type="number" name="a_minute" min="1" value=(limit(key.minute)); }
            label { span { (words.account) } input type="text" name="account" maxlength="200" value=(key.account.as_deref().unwrap_or_default()); }
            button.quiet type="submit" { (words.change) }
        };
        let disable = html! {
            label { span { (words.reason) } input type="text" name="reason" required maxlength="200"; }
            button.quiet type="submit" { (words.disable) }
        };
        let whole = key.unwell.iter().any(|unwell| unwell.disabled && unwell.model.is_none());
        html! {
            section.card aria-labelledby="actions" {
                header { h2 #actions { (words.actions) } }
                div.pad.stack {
                    (self.form(PROVIDER_KEY_CHANGE, &change))
                    @if !whole { (self.form(PROVIDER_KEY_DISABLE, &disable)) }
                    div.actions {
                        (self.form(PROVIDER_KEY_TEST, &html! { button.quiet type="submit" title=(words.test_hint) { (words.test) } }))
                        (self.form(PROVIDER_KEY_REVOKE, &html! { button.quiet.danger type="submit" data-confirm=(words.revoke_sure) { (words.revoke) } }))
                    }
                }
            }
        }
    }

    fn history(&self) -> Markup {
        let words = self.look.words.console.keys;
        html! {
            section.card aria-labelledby="history" {
                header { h2 #history { (words.history) } span.soft { (words.history_hint) } }
                div.scroll { table {
                    thead { tr { th scope="col" { (self.look.words.time) } th scope="col" { (words.happened) } th scope="col" { (words.model) } th scope="col" { (words.why) } th scope="col" { (words.by) } } }
                    tbody { @for one in self.history { tr {
                        td.when { (moment_exact(self.look.words, one.at)) }
                        td { (words.event(one.event)) }
                        td { (one.model.as_deref().unwrap_or_default()) }
                        td { (one.what) }
                        td { @match &one.actor { Some(actor) => span.id { (actor) }, None => (words.a_rule) } }
                    } } }
                } }
            }
        }
    }
}
