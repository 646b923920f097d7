//! The form for new keys: one a line, so that one and many are the same. What was typed stays; secrets never come back.

use maud::{Markup, html};

use crate::{
    console::shell::Operator,
    page::form_token,
    paths::{PROVIDER_KEY, PROVIDER_KEYS, fill},
    words::console::keys::Keys,
};

/// What became of one line.
#[derive(Clone, Debug)]
pub struct Added {
    /// Its number among the lines, from one.
    pub line: usize,
    /// The key it is now, and whether it is new.
    pub key: Result<(String, bool), String>,
}

/// The form, with what was typed and what became of it.
#[derive(Clone, Debug, Default)]
pub struct AddKeys {
    /// The provider's name.
    pub provider: String,
    /// What the keys are called; numbered when they are many.
    pub label: String,
    /// The account that pays for them.
    pub account: String,
    /// Their share.
    pub weight: String,
    /// Calls a second.
    pub a_second: String,
    /// Calls a minute.
    pub a_minute: String,
    /// Calls at once.
    pub at_once: String,
    /// What was wrong with the form.
    pub failure: Option<String>,
    /// What became of each line.
    pub added: Vec<Added>,
}

impl AddKeys {
    /// The form.
    pub(super) fn form(&self, words: &Keys, operator: &Operator, providers: &[String]) -> Markup {
        let open = self.failure.is_some() || !self.added.is_empty();
        html! {
            details.card.add #add open[open] {
                summary { (words.add) }
                div.pad {
                    @if let Some(failure) = &self.failure { p.note role="alert" tabindex="-1" data-focus { (failure) } }
                    (self.results(words))
                    form.stack method="post" action=(PROVIDER_KEYS) autocomplete="off" {
                        (form_token(&operator.form_token))
                        div.inline {
                            label { span { (words.provider) }
                                select name="provider" required { @for name in providers { option value=(name) selected[*name == self.provider] { (name) } } }
                            }
                            (text("label", words.label, &self.label, true))
                            (text("account", words.account, &self.account, false))
                            (number("weight", words.weight, &self.weight))
                            (number("at_once", words.at_once, &self.at_once))
                            (number("a_second", words.a_second, &self.a_second))
                            (number("a_minute", words.a_minute, &self.a_minute))
                        }
                        label { span { (words.secrets) " " span.soft { (words.secrets_hint) } }
                            textarea.code name="secrets" rows="4" required spellcheck="false" autocomplete="off" {}
                        }
                        div { button type="submit" { (words.add) } }
                    }
                }
            }
        }
    }

    fn results(&self, words: &Keys) -> Markup {
        html! {
            @if !self.added.is_empty() {
                ul.results role="status" {
                    @for Added { line, key } in &self.added {
                        li { (words.line) " " (line) ": " @match key {
                            Ok((id, new)) => { (if *new { words.was_added } else { words.was_there }) " " a.id href=(fill(PROVIDER_KEY, &[id])) { (id) } }
                            Err(why) => span.wrong { (why) },
                        } }
                    }
                }
            }
        }
    }
}

fn text(name: &str, word: &str, value: &str, required: bool) -> Markup {
    html! { label { span { (word) } input type="text" name=(name) value=(value) required[required] maxlength="200"; } }
}

fn number(name: &str, word: &str, value: &str) -> Markup {
    html! { label { span { (word) } input type="number" name=(name) value=(value) min="0" inputmode="numeric"; } }
}
