//! Those whom we buy from: a list with what of it works, and a page for each with its settings, its pause and a test.

use maud::{Markup, html};

use super::shell::{ConsolePage, Operator};
use crate::{
    icons,
    page::{Look, form_token},
    paths::{
        CONSOLE_PROVIDER, CONSOLE_PROVIDER_PAUSE, CONSOLE_PROVIDER_RESUME, CONSOLE_PROVIDER_TEST, CONSOLE_PROVIDERS,
        PROVIDER_KEYS, fill, with_query,
    },
    words::console::providers::Providers,
};

/// A provider.
#[derive(Clone, Debug, Default)]
pub struct ProviderRow {
    /// `prv_…`
    pub id: String,
    /// Its name in the catalog.
    pub name: String,
    /// Which adapter speaks to it.
    pub adapter: String,
    /// What stands before every path.
    pub base_url: String,
    /// How many failures in a row disable a key.
    pub failures_to_disable: String,
    /// Why it gets nothing new, if so.
    pub paused: Option<String>,
    /// How many keys are used, and how many there are that were not revoked.
    pub keys: (usize, usize),
    /// How many models have a route to it.
    pub models: usize,
    /// Of the last calls, how many were answered, and how many they were.
    pub answered: (u32, u32),
}

/// What became of what was asked for.
#[derive(Clone, Debug)]
pub struct Said {
    /// Whether it went well.
    pub well: bool,
    /// In words.
    pub text: String,
}

/// The list, with the form for a new one.
#[derive(Debug)]
pub struct ProvidersPage<'a> {
    /// How it looks.
    pub look: &'a Look,
    /// Who looks.
    pub operator: &'a Operator,
    /// All providers.
    pub providers: &'a [ProviderRow],
    /// The kinds of adapters.
    pub adapters: &'a [&'static str],
    /// What was typed for a new one, when something was wrong with it.
    pub typed: &'a ProviderRow,
    /// What was wrong.
    pub failure: Option<&'a str>,
}

/// One provider.
#[derive(Debug)]
pub struct ProviderPage<'a> {
    /// How it looks.
    pub look: &'a Look,
    /// Who looks.
    pub operator: &'a Operator,
    /// The provider, with what was typed where something was wrong with it.
    pub provider: &'a ProviderRow,
    /// The kinds of adapters.
    pub adapters: &'a [&'static str],
    /// What became of what was asked for just now.
    pub said: Option<&'a Said>,
}

impl ProvidersPage<'_> {
    /// The page.
    #[must_use]
    pub fn render(&self) -> Markup {
        let words = self.look.words.console.providers;
        let title = self.look.words.console.frame.providers;
        let content = html! {
            h1 { (title) }
            section.card {
                @if self.providers.is_empty() { div.empty { p { (words.none) } } } @else { (self.table()) }
            }
            @if self.operator.may_act { (self.add()) }
        };
        ConsolePage { look: self.look, operator: self.operator, title, content }.render()
    }

    fn table(&self) -> Markup {
        let words = self.look.words.console.providers;
        html! {
            div.scroll tabindex="0" role="region" aria-label=(self.look.words.console.frame.providers) { table.dense {
                thead { tr {
                    th scope="col" { (words.name) } th scope="col" { (words.state) } th scope="col" { (words.adapter) }
                    th scope="col" { (words.base_url) } th.num scope="col" { (words.keys) } th.num scope="col" { (words.models) }
                    th.num scope="col" { (words.answered) }
                } }
                tbody { @for one in self.providers { tr {
                    th scope="row" { a href=(fill(CONSOLE_PROVIDER, &[&one.id])) { (one.name) } }
                    td { (state(words, one)) }
                    td { (one.adapter) }
                    td { span.id.long { (one.base_url) } }
                    td.num { a href=(with_query(PROVIDER_KEYS, &[("provider", &one.name)])) { (one.keys.0) "/" (one.keys.1) } }
                    td.num { (one.models) }
                    td.num { (share(one.answered)) }
                } } }
            } }
        }
    }

    fn add(&self) -> Markup {
        let words = self.look.words.console.providers;
        html! {
            details.card.add #add open[self.failure.is_some()] {
                summary { (words.add) }
                div.pad {
                    @if let Some(failure) = self.failure { p.note role="alert" tabindex="-1" data-focus { (failure) } }
                    form.inline method="post" action=(CONSOLE_PROVIDERS) {
                        (form_token(&self.operator.form_token))
                        label { span { (words.name) } input type="text" name="name" required maxlength="200" pattern="[a-z0-9._\\-]+" value=(self.typed.name); }
                        (settings(words, self.adapters, self.typed))
                        button type="submit" { (words.add) }
                    }
                }
            }
        }
    }
}

impl ProviderPage<'_> {
    /// The page.
    #[must_use]
    pub fn render(&self) -> Markup {
        let (words, one) = (self.look.words.console.providers, self.provider);
        let content = html! {
            p.crumb { a href=(CONSOLE_PROVIDERS) { (self.look.words.console.frame.providers) } }
            h1 { (one.name) }
            p.soft { (one.adapter) " · " span.id { (one.base_url) } " · " span.id { (one.id) } }
            @if let Some(said) = self.said {
                @if said.well { p.note.well role="status" { (icons::done()) " " (said.text) } }
                @else { p.note role="alert" tabindex="-1" data-focus { (said.text) } }
            }
            section.card { dl.sums.many {
                div { dt { (words.state) } dd { (state(words, one)) } }
                div { dt { (words.keys) } dd { a href=(with_query(PROVIDER_KEYS, &[("provider", &one.name)])) { (one.keys.0) "/" (one.keys.1) } } }
                div { dt { (words.models) } dd { (one.models) } }
                div { dt { (words.answered) } dd { (share(one.answered)) } }
            } }
            @if self.operator.may_act { (self.actions()) }
        };
        ConsolePage { look: self.look, operator: self.operator, title: &one.name, content }.render()
    }

    fn actions(&self) -> Markup {
        let (words, one) = (self.look.words.console.providers, self.provider);
        let form = |pattern: &str, content: Markup| {
            html! { form.inline method="post" action=(fill(pattern, &[&one.id])) { (form_token(&self.operator.form_token)) (content) } }
        };
        let change = html! { (settings(words, self.adapters, one)) button.quiet type="submit" { (words.change) } };
        let pause = html! {
            label { span { (words.reason) } input type="text" name="reason" required maxlength="200"; }
            button.quiet type="submit" { (words.pause) }
        };
        html! {
            section.card aria-labelledby="actions" {
                header { h2 #actions { (words.settings) } }
                div.pad.stack {
                    (form(CONSOLE_PROVIDER, change))
                    @if one.paused.is_some() { (form(CONSOLE_PROVIDER_RESUME, html! { button.quiet type="submit" { (words.resume) } })) }
                    @else { (form(CONSOLE_PROVIDER_PAUSE, pause)) }
                    (form(CONSOLE_PROVIDER_TEST, html! { button.quiet type="submit" title=(words.test_hint) { (words.test) } }))
                }
            }
        }
    }
}

/// What a provider's forms have in common.
fn settings(words: &Providers, adapters: &[&str], one: &ProviderRow) -> Markup {
    html! {
        label { span { (words.adapter) }
            select name="adapter" { @for kind in adapters { option value=(kind) selected[*kind == one.adapter] { (kind) } } }
        }
        label.wide { span { (words.base_url) } input type="url" name="base_url" required maxlength="500" value=(one.base_url); }
        label { span { (words.failures_to_disable) } input type="number" name="failures_to_disable" min="1" max="1000" value=(one.failures_to_disable); }
    }
}

pub(super) fn state(words: &Providers, one: &ProviderRow) -> Markup {
    html! {
        @match (&one.paused, one.keys) {
            (Some(reason), _) => { span.state.warn { (icons::stopped()) (words.paused) } " " span.soft { (reason) } }
            (None, (0, _)) => span.state.bad { (icons::failed()) (words.no_key) },
            (None, _) => span.state.good { (icons::done()) (words.works) },
        }
    }
}

fn share((answered, all): (u32, u32)) -> Markup {
    html! { @if all == 0 { span.soft { "–" } } @else { (u64::from(answered) * 100 / u64::from(all)) "\u{a0}%" } }
}
