//! The models of the catalog: what each can do, and whether it can be called.

use chrono::{DateTime, Utc};
use domain::capability::CapabilityKind;
use maud::{Markup, html};

use crate::{
    console::shell::{ConsolePage, Operator},
    figures::moment,
    icons,
    page::Look,
    parts::pager::pager,
    paths::{
        CATALOG_EXPORT, CONSOLE_CAPABILITY, CONSOLE_IMPORT, CONSOLE_MODEL, CONSOLE_MODELS, CONSOLE_NEW_MODEL, fill,
    },
    words::Words,
};

/// Where a model stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModelState {
    /// It can be called.
    Active,
    /// It can be called, and something of it is to go.
    Deprecated,
    /// It is enabled, and nothing of it can be called.
    Empty,
    /// It is disabled.
    Disabled,
}

impl ModelState {
    /// All of them, in the order of their words.
    pub const ALL: [Self; 4] = [Self::Active, Self::Deprecated, Self::Empty, Self::Disabled];

    /// Its name in the URL.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Deprecated => "deprecated",
            Self::Empty => "empty",
            Self::Disabled => "disabled",
        }
    }

    /// What it is called.
    #[must_use]
    pub fn word(self, words: &Words) -> &'static str {
        let place = Self::ALL.iter().position(|known| *known == self);
        place.map_or("", |place| words.console.models.states[place])
    }

    /// A sign, a colour and a word.
    #[must_use]
    pub fn chip(self, words: &Words) -> Markup {
        let (class, icon) = match self {
            Self::Active => ("good", icons::done()),
            Self::Deprecated => ("warn", icons::waiting()),
            Self::Empty => ("bad", icons::failed()),
            Self::Disabled => ("", icons::stopped()),
        };
        html! { span class={ "state " (class) } { (icon) (self.word(words)) } }
    }
}

/// A model in the list.
#[derive(Clone, Debug)]
pub struct ModelLine {
    /// Its public name.
    pub name: String,
    /// What it is called.
    pub display_name: String,
    /// Whose it is.
    pub provider: String,
    /// Where it stands.
    pub state: ModelState,
    /// What it can do.
    pub capabilities: Vec<CapabilityLine>,
    /// When it came into the catalog.
    pub registered_at: DateTime<Utc>,
}

/// Something that a model can do.
#[derive(Clone, Debug)]
pub struct CapabilityLine {
    /// What.
    pub kind: CapabilityKind,
    /// Its version.
    pub version: u32,
    /// Why it can't be called, if so.
    pub uncallable: Option<String>,
    /// Until when it can be called, if it is to go: a day.
    pub sunset: Option<String>,
    /// Whether it was taken out of the catalog.
    pub retired: bool,
}

/// Which models, and in which order.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Words that name or texts hold.
    pub query: String,
    /// A provider's name.
    pub provider: String,
    /// A capability's name.
    pub capability: String,
    /// A state's name.
    pub state: String,
    /// `newest`, or by name.
    pub order: String,
}

impl Filter {
    /// As a query's pairs.
    #[must_use]
    pub fn pairs(&self) -> [(&str, &str); 5] {
        let Self { query, provider, capability, state, order } = self;
        [("q", query), ("provider", provider), ("cap", capability), ("state", state), ("order", order)]
    }

    /// Whether a model is asked for.
    #[must_use]
    pub fn holds(&self, model: &ModelLine) -> bool {
        let any = |wanted: &str, is: bool| wanted.is_empty() || is;
        let text = format!("{} {} {}", model.name, model.display_name, model.provider).to_lowercase();
        any(&self.provider, model.provider == self.provider)
            && any(&self.state, model.state.name() == self.state)
            && any(&self.capability, model.capabilities.iter().any(|one| one.kind.name() == self.capability))
            && self.query.to_lowercase().split_whitespace().all(|word| text.contains(word))
    }
}

/// The page of the models.
#[derive(Debug)]
pub struct ModelsPage<'a> {
    /// How it looks.
    pub look: &'a Look,
    /// Who looks.
    pub operator: &'a Operator,
    /// Which models.
    pub filter: &'a Filter,
    /// Every provider of the catalog.
    pub providers: &'a [String],
    /// The models of this page.
    pub models: &'a [ModelLine],
    /// How many there are on all pages.
    pub found: usize,
    /// The model that this page begins after.
    pub after: Option<&'a str>,
    /// The model that the next page begins after.
    pub next: Option<&'a str>,
}

impl ModelsPage<'_> {
    /// The page.
    #[must_use]
    pub fn render(&self) -> Markup {
        let words = self.look.words;
        let ours = words.console.models;
        let content = html! {
            div.titled {
                h1 { (words.console.frame.models) }
                p.actions {
                    @if self.operator.may_act {
                        a.button href=(CONSOLE_NEW_MODEL) { (ours.new_model) }
                        a.button.quiet href=(CONSOLE_IMPORT) { (ours.import) }
                    }
                    a.button.quiet href=(CATALOG_EXPORT) download="catalog.json" { (ours.export) }
                }
            }
            (self.filters())
            p.soft role="status" { (self.found) " " (ours.found) }
            section.card {
                @if self.models.is_empty() { (self.nothing()) } @else { (self.table()) }
            }
            (pager(words, CONSOLE_MODELS, &self.filter.pairs(), self.after, self.next))
        };
        ConsolePage { look: self.look, operator: self.operator, title: words.console.frame.models, content }.render()
    }

    fn nothing(&self) -> Markup {
        let words = self.look.words;
        let filtered = self.filter.pairs().iter().any(|(_, value)| !value.is_empty());
        html! {
            div.empty {
                @if filtered { p { (words.nothing_found) } p { a.button.quiet href=(CONSOLE_MODELS) { (words.clear_all) } } }
                @else { p { (words.console.models.none) } }
            }
        }
    }

    fn filters(&self) -> Markup {
        let (words, ours, filter) = (self.look.words, self.look.words.console.models, self.filter);
        let option =
            |value: &str, word: &str, chosen: &str| html! { option value=(value) selected[value == chosen] { (word) } };
        html! {
            form.filters method="get" action=(CONSOLE_MODELS) role="search" {
                label { span { (words.search) } input type="search" name="q" value=(filter.query) data-search; }
                label { span { (words.provider) }
                    select name="provider" {
                        (option("", words.all, &filter.provider))
                        @for provider in self.providers { (option(provider, provider, &filter.provider)) }
                    }
                }
                label { span { (words.capability) }
                    select name="cap" {
                        (option("", words.all, &filter.capability))
                        @for kind in CapabilityKind::ALL { (option(kind.name(), words.capability_name(kind), &filter.capability)) }
                    }
                }
                label { span { (words.status) }
                    select name="state" {
                        (option("", ours.any_state, &filter.state))
                        @for state in ModelState::ALL { (option(state.name(), state.word(words), &filter.state)) }
                    }
                }
                label { span { (ours.order) }
                    select name="order" { (option("", ours.by_name, &filter.order)) (option("newest", ours.newest, &filter.order)) }
                }
                button.quiet type="submit" { (words.filter) }
                @if filter.pairs().iter().any(|(_, value)| !value.is_empty()) { a.button.quiet href=(CONSOLE_MODELS) { (words.clear_all) } }
            }
        }
    }

    fn table(&self) -> Markup {
        let (words, ours) = (self.look.words, self.look.words.console.models);
        html! {
            div.scroll { table.rows {
                thead { tr {
                    th scope="col" { (words.model) } th scope="col" { (words.status) } th scope="col" { (words.provider) }
                    th scope="col" { (ours.capabilities) } th scope="col" { (ours.registered) }
                } }
                tbody {
                    @for model in self.models {
                        tr {
                            th scope="row" { a href=(fill(CONSOLE_MODEL, &[&model.name])) { (model.display_name) } " " span.id.soft.long { (model.name) } }
                            td { (model.state.chip(words)) }
                            td { (model.provider) }
                            td { @for one in &model.capabilities { (badge(words, &model.name, one)) } }
                            td.when { (moment(words, model.registered_at)) }
                        }
                    }
                }
            } }
        }
    }
}

/// A capability in a few words, as a link to its editor.
#[must_use]
pub fn badge(words: &Words, model: &str, one: &CapabilityLine) -> Markup {
    let sunset = one.sunset.as_ref().map(|day| format!("{} {day}", words.console.models.ends));
    let title = one.uncallable.as_ref().or(sunset.as_ref());
    let class = if one.uncallable.is_some() || one.retired { "state bad" } else { "state warn" };
    html! {
        a.badge href=(fill(CONSOLE_CAPABILITY, &[model, one.kind.name()])) title=[title] {
            (words.capability_name(one.kind)) " " span.soft { "v" (one.version) }
            @if title.is_some() {
                " " span class=(class) { @if one.uncallable.is_some() { (icons::failed()) } @else { (icons::waiting()) } }
                span.visually-hidden { (title.map_or("", String::as_str)) }
            }
        }
    }
}
