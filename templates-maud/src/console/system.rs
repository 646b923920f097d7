//! What the installation is made of and how its parts do, and what it was told at its start. Never a secret.

use maud::{Markup, html};

use super::shell::{ConsolePage, Operator};
use crate::{
    icons,
    page::{Look, form_token},
    paths::CONSOLE_ROTATE,
};

/// A part of the installation, and what is wrong with it, if anything.
#[derive(Clone, Debug)]
pub struct Part {
    /// What it is called.
    pub name: &'static str,
    /// What is wrong.
    pub trouble: Option<String>,
}

/// A fact, with what it is called; nothing where it can't be known now.
#[derive(Clone, Debug)]
pub struct Fact {
    /// What it is called.
    pub name: String,
    /// What it is.
    pub value: Option<String>,
}

/// The page of the system.
#[derive(Debug)]
pub struct SystemPage<'a> {
    /// How it looks.
    pub look: &'a Look,
    /// Who looks.
    pub operator: &'a Operator,
    /// The parts of the installation.
    pub parts: &'a [Part],
    /// Groups of facts, each with its title.
    pub groups: &'a [(&'static str, Vec<Fact>)],
}

/// The page of the settings.
#[derive(Debug)]
pub struct SettingsPage<'a> {
    /// How it looks.
    pub look: &'a Look,
    /// Who looks.
    pub operator: &'a Operator,
    /// Groups of settings, each with its title.
    pub groups: &'a [(&'static str, Vec<Fact>)],
    /// The encryption keys that are in use: id, how many secrets, whether it is known, whether it is the one that encrypts.
    pub vault: &'a [(String, u64, bool, bool)],
    /// What a rotation did.
    pub rotated: Option<&'a str>,
}

impl SystemPage<'_> {
    /// The page.
    #[must_use]
    pub fn render(&self) -> Markup {
        let (frame, health) = (self.look.words.console.frame, self.look.words.console.health);
        let content = html! {
            h1 { (frame.system) }
            section.card aria-labelledby="parts" {
                header { h2 #parts { (health.parts) } }
                div.scroll { table {
                    thead { tr { th scope="col" { (health.part) } th scope="col" { (health.state) } } }
                    tbody { @for part in self.parts { tr { th scope="row" { (part.name) } td { (state(self.look, part)) } } } }
                } }
            }
            @for (title, facts) in self.groups { (group(self.look, title, facts)) }
        };
        ConsolePage { look: self.look, operator: self.operator, title: frame.system, content }.render()
    }
}

impl SettingsPage<'_> {
    /// The page.
    #[must_use]
    pub fn render(&self) -> Markup {
        let (frame, health) = (self.look.words.console.frame, self.look.words.console.health);
        let content = html! {
            h1 { (frame.settings) }
            p.soft { (health.set_at_start) }
            @for (title, facts) in self.groups { (group(self.look, title, facts)) }
            (self.vault())
        };
        ConsolePage { look: self.look, operator: self.operator, title: frame.settings, content }.render()
    }

    fn vault(&self) -> Markup {
        let health = self.look.words.console.health;
        html! {
            section.card aria-labelledby="vault" {
                header { h2 #vault { (health.vault) } span.soft { (health.vault_hint) } }
                div.scroll { table {
                    thead { tr { th scope="col" { (health.encryption_key) } th.num scope="col" { (health.secrets) } th scope="col" { (health.state) } } }
                    tbody { @for (id, secrets, known, current) in self.vault { tr {
                        th scope="row" { span.id { (id) } }
                        td.num { (secrets) }
                        td { @if !known { span.state.bad { (icons::failed()) (health.key_missing) } } @else if *current { span.state.good { (icons::done()) (health.key_current) } } @else { span.state.warn { (icons::waiting()) (health.key_old) } } }
                    } } }
                } }
                div.pad {
                    @if let Some(rotated) = self.rotated { p.note.well role="status" { (rotated) } }
                    @if self.operator.may_act {
                        form method="post" action=(CONSOLE_ROTATE) { (form_token(&self.operator.form_token)) button.quiet type="submit" { (health.rotate) } }
                    }
                }
            }
        }
    }
}

fn group(look: &Look, title: &str, facts: &[Fact]) -> Markup {
    html! {
        section.card {
            header { h2 { (title) } }
            dl.figures { @for fact in facts { div { dt { (fact.name) } dd { @match &fact.value {
                Some(value) => (value),
                None => span.soft { (look.words.console.health.unknown) },
            } } } } }
        }
    }
}

fn state(look: &Look, part: &Part) -> Markup {
    match &part.trouble {
        None => html! { span.state.good { (icons::done()) (look.words.console.health.works) } },
        Some(trouble) => html! { span.state.bad { (icons::failed()) (trouble) } },
    }
}
