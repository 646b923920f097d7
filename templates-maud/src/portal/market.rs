//! The market: every model that can be called, with facets that live in the URL.

use std::collections::BTreeMap;

use domain::capability::{Capability, CapabilityKind};
use maud::{Markup, html};

use super::about::Pulse;
use crate::{
    page::{Look, Page, Visitor},
    parts::{pager::pager, price},
    paths::{MARKET, MODEL, fill, with_query},
    words::Words,
};

/// How many offers stand on a page.
const OFFERS_A_PAGE: usize = 60;

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
    /// How its capabilities did in the last day, together.
    pub pulse: Pulse,
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
    /// The order.
    pub sort: Sort,
    /// How many offers stand on the pages before.
    pub after: usize,
}

/// The order of offers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// By what they are called.
    #[default]
    Name,
    /// The lowest rate first.
    Price,
}

impl Sort {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Name, Self::Price];

    /// Its name in the URL; the usual one has none.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Name => "",
            Self::Price => "price",
        }
    }

    /// The order of a name, or the usual one.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self::ALL.into_iter().find(|sort| sort.name() == name).unwrap_or_default()
    }
}

impl Filter {
    fn pairs<'a>(&'a self, over: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
        let own = [
            ("q", &*self.query),
            ("cap", &*self.capability),
            ("provider", &*self.provider),
            ("sort", self.sort.name()),
        ];
        let new = |name: &str| over.iter().find(|(other, _)| *other == name).map(|(_, value)| *value);
        own.into_iter().map(|(name, value)| (name, new(name).unwrap_or(value))).collect()
    }

    fn holds(&self, offer: &Offer<'_>) -> bool {
        self.holds_but(offer, "")
    }

    /// Whether an offer is asked for, were it not for one of the filters.
    fn holds_but(&self, offer: &Offer<'_>, dropped: &str) -> bool {
        let capable = self.capability.is_empty()
            || dropped == "cap"
            || offer.capabilities.iter().any(|capability| capability.kind.name() == self.capability);
        let provided = self.provider.is_empty() || dropped == "provider" || offer.provider == self.provider;
        let text =
            format!("{} {} {} {}", offer.name, offer.display_name, offer.description, offer.provider).to_lowercase();
        capable
            && provided
            && (dropped == "q" || self.query.to_lowercase().split_whitespace().all(|word| text.contains(word)))
    }
}

/// The page.
#[must_use]
pub fn market(look: &Look, visitor: Option<&Visitor>, offers: &[Offer<'_>], filter: &Filter) -> Markup {
    let words = look.words;
    let mut found: Vec<_> = offers.iter().filter(|offer| filter.holds(offer)).collect();
    match filter.sort {
        Sort::Name => found.sort_by_key(|offer| offer.display_name.to_lowercase()),
        Sort::Price => {
            found.sort_by_key(|offer| offer.capabilities.iter().filter_map(|one| price::lowest(&one.pricing)).min())
        }
    }
    let shown: Vec<_> = found.iter().skip(filter.after).take(OFFERS_A_PAGE).collect();
    let next = (found.len() > filter.after + OFFERS_A_PAGE).then(|| (filter.after + OFFERS_A_PAGE).to_string());
    let after = (filter.after > 0).then(|| filter.after.to_string());
    let content = html! {
        h1 { (words.market) }
        div.market {
            (facets(words, offers, filter))
            div {
                div.found {
                    p.soft role="status" { (found.len()) " " (words.models_found) }
                    (orders(words, filter))
                }
                @if found.is_empty() { (nothing(words, offers, filter)) }
                ul.offers { @for offer in shown { (card(words, offer)) } }
                (pager(words, MARKET, &filter.pairs(&[]), after.as_deref(), next.as_deref()))
            }
        }
    };
    Page { look, title: words.market, visitor, narrow: false, content }.render()
}

fn facets(words: &Words, offers: &[Offer<'_>], filter: &Filter) -> Markup {
    let mut providers: BTreeMap<&str, usize> = BTreeMap::new();
    let mut kinds: BTreeMap<CapabilityKind, usize> = BTreeMap::new();
    for offer in offers.iter().filter(|offer| filter.holds_but(offer, "provider")) {
        *providers.entry(offer.provider).or_default() += 1;
    }
    for offer in offers.iter().filter(|offer| filter.holds_but(offer, "cap")) {
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
                input type="hidden" name="sort" value=(filter.sort.name());
                label { span { (words.search) } input type="search" name="q" value=(filter.query) data-search; }
                button.quiet type="submit" { (words.search) }
            }
            (facet(words.capability, "cap", kinds.collect(), filter, &filter.capability))
            (facet(words.provider, "provider", providers.collect(), filter, &filter.provider))
        }
    }
}

/// The orders that offers can be put in.
fn orders(words: &Words, filter: &Filter) -> Markup {
    html! {
        nav.orders aria-label=(words.portal.sort) {
            span.soft { (words.portal.sort) ": " }
            @for (sort, word) in Sort::ALL.into_iter().zip([words.portal.by_name, words.portal.by_price]) {
                a href=(with_query(MARKET, &filter.pairs(&[("sort", sort.name())]))) aria-current=[(sort == filter.sort).then_some("true")] { (word) } " "
            }
        }
    }
}

fn facet(title: &str, name: &'static str, values: Vec<(&str, &str, usize)>, filter: &Filter, chosen: &str) -> Markup {
    html! {
        section hidden[values.is_empty()] {
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

/// Nothing was found: which filter to drop, and how many there would be then.
fn nothing(words: &Words, offers: &[Offer<'_>], filter: &Filter) -> Markup {
    let set = [("q", &filter.query), ("cap", &filter.capability), ("provider", &filter.provider)];
    html! {
        div.card { div.empty {
            p { (words.nothing_found) }
            p {
                @for (name, value) in set.iter().filter(|(_, value)| !value.is_empty()) {
                    a.button.quiet href=(with_query(MARKET, &filter.pairs(&[(name, "")]))) {
                        (words.without) " “" (value) "” " span.soft { (offers.iter().filter(|offer| filter.holds_but(offer, name)).count()) }
                    } " "
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
            @if let Some(pulse) = offer.pulse.told(words) { p.soft { (pulse) } }
            @if let Some(sunset) = &offer.sunset { p.warned { (words.goes_on) " " (sunset) } }
            @if let Some(price) = price { p.price { (price) } }
        }
    }
}
