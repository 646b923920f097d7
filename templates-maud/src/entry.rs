//! The doors: logging in and registering.

use maud::{Markup, html};

use crate::{
    page::{Look, Page, form_token},
    paths::{LOGIN, REGISTER},
};

/// What a door shows.
#[derive(Clone, Debug)]
pub struct Entry<'a> {
    /// How it looks.
    pub look: &'a Look,
    /// What the form carries.
    pub form_token: &'a str,
    /// What was typed before.
    pub email: &'a str,
    /// What was wrong with it.
    pub failure: Option<&'a str>,
}

impl Entry<'_> {
    /// The page to log in.
    #[must_use]
    pub fn login(&self) -> Markup {
        let words = self.look.words;
        let form = html! {
            (self.email_field())
            label {
                span { (words.password) }
                input type="password" name="password" required maxlength="200" autocomplete="current-password";
            }
            button type="submit" { (words.log_in) }
        };
        let other = html! { (words.no_account) " " a href=(REGISTER) { (words.register) } };
        self.page(words.log_in, LOGIN, &form, &other)
    }

    /// The page to register.
    #[must_use]
    pub fn register(&self) -> Markup {
        let words = self.look.words;
        let form = html! {
            (self.email_field())
            label {
                span { (words.display_name) " " span.soft { "(" (words.optional) ")" } }
                input type="text" name="display_name" maxlength="100" autocomplete="name";
            }
            label {
                span { (words.password) " " span.soft { "(" (words.password_rule) ")" } }
                input type="password" name="password" required minlength="8" maxlength="200"
                    autocomplete="new-password";
            }
            button type="submit" { (words.register) }
        };
        let other = html! { (words.has_account) " " a href=(LOGIN) { (words.log_in) } };
        self.page(words.register, REGISTER, &form, &other)
    }

    fn email_field(&self) -> Markup {
        html! {
            label {
                span { (self.look.words.email) }
                input type="email" name="email" required maxlength="254" autocomplete="username" value=(self.email);
            }
        }
    }

    fn page(&self, title: &str, action: &str, fields: &Markup, other: &Markup) -> Markup {
        let content = html! {
            h1 { (title) }
            @if let Some(failure) = self.failure { p.note role="alert" { (failure) } }
            div.card { div.pad {
                form.stack method="post" action=(action) { (form_token(self.form_token)) (fields) }
                p.aside { (other) }
            } }
        };
        Page { look: self.look, title, visitor: None, narrow: true, content }.render()
    }
}
