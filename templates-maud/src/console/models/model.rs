//! A model in the console: its texts, its state, what it can do and could do; and the form of a new one.

use domain::capability::CapabilityKind;
use maud::{Markup, html};

use super::list::{CapabilityLine, ModelState};
use crate::{
    console::shell::{ConsolePage, Operator},
    icons,
    page::{Look, form_token},
    paths::{
        CATALOG_EXPORT, CONSOLE_CAPABILITY, CONSOLE_MODEL, CONSOLE_MODEL_STATE, CONSOLE_MODELS, CONSOLE_NEW_MODEL,
        MODEL, fill, with_query,
    },
    words::Words,
};

/// What a model is called, as it was typed or as it is.
#[derive(Clone, Debug, Default)]
pub struct Texts {
    /// Its public name.
    pub name: String,
    /// What people call it.
    pub display_name: String,
    /// Whose it is.
    pub provider: String,
    /// What it is good for.
    pub description: String,
}

/// The page of a model.
#[derive(Debug)]
pub struct ModelPage<'a> {
    /// How it looks.
    pub look: &'a Look,
    /// Who looks.
    pub operator: &'a Operator,
    /// What it is called.
    pub texts: &'a Texts,
    /// Where it stands.
    pub state: ModelState,
    /// What it can do, retired capabilities included.
    pub capabilities: &'a [CapabilityLine],
    /// What was wrong with the form.
    pub failure: Option<&'a str>,
}

impl ModelPage<'_> {
    /// The page.
    #[must_use]
    pub fn render(&self) -> Markup {
        let (words, ours) = (self.look.words, self.look.words.console.models);
        let name = self.texts.name.as_str();
        let content = html! {
            (heading(words, self.texts, self.state))
            (tabs(words, name, self.capabilities, None))
            @if let Some(failure) = self.failure { p.note role="alert" tabindex="-1" data-focus { (failure) } }
            div.columns {
                section.card aria-labelledby="identity" {
                    header { h2 #identity { (ours.identity) } }
                    div.pad { (self.identity()) }
                }
                div {
                    section.card aria-labelledby="capabilities" {
                        header { h2 #capabilities { (ours.capabilities) } }
                        (self.capabilities())
                    }
                    div.actions {
                        @if self.operator.may_act {
                            (self.switch())
                            a.button.quiet href=(with_query(CONSOLE_NEW_MODEL, &[("from", name)])) { (ours.duplicate) }
                        }
                        a.button.quiet href=(with_query(CATALOG_EXPORT, &[("model", name)])) download={ (name) ".json" } { (ours.export) }
                    }
                }
            }
        };
        ConsolePage { look: self.look, operator: self.operator, title: &self.texts.display_name, content }.render()
    }

    fn identity(&self) -> Markup {
        let (words, ours, texts) = (self.look.words, self.look.words.console.models, self.texts);
        html! {
            form.stack method="post" action=(fill(CONSOLE_MODEL, &[&texts.name])) {
                (form_token(&self.operator.form_token))
                fieldset.stack disabled[!self.operator.may_act] {
                    (text_fields(words, texts))
                    @if self.operator.may_act { p { button type="submit" { (ours.save) } } }
                }
            }
        }
    }

    fn switch(&self) -> Markup {
        let ours = self.look.words.console.models;
        let (state, word, sure) = match self.state {
            ModelState::Disabled => ("enabled", ours.enable, None),
            _ => ("disabled", ours.disable, Some(ours.disable_sure)),
        };
        html! {
            form.inline-form method="post" action=(fill(CONSOLE_MODEL_STATE, &[&self.texts.name])) {
                (form_token(&self.operator.form_token))
                button.quiet type="submit" name="state" value=(state) data-confirm=[sure] { (word) }
            }
        }
    }

    fn capabilities(&self) -> Markup {
        let (words, ours) = (self.look.words, self.look.words.console.models);
        let path = |kind: CapabilityKind| fill(CONSOLE_CAPABILITY, &[&self.texts.name, kind.name()]);
        let known = |kind: CapabilityKind| self.capabilities.iter().find(|one| one.kind == kind);
        html! {
            table {
                tbody {
                    @for kind in CapabilityKind::ALL {
                        tr {
                            th scope="row" { a href=(path(kind)) { (words.capability_name(kind)) } }
                            td { @match known(kind) { Some(one) => (standing(words, one)), None => span.soft { (ours.not_published) } } }
                            td.num { @if let Some(one) = known(kind) { "v" (one.version) } }
                        }
                    }
                }
            }
        }
    }
}

/// Whether a capability can be called, or why not.
fn standing(words: &Words, one: &CapabilityLine) -> Markup {
    let ours = words.console.models;
    html! {
        @if one.retired { span.state { (icons::stopped()) (ours.retired) } }
        @else if let Some(reason) = &one.uncallable { span.state.bad { (icons::failed()) (ours.not_callable) } " " span.soft { (reason) } }
        @else if let Some(day) = &one.sunset { span.state.warn { (icons::waiting()) (ours.ends) " " (day) } }
        @else { span.state.good { (icons::done()) (ours.callable) } }
    }
}

/// The heading of every page of a model.
#[must_use]
pub fn heading(words: &Words, texts: &Texts, state: ModelState) -> Markup {
    html! {
        p.trail { a href=(CONSOLE_MODELS) { (words.console.frame.models) } }
        div.titled {
            h1 { (texts.display_name) " " span.id.soft { (texts.name) } }
            p.actions { (state.chip(words)) a href=(fill(MODEL, &[&texts.name])) { (words.console.models.open_in_market) } }
        }
    }
}

/// The ways between the pages of a model: its texts, its capabilities, and those that it could have.
#[must_use]
pub fn tabs(words: &Words, name: &str, capabilities: &[CapabilityLine], shown: Option<CapabilityKind>) -> Markup {
    let ours = words.console.models;
    let has = |kind: CapabilityKind| capabilities.iter().any(|one| one.kind == kind);
    html! {
        nav.tabs aria-label=(words.capability) {
            a href=(fill(CONSOLE_MODEL, &[name])) aria-current=[shown.is_none().then_some("page")] { (ours.identity) }
            @for kind in CapabilityKind::ALL.into_iter().filter(|kind| has(*kind) || shown == Some(*kind)) {
                a href=(fill(CONSOLE_CAPABILITY, &[name, kind.name()])) aria-current=[(shown == Some(kind)).then_some("page")] {
                    @if !has(kind) { (ours.add_capability) " " } (words.capability_name(kind))
                }
            }
        }
    }
}

fn text_fields(words: &Words, texts: &Texts) -> Markup {
    let ours = words.console.models;
    html! {
        label { span { (ours.display_name) } input type="text" name="display_name" required maxlength="200" value=(texts.display_name) autocomplete="off"; }
        label { span { (ours.description) } textarea name="description" rows="3" maxlength="4000" { (texts.description) } }
    }
}

/// The page of a new model, or of a copy.
#[derive(Debug)]
pub struct NewModelPage<'a> {
    /// How it looks.
    pub look: &'a Look,
    /// Who looks.
    pub operator: &'a Operator,
    /// What was typed, or what the copy begins with.
    pub texts: &'a Texts,
    /// The model that is copied.
    pub from: Option<&'a str>,
    /// The providers that there are.
    pub providers: &'a [String],
    /// What was wrong with the form.
    pub failure: Option<&'a str>,
}

impl NewModelPage<'_> {
    /// The page.
    #[must_use]
    pub fn render(&self) -> Markup {
        let (words, ours, texts) = (self.look.words, self.look.words.console.models, self.texts);
        let title = if self.from.is_some() { ours.duplicate } else { ours.new_model };
        let content = html! {
            p.trail { a href=(CONSOLE_MODELS) { (words.console.frame.models) } }
            h1 { (title) @if let Some(from) = self.from { " " span.id.soft { (from) } } }
            @if let Some(failure) = self.failure { p.note role="alert" tabindex="-1" data-focus { (failure) } }
            section.card.form-card { div.pad {
                form.stack method="post" action=(CONSOLE_NEW_MODEL) {
                    (form_token(&self.operator.form_token))
                    @if let Some(from) = self.from { input type="hidden" name="from" value=(from); p.soft { (ours.duplicate_hint) } }
                    label { span { (ours.name) } input type="text" name="name" required maxlength="100" pattern="[a-z0-9._\\-]+" value=(texts.name) autocomplete="off" autocapitalize="none" spellcheck="false" aria-describedby="name-hint"; }
                    p.hint #name-hint { (ours.name_hint) }
                    label { span { (words.provider) }
                        input type="text" name="provider" required maxlength="100" list="providers" value=(texts.provider) autocomplete="off" readonly[self.from.is_some()] aria-describedby="provider-hint";
                    }
                    datalist #providers { @for provider in self.providers { option value=(provider) {} } }
                    p.hint #provider-hint { (ours.provider_hint) }
                    (text_fields(words, texts))
                    p { button type="submit" { (ours.create) } }
                }
            } }
        };
        ConsolePage { look: self.look, operator: self.operator, title, content }.render()
    }
}
