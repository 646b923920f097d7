//! The people who can log in, for admins only; and a new one.

use chrono::{DateTime, Utc};
use maud::{Markup, html};

use crate::{
    console::shell::{ConsolePage, Operator},
    figures::moment,
    icons,
    page::{Look, form_token},
    parts::pager::pager,
    paths::{CONSOLE_TENANT, CONSOLE_USER, CONSOLE_USERS, fill},
    words::Words,
};

/// The names of the roles on the platform; nothing is no role.
pub const ROLES: [&str; 3] = ["", "auditor", "admin"];

/// A person in the list.
#[derive(Clone, Debug)]
pub struct UserLine {
    /// Their id.
    pub id: String,
    /// The address they log in with.
    pub email: String,
    /// How to call them.
    pub display_name: String,
    /// The language of their pages.
    pub locale: String,
    /// Their role on the platform, or nothing.
    pub role: &'static str,
    /// The tenants that they belong to, by id, name and role.
    pub tenants: Vec<(String, String, &'static str)>,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// Since when they may not log in.
    pub disabled_at: Option<DateTime<Utc>>,
}

/// What was typed into the form of a new person. Never the password.
#[derive(Clone, Debug, Default)]
pub struct NewUser {
    /// The address.
    pub email: String,
    /// How to call them.
    pub display_name: String,
    /// Their role.
    pub role: String,
}

/// The page of the people.
#[derive(Debug)]
pub struct UsersPage<'a> {
    /// How it looks.
    pub look: &'a Look,
    /// Who looks.
    pub operator: &'a Operator,
    /// The people of this page, the newest first.
    pub users: &'a [UserLine],
    /// The cursor that this page begins after.
    pub after: Option<&'a str>,
    /// The cursor of the next page.
    pub next: Option<&'a str>,
    /// What was typed, and what was wrong with it.
    pub refused: Option<(&'a NewUser, &'a str)>,
}

impl UsersPage<'_> {
    /// The page.
    #[must_use]
    pub fn render(&self) -> Markup {
        let (words, ours) = (self.look.words, self.look.words.console.customers);
        let content = html! {
            h1 { (words.console.frame.users) }
            (self.new_user())
            section.card {
                @if self.users.is_empty() { div.empty { p { (ours.no_users) } } } @else { (self.table()) }
            }
            (pager(words, CONSOLE_USERS, &[], self.after, self.next))
        };
        ConsolePage { look: self.look, operator: self.operator, title: words.console.frame.users, content }.render()
    }

    fn new_user(&self) -> Markup {
        let (words, ours) = (self.look.words, self.look.words.console.customers);
        let (typed, failure) = self.refused.map_or((None, None), |(typed, failure)| (Some(typed), Some(failure)));
        html! {
            details.card.fold open[failure.is_some()] {
                summary { (ours.new_user) }
                div.pad {
                    @if let Some(failure) = failure { p.note role="alert" tabindex="-1" data-focus { (failure) } }
                    form.inline method="post" action=(CONSOLE_USERS) {
                        (form_token(&self.operator.form_token))
                        label { span { (ours.email) } input type="email" name="email" required maxlength="254" autocomplete="off" value=(typed.map_or("", |typed| &typed.email)); }
                        label { span { (words.display_name) " " span.soft { "(" (words.optional) ")" } } input type="text" name="display_name" maxlength="100" autocomplete="off" value=(typed.map_or("", |typed| &typed.display_name)); }
                        label { span { (words.password) " " span.soft { "(" (words.password_rule) ")" } } input type="password" name="password" required minlength="8" maxlength="200" autocomplete="new-password"; }
                        label { span { (ours.platform_role) } (role_select(words, typed.map_or("", |typed| &typed.role))) }
                        button type="submit" { (ours.create_user) }
                    }
                }
            }
        }
    }

    fn table(&self) -> Markup {
        let (words, ours) = (self.look.words, self.look.words.console.customers);
        html! {
            div.scroll { table.rows {
                thead { tr {
                    th scope="col" { (ours.user) } th scope="col" { (ours.email) } th scope="col" { (words.status) } th scope="col" { (ours.platform_role) }
                    th scope="col" { (ours.tenants) } th scope="col" { (ours.created) }
                } }
                tbody {
                    @for user in self.users {
                        tr {
                            th scope="row" { a href=(fill(CONSOLE_USER, &[&user.id])) { (user.display_name) } " " span.id.soft { (user.id) } }
                            td { (user.email) }
                            td { (standing(words, user)) }
                            td { (role_word(words, user.role)) }
                            td { @for (id, name, _) in &user.tenants { a.badge href=(fill(CONSOLE_TENANT, &[id])) { (name) } } }
                            td.when { (moment(words, user.created_at)) }
                        }
                    }
                }
            } }
        }
    }
}

/// Whether a person may log in.
#[must_use]
pub fn standing(words: &Words, user: &UserLine) -> Markup {
    let ours = words.console.customers;
    html! {
        @if user.disabled_at.is_some() { span.state.bad { (icons::stopped()) (ours.disabled) } }
        @else { span.state.good { (icons::done()) (ours.working) } }
    }
}

/// What a role on the platform is called.
#[must_use]
pub fn role_word(words: &Words, role: &str) -> &'static str {
    let ours = words.console.customers;
    match role {
        "admin" => ours.role_admin,
        "auditor" => ours.role_auditor,
        _ => ours.no_role,
    }
}

/// A choice of roles on the platform.
#[must_use]
pub fn role_select(words: &Words, chosen: &str) -> Markup {
    html! {
        select name="role" {
            @for role in ROLES { option value=(role) selected[role == chosen] { (role_word(words, role)) } }
        }
    }
}
