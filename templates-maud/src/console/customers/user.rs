//! A person: who they are, where they belong, and what an admin changes of them.

use maud::{Markup, html};

use super::users::{UserLine, role_select, role_word, standing};
use crate::{
    console::shell::{ConsolePage, Operator},
    figures::moment,
    page::{Look, form_token},
    paths::{CONSOLE_AUDIT, CONSOLE_TENANT, CONSOLE_USER, CONSOLE_USERS, fill, with_query},
};

/// The page of a person.
#[derive(Debug)]
pub struct UserPage<'a> {
    /// How it looks.
    pub look: &'a Look,
    /// Who looks.
    pub operator: &'a Operator,
    /// The person.
    pub user: &'a UserLine,
    /// Whether it is the one who looks.
    pub oneself: bool,
    /// Whether something was just changed.
    pub done: bool,
    /// What was wrong with what was sent.
    pub failure: Option<&'a str>,
}

impl UserPage<'_> {
    /// The page.
    #[must_use]
    pub fn render(&self) -> Markup {
        let (words, ours, user) = (self.look.words, self.look.words.console.customers, self.user);
        let content = html! {
            p.trail { a href=(CONSOLE_USERS) { (words.console.frame.users) } }
            div.titled {
                h1 { (user.display_name) " " span.id.soft { (user.id) } }
                p.actions { (standing(words, user)) a href=(with_query(CONSOLE_AUDIT, &[("actor", &user.id)])) { (words.console.frame.audit) } }
            }
            @if self.done { p.note.good role="status" { (ours.done) } }
            @if let Some(failure) = self.failure { p.note role="alert" tabindex="-1" data-focus { (failure) } }
            div.columns {
                section.card {
                    table { tbody {
                        tr { th scope="row" { (ours.email) } td { (user.email) } }
                        tr { th scope="row" { (ours.platform_role) } td { (role_word(words, user.role)) } }
                        tr { th scope="row" { (ours.language) } td { (user.locale) } }
                        tr { th scope="row" { (ours.created) } td { (moment(words, user.created_at)) } }
                        @if let Some(at) = user.disabled_at { tr { th scope="row" { (ours.disabled) } td { (moment(words, at)) } } }
                        tr { th scope="row" { (ours.tenants) } td {
                            @for (id, name, role) in &user.tenants { a.badge href=(fill(CONSOLE_TENANT, &[id])) { (name) " " span.soft { (role) } } }
                        } }
                    } }
                }
                section.card { div.pad.stack { (self.changes()) } }
            }
        };
        ConsolePage { look: self.look, operator: self.operator, title: &user.display_name, content }.render()
    }

    fn changes(&self) -> Markup {
        let (words, ours, user) = (self.look.words, self.look.words.console.customers, self.user);
        html! {
            @if self.oneself { p.soft { (ours.oneself) } }
            @else {
                (self.form(&html! {
                    label { span { (ours.platform_role) } (role_select(words, user.role)) }
                    button.quiet type="submit" name="act" value="role" data-confirm=(ours.set_role_sure) { (ours.set_role) }
                }))
                (self.form(&html! {
                    @if user.disabled_at.is_some() { button.quiet type="submit" name="act" value="enable" { (ours.enable) } }
                    @else { button.quiet type="submit" name="act" value="disable" data-confirm=(ours.disable_sure) { (ours.disable) } }
                }))
            }
            (self.form(&html! {
                label { span { (ours.new_password) " " span.soft { "(" (words.password_rule) ")" } } input type="password" name="password" required minlength="8" maxlength="200" autocomplete="new-password"; }
                button.quiet type="submit" name="act" value="password" data-confirm=(ours.reset_sure) { (ours.reset_password) }
            }))
            (self.form(&html! {
                button.quiet type="submit" name="act" value="sessions" data-confirm=(ours.end_sessions_sure) { (ours.end_sessions) }
            }))
        }
    }

    fn form(&self, fields: &Markup) -> Markup {
        html! {
            form.inline method="post" action=(fill(CONSOLE_USER, &[&self.user.id])) {
                (form_token(&self.operator.form_token)) (fields)
            }
        }
    }
}
