//! The market: every model that can be called, with facets that live in the URL.

use std::collections::BTreeMap;

use domain::capability::{Capability, CapabilityKind};
use maud::{Markup, html};

use crate::{
    page::{Look, Page, Visitor},
    parts::price,
    paths::{MARKET, MODEL, fill, with_query},
    words::Words,
};

/// A model on offer.
#[derive(Clone, Debug)]
pub struct Offer<'a> {
    /// Its public name.
    pub name: &'a str,
    /// What it is called.
    pub display_name: &'a str,
    /// Whose it is.
    pub provider: &'a str,
    /// What it is good for.
    pub description: &'a str,
    /// What it does.
    pub capabilities: Vec<&'a Capability>,
    /// When it goes, if that is known.
    pub sunset: Option<String>,
}

/// What of the market is asked for.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Words that name or description hold.
    pub query: String,
    /// A capability's name.
    pub capability: String,
    /// A provider's name.
    pub provider: String,
}

impl Filter {
    fn pairs<'a>(&'a self, over: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
        let own = [("q", &*self.query), ("cap", &*self.capability), ("provider", &*self.provider)];
        let new = |name: &str| over.iter().find(|(other, _)| *other == name).map(|(_, value)| *value);
        own.into_iter().map(|(name, value)| (name, new(name).unwrap_or(value))).collect()
    }

    fn holds(&self, offer: &Offer<'_>) -> bool {
        let capable = self.capability.is_empty()
            || offer.capabilities.iter().any(|capability| capability.kind.name() == self.capability);
        let provided = self.provider.is_empty() || offer.provider == self.provider;
        let text =
            format!("{} {} {} {}", offer.name, offer.display_name, offer.description, offer.provider).to_lowercase();
        capable && provided && self.query.to_lowercase().split_whitespace().all(|word| text.contains(word))
    }
}

/// The page.
#[must_use]
pub fn market(look: &Look, visitor: Option<&Visitor>, offers: &[Offer<'_>], filter: &Filter) -> Markup {
    let words = look.words;
    let found: Vec<_> = offers.iter().filter(|offer| filter.holds(offer)).collect();
    let content = html! {
        h1 { (words.market) }
        div.market {
            (facets(words, offers, filter))
            div {
                p.soft role="status" { (found.len()) " " (words.models_found) }
                @if found.is_empty() { (nothing(words, filter)) }
                ul.offers { @for offer in found { (card(words, offer)) } }
            }
        }
    };
    Page { look, title: words.market, visitor, narrow: false, content }.render()
}

fn facets(words: &Words, offers: &[Offer<'_>], filter: &Filter) -> Markup {
    let mut providers: BTreeMap<&str, usize> = BTreeMap::new();
    let mut kinds: BTreeMap<CapabilityKind, usize> = BTreeMap::new();
    for offer in offers {
        *providers.entry(offer.provider).or_default() += 1;
        for capability in &offer.capabilities {
            *kinds.entry(capability.kind).or_default() += 1;
        }
    }
    let kinds = kinds.into_iter().map(|(kind, count)| (kind.name(), words.capability_name(kind), count));
    let providers = providers.into_iter().map(|(name, count)| (name, name, count));
    html! {
        aside.facets {
            form method="get" action=(MARKET) role="search" {
                input type="hidden" name="cap" value=(filter.capability);
                input type="hidden" name="provider" value=(filter.provider);
                label { span { (words.search) } input type="search" name="q" value=(filter.query) data-search; }
                button.quiet type="submit" { (words.search) }
            }
            (facet(words.capability, "cap", kinds.collect(), filter, &filter.capability))
            (facet(words.provider, "provider", providers.collect(), filter, &filter.provider))
        }
    }
}

fn facet(title: &str, name: &'static str, values: Vec<(&str, &str, usize)>, filter: &Filter, chosen: &str) -> Markup {
    html! {
        section {
            h2 { (title) }
            ul {
                @for (value, word, count) in values {
                    @let on = value == chosen;
                    @let target = if on { "" } else { value };
                    li {
                        a href=(with_query(MARKET, &filter.pairs(&[(name, target)]))) aria-current=[on.then_some("true")] {
                            span { (word) } span.soft { (count) }
                        }
                    }
                }
            }
        }
    }
}

/// Nothing was found: which filter to drop.
fn nothing(words: &Words, filter: &Filter) -> Markup {
    let set = [("q", &filter.query), ("cap", &filter.capability), ("provider", &filter.provider)];
    html! {
        div.card { div.empty {
            p { (words.nothing_found) }
            p {
                @for (name, value) in set.iter().filter(|(_, value)| !value.is_empty()) {
                    a.button.quiet href=(with_query(MARKET, &filter.pairs(&[(name, "")]))) { (words.without) " “" (value) "”" } " "
                }
                a.button.quiet href=(MARKET) { (words.clear_all) }
            }
        } }
    }
}

fn card(words: &Words, offer: &Offer<'_>) -> Markup {
    let price = offer.capabilities.iter().find_map(|capability| price::sentence(words, &capability.pricing));
    html! {
        li.offer {
            h2 { a href=(fill(MODEL, &[offer.name])) { (offer.display_name) } }
            p.soft { (offer.provider) " · " span.id { (offer.name) } }
            p { (offer.description) }
            p.badges { @for capability in &offer.capabilities { span.badge { (words.capability_name(capability.kind)) } } }
            @if let Some(sunset) = &offer.sunset { p.warned { (words.goes_on) " " (sunset) } }
            @if let Some(price) = price { p.price { (price) } }
        }
    }
}
