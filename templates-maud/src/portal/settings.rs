//! Settings: what one is called, the password, where one is logged in, who else belongs to the tenant, and how pages look.

use chrono::{DateTime, Utc};
use maud::{Markup, html};

use crate::{
    Theme,
    figures::{ago, moment},
    page::{Look, Page, Visitor, form_token},
    parts::pager::of_all,
    paths::{PREFERENCES, SETTINGS, SETTINGS_PASSWORD, SETTINGS_PROFILE, SETTINGS_SESSION, SETTINGS_SESSIONS, fill},
    words::zone_names,
};

/// A log-in of the person.
#[derive(Clone, Debug)]
pub struct SessionShown {
    /// Its id.
    pub id: String,
    /// What the browser called itself.
    pub client: String,
    /// When it began.
    pub since: DateTime<Utc>,
    /// Whether it is the one that asks.
    pub here: bool,
}

/// Somebody who belongs to the tenant.
#[derive(Clone, Debug)]
pub struct MemberShown {
    /// What they are called.
    pub name: String,
    /// Their address.
    pub email: String,
    /// Whether they own the tenant.
    pub owner: bool,
}

/// The page of the settings.
#[derive(Debug)]
pub struct SettingsPage<'a> {
    /// How it looks.
    pub look: &'a Look,
    /// Who looks.
    pub visitor: &'a Visitor,
    /// The address that they log in with.
    pub email: &'a str,
    /// Where they are logged in: here, then the newest first.
    pub sessions: &'a [SessionShown],
    /// In how many places they are logged in.
    pub all_sessions: usize,
    /// Who belongs to the tenant; only its owners see them.
    pub members: Option<&'a [MemberShown]>,
    /// How many belong to it.
    pub all_members: usize,
    /// What was just done.
    pub done: Option<&'a str>,
    /// What was wrong with a form.
    pub failure: Option<&'a str>,
    /// The moment of the page.
    pub now: DateTime<Utc>,
}

impl SettingsPage<'_> {
    /// The page.
    #[must_use]
    pub fn render(&self) -> Markup {
        let words = self.look.words;
        let content = html! {
            h1 { (words.portal.settings) }
            @if let Some(done) = self.done { p.note.told role="status" { (done) } }
            @if let Some(failure) = self.failure { p.note role="alert" { (failure) } }
            div.settings {
                (self.profile())
                (self.appearance())
                (self.password())
                (self.sessions())
                @if let Some(members) = self.members { (self.members(members)) }
            }
        };
        Page { look: self.look, title: words.portal.settings, visitor: Some(self.visitor), narrow: false, content }
            .render()
    }

    fn profile(&self) -> Markup {
        let words = self.look.words;
        html! {
            section.card aria-labelledby="profile" {
                header { h2 #profile { (words.portal.profile) } }
                form.stack.pad method="post" action=(SETTINGS_PROFILE) {
                    (form_token(&self.visitor.form_token))
                    label { span { (words.display_name) } input type="text" name="display_name" required maxlength="100" autocomplete="name" value=(self.visitor.display_name); }
                    p.soft { (words.email) ": " (self.email) }
                    p.actions { button type="submit" { (words.portal.save) } }
                }
            }
        }
    }

    fn appearance(&self) -> Markup {
        let Look { words, theme, .. } = self.look;
        html! {
            section.card aria-labelledby="appearance" {
                header { h2 #appearance { (words.portal.appearance) } }
                form.stack.pad method="post" action=(PREFERENCES) {
                    input type="hidden" name="back" value=(SETTINGS);
                    label { span { (words.language) }
                        select name="lang" {
                            @for (lang, name) in [("en", "English"), ("zh-CN", "中文")] { option value=(lang) lang=(lang) selected[lang == words.lang] { (name) } }
                        }
                    }
                    label { span { (words.portal.zone) }
                        select name="zone" {
                            @for name in zone_names() { option value=(name) selected[name == words.zone.name()] { (name) } }
                        }
                    }
                    p.soft { (words.portal.zone_now) " " (moment(words, self.now)) }
                    label { span { (words.theme) }
                        select name="theme" {
                            @for (one, word) in Theme::ALL.into_iter().zip(words.themes) { option value=(one.name()) selected[one == *theme] { (word) } }
                        }
                    }
                    p.actions { button type="submit" { (words.portal.save) } }
                }
            }
        }
    }

    fn password(&self) -> Markup {
        let words = self.look.words;
        html! {
            section.card aria-labelledby="password" {
                header { h2 #password { (words.password) } }
                form.stack.pad method="post" action=(SETTINGS_PASSWORD) {
                    (form_token(&self.visitor.form_token))
                    input type="hidden" name="username" autocomplete="username" value=(self.email);
                    label { span { (words.portal.password_now) } input type="password" name="password_now" required maxlength="200" autocomplete="current-password"; }
                    label { span { (words.portal.password_new) " " span.soft { "(" (words.password_rule) ")" } } input type="password" name="password_new" required minlength="8" maxlength="200" autocomplete="new-password"; }
                    p.actions { button type="submit" { (words.portal.password_change) } }
                }
            }
        }
    }

    fn sessions(&self) -> Markup {
        let words = self.look.words;
        html! {
            section.card.wide aria-labelledby="sessions" {
                header {
                    h2 #sessions { (words.portal.sessions) (of_all(self.sessions.len(), self.all_sessions)) }
                    @if self.sessions.len() > 1 {
                        form method="post" action=(SETTINGS_SESSIONS) {
                            (form_token(&self.visitor.form_token))
                            button.quiet type="submit" { (words.portal.sessions_end_others) }
                        }
                    }
                }
                div.scroll { table.rows {
                    thead { tr { th scope="col" { (words.portal.client) } th scope="col" { (words.portal.since) } th scope="col" { span.visually-hidden { (words.actions) } } } }
                    tbody {
                        @for session in self.sessions {
                            tr {
                                td { (if session.client.is_empty() { words.portal.client_unknown } else { session.client.as_str() }) @if session.here { " " span.badge { (words.portal.session_here) } } }
                                td.when { (ago(words, session.since)) }
                                td.num {
                                    @if !session.here {
                                        form method="post" action=(fill(SETTINGS_SESSION, &[&session.id])) {
                                            (form_token(&self.visitor.form_token))
                                            button.quiet type="submit" { (words.portal.session_end) }
                                        }
                                    }
                                }
                            }
                        }
                    }
                } }
            }
        }
    }

    fn members(&self, members: &[MemberShown]) -> Markup {
        let words = self.look.words;
        html! {
            section.card.wide aria-labelledby="members" {
                header { h2 #members { (words.portal.members) (of_all(members.len(), self.all_members)) } }
                div.scroll { table.rows {
                    thead { tr { th scope="col" { (words.display_name) } th scope="col" { (words.portal.role) } th scope="col" { (words.email) } } }
                    tbody {
                        @for member in members {
                            tr { td { (member.name) } td { (if member.owner { words.portal.owner } else { words.portal.member }) } td.soft { (member.email) } }
                        }
                    }
                } }
            }
        }
    }
}
