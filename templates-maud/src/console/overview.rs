//! The first page of the console: how the platform does.

use maud::{Markup, html};

use super::shell::{ConsolePage, Operator};
use crate::{icons, page::Look};

/// A part of the installation, and what is wrong with it, if anything.
#[derive(Clone, Debug)]
pub struct Part {
    /// What it is called.
    pub name: &'static str,
    /// What is wrong.
    pub trouble: Option<String>,
}

/// A number of things that wait; none where it can't be known now.
#[derive(Clone, Copy, Debug)]
pub struct Count {
    /// What is counted.
    pub name: &'static str,
    /// How many.
    pub value: Option<i64>,
}

/// What the overview shows.
#[derive(Debug)]
pub struct Overview<'a> {
    /// How it looks.
    pub look: &'a Look,
    /// Who looks.
    pub operator: &'a Operator,
    /// The parts of the installation.
    pub parts: &'a [Part],
    /// What waits.
    pub counts: &'a [Count],
}

impl Overview<'_> {
    /// The page.
    #[must_use]
    pub fn render(&self) -> Markup {
        let (frame, health) = (self.look.words.console.frame, self.look.words.console.health);
        let content = html! {
            h1 { (frame.overview) }
            section.card aria-labelledby="parts" {
                header { h2 #parts { (health.parts) } }
                div.scroll { table {
                    thead { tr { th scope="col" { (health.part) } th scope="col" { (health.state) } } }
                    tbody { @for part in self.parts {
                        tr { th scope="row" { (part.name) } td { (state(self.look, part)) } }
                    } }
                } }
            }
            section.card aria-labelledby="waiting" {
                header { h2 #waiting { (health.waiting) } }
                dl.sums.many { @for count in self.counts {
                    div { dt { (count.name) } dd { @match count.value {
                        Some(value) => (value),
                        None => span.soft { (health.unknown) },
                    } } }
                } }
            }
        };
        ConsolePage { look: self.look, operator: self.operator, title: frame.overview, content }.render()
    }
}

fn state(look: &Look, part: &Part) -> Markup {
    match &part.trouble {
        None => html! { span.state.good { (icons::done()) (look.words.console.health.works) } },
        Some(trouble) => html! { span.state.bad { (icons::failed()) (trouble) } },
    }
}
