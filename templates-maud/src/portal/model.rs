//! A model's page: its playground, made of schema and hints alone, and beside it the API, the price and what is known.

use domain::capability::{Capability, Layout, Widget};
use maud::{Markup, html};
use serde_json::{Map, Value, json};

use super::{
    about::{self, Pulse},
    chat::{self, Speaker},
};
use crate::{
    figures::short_amount,
    form::{self, Field, FormErrors, PREFIX, fields, shown},
    page::{Look, Page, Visitor, form_token},
    parts::{price, receipt, request, snippet::snippet},
    paths::{JOB_ANSWER, LOGIN, MODEL, PRICE, RUN, fill, with_query},
    words::Words,
};

/// The longest text of a form that stands in links.
const MIRRORED_BYTES: usize = 1_000;

/// What of the page is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tab {
    /// The form, and what came of it.
    #[default]
    Playground,
    /// How to call it.
    Api,
    /// What it costs.
    Pricing,
    /// What it takes, and how it did lately.
    About,
}

impl Tab {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Playground, Self::Api, Self::Pricing, Self::About];

    /// Its name in the URL.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Playground => "playground",
            Self::Api => "api",
            Self::Pricing => "pricing",
            Self::About => "about",
        }
    }

    /// The tab of a name, or the first.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self::ALL.into_iter().find(|tab| tab.name() == name).unwrap_or_default()
    }
}

/// What a filled form would hold and likely cost.
#[derive(Clone, Debug)]
pub struct Offered {
    /// What would be held, in micro-credits.
    pub hold: i64,
    /// What it likely costs.
    pub expected: i64,
    /// Whether the balance is too small for the hold.
    pub too_much: bool,
    /// How the hold adds up.
    pub charge: domain::pricing::Charge,
}

/// A model's page.
#[derive(Debug)]
pub struct ModelPage<'a> {
    /// How it looks.
    pub look: &'a Look,
    /// Who looks, once logged in.
    pub visitor: Option<&'a Visitor>,
    /// The public name.
    pub name: &'a str,
    /// What it is called.
    pub display_name: &'a str,
    /// What it is good for.
    pub description: &'a str,
    /// All that can be asked of it.
    pub capabilities: &'a [&'a Capability],
    /// The one that is shown.
    pub capability: &'a Capability,
    /// What is shown of it.
    pub tab: Tab,
    /// What the form is filled with.
    pub values: &'a Map<String, Value>,
    /// What was wrong with it.
    pub errors: FormErrors<'a>,
    /// What it would cost, if that can be told.
    pub offered: Option<&'a Offered>,
    /// The once-only key of the form: sent twice, it makes one job.
    pub once: &'a str,
    /// The gateway's address, for snippets.
    pub base_url: &'a str,
    /// When it goes, and what to use then.
    pub warning: Option<String>,
    /// Who may go on with a conversation.
    pub speakers: &'a [Speaker],
    /// The prompt for all of a conversation.
    pub system: &'a str,
    /// How the capability did in the last day.
    pub pulse: Pulse,
    /// Results of earlier runs, the newest first.
    pub results: Markup,
}

impl ModelPage<'_> {
    /// The page.
    #[must_use]
    pub fn render(&self) -> Markup {
        let content = html! {
            h1 { (self.display_name) }
            p.soft { span.id { (self.name) } " · " (self.description) }
            @if let Some(warning) = &self.warning { p.note.warned role="note" { (warning) } }
            (self.tabs())
            @match self.tab {
                Tab::Playground => (self.playground()),
                Tab::Api => (self.api()),
                Tab::Pricing => (self.pricing()),
                Tab::About => (about::about(self.words(), self.description, self.capability, self.pulse)),
            }
        };
        let Self { look, visitor, .. } = *self;
        Page { look, title: self.display_name, visitor, narrow: false, content }.render()
    }

    const fn words(&self) -> &'static Words {
        self.look.words
    }

    fn tabs(&self) -> Markup {
        let (words, kind) = (self.words(), self.capability.kind.name());
        html! {
            @if self.capabilities.len() > 1 {
                nav.tabs aria-label=(words.capability) {
                    @for one in self.capabilities {
                        a href=(self.link(one.kind.name(), self.tab)) data-mirrored
                            aria-current=[(one.kind == self.capability.kind).then_some("page")] { (words.capability_name(one.kind)) }
                    }
                }
            }
            nav.tabs aria-label=(words.views) {
                @for (tab, word) in Tab::ALL.into_iter().zip(words.model_tabs) {
                    a href=(self.link(kind, tab)) data-mirrored
                        aria-current=[(tab == self.tab).then_some("page")] { (word) }
                }
            }
        }
    }

    /// A link to a tab with what the form is filled with, so that nothing typed is lost and every form is a link.
    fn link(&self, kind: &str, tab: Tab) -> String {
        let all = fields(&self.capability.param_schema, &self.capability.ui_hints);
        let told = all.iter().filter(|field| !field.is_media() && field.path.len() == 1 && !field.takes("array"));
        let filled = told.filter_map(|field| Some((field.name(), shown(self.values.get(field.path[0])?))));
        let filled: Vec<(String, String)> = filled
            .filter(|(_, text)| text.len() <= MIRRORED_BYTES)
            .map(|(name, text)| (format!("{PREFIX}{name}"), text))
            .collect();
        let fixed = [("cap", kind), ("tab", tab.name())];
        let pairs: Vec<_> = fixed.into_iter().chain(filled.iter().map(|(name, text)| (&**name, &**text))).collect();
        with_query(&fill(MODEL, &[self.name]), &pairs)
    }

    fn playground(&self) -> Markup {
        let words = self.words();
        let Some(_) = self.visitor else {
            return html! { div.card { div.empty { p { (words.log_in_to_run) } p { a.button href=(LOGIN) { (words.log_in) } } } } };
        };
        let layout = match self.capability.ui_hints.layout {
            Layout::Simple => "simple",
            Layout::Studio => "studio",
            Layout::Chat => "chat",
        };
        html! {
            @let spoken = (layout == "chat").then(|| chat::spoken(words));
            div.bench data-layout=(layout) data-words=[spoken] {
                div.form-side { (self.examples()) (self.form()) }
                section.results-side aria-label=(words.results) {
                    div #results aria-live="polite" { (self.results) }
                    p.empty.soft data-no-results { (words.no_results) }
                }
            }
        }
    }

    fn examples(&self) -> Markup {
        let path = fill(MODEL, &[self.name]);
        let kind = self.capability.kind.name();
        html! {
            @if !self.capability.ui_hints.examples.is_empty() {
                p.examples {
                    span.soft { (self.words().examples) ": " }
                    @for (number, example) in self.capability.ui_hints.examples.iter().enumerate() {
                        a.badge href=(with_query(&path, &[("cap", kind), ("example", &number.to_string())])) { (example.title) }
                    }
                }
            }
        }
    }

    /// The form, also after it was sent with something wrong.
    #[must_use]
    pub fn form(&self) -> Markup {
        let (words, kind) = (self.words(), self.capability.kind.name());
        let fields = fields(&self.capability.param_schema, &self.capability.ui_hints);
        let token = self.visitor.map(|visitor| visitor.form_token.as_str()).unwrap_or_default();
        // A conversation shows what is said; the rest is folded away, unless something is wrong with it.
        let chats = self.capability.ui_hints.layout == Layout::Chat;
        let folds = |field: &Field<'_>| chats && self.errors.0.is_empty() && field.widget != Widget::Messages;
        let (folded, open): (Vec<_>, Vec<_>) = fields.into_iter().partition(folds);
        let (run, price) = (fill(RUN, &[self.name, kind]), fill(PRICE, &[self.name, kind]));
        html! {
            form.run #run method="post" action=(run) enctype="multipart/form-data" data-model=(self.name) data-capability=(kind) data-answer=(JOB_ANSWER) data-mirror
                hx-post=(run) hx-encoding="multipart/form-data" hx-target="#results" hx-swap="afterbegin"
                hx-disabled-elt="find button[type=submit]" {
                (form_token(token))
                input type="hidden" name="once" value=(self.once);
                (form::render(words, &open, self.values, self.errors))
                // While the price is asked for, the button stays what it is: it may just be pressed.
                div.pay hx-disabled-elt="unset" hx-post=(price) hx-include="closest form" hx-encoding="application/x-www-form-urlencoded"
                    hx-trigger="input from:closest form delay:250ms, change from:closest form" hx-sync="this:replace"
                    hx-target="#price" hx-swap="outerHTML" {
                    button type="submit" {
                        (if self.capability.ui_hints.layout == Layout::Chat { words.send } else { words.generate })
                        (on_button(words, self.offered))
                    }
                    (beside_button(words, self.offered, false))
                }
                @if chats {
                    (chat::pictures(words, self.capability))
                    (chat::drawer(words, self.speakers, self.name, self.system, &form::render(words, &folded, self.values, FormErrors::default())))
                }
            }
        }
    }

    fn api(&self) -> Markup {
        let words = self.words();
        let body = json!({ "model": self.name, "capability": self.capability.kind.name(), "params": self.values });
        let url = format!("{}/v1/jobs", self.base_url);
        html! {
            p { (words.api_intro) }
            (snippet(words, "curl", &request::curl(&url, &body)))
            (snippet(words, "Python", &request::python(&url, &body)))
            (snippet(words, "JavaScript", &request::javascript(&url, &body)))
            details { summary { "JSON Schema" } (snippet(words, "param_schema", &serde_json::to_string_pretty(&self.capability.param_schema).unwrap_or_default())) }
        }
    }

    fn pricing(&self) -> Markup {
        html! {
            section.card { (price::table(self.words(), &self.capability.pricing)) }
            @if let Some(offered) = self.offered { section.card { div.pad { (receipt::calculation(self.words(), &offered.charge)) } } }
        }
    }
}

/// The price on the button and the words beside it, to take the place of what stands there. The button itself stays:
/// it may just be pressed.
#[must_use]
pub fn priced(words: &Words, offered: Option<&Offered>) -> Markup {
    html! { (on_button(words, offered)) (beside_button(words, offered, true)) }
}

fn on_button(words: &Words, offered: Option<&Offered>) -> Markup {
    html! {
        span #price {
            @if let Some(offered) = offered { " · " span.amount { (short_amount(offered.hold)) } " " (words.credits) }
        }
    }
}

fn beside_button(words: &Words, offered: Option<&Offered>, elsewhere: bool) -> Markup {
    html! {
        p.soft #price-note hx-swap-oob=[elsewhere.then_some("true")] {
            @match offered {
                Some(offered) if offered.too_much => span.wrong { (words.too_little_credit) },
                Some(offered) if offered.expected != offered.hold => {
                    (words.holds_up_to) " " span.amount { (short_amount(offered.hold)) } ", "
                    (words.usually) " " span.amount { (short_amount(offered.expected)) }
                },
                Some(_) => (words.exact_price),
                None => (words.price_later),
            }
        }
    }
}
