//! The form of a new API key, as it was sent: what is left empty sets no limit.

use std::str::FromStr;

use chrono_tz::Tz;
use domain::Credits;

use super::ledger::start_of;
use crate::{
    error::{ApiError, ApiResult},
    keys::create::NewKey,
};

/// The names and texts of the form.
pub struct KeyForm(pub Vec<(String, String)>);

impl KeyForm {
    /// A text; empty when there is none.
    pub fn text(&self, name: &str) -> &str {
        self.0.iter().find(|(given, _)| given == name).map_or("", |(_, text)| text.trim())
    }

    /// The key that is asked for. It expires at the beginning of the day that was given, in the zone of who gave it.
    ///
    /// # Errors
    /// `invalid_parameter`.
    pub fn new_key(&self, zone: Tz) -> ApiResult<NewKey> {
        let models =
            self.text("models").split([',', '\u{ff0c}', '\n']).map(str::trim).filter(|model| !model.is_empty());
        let scopes = self.0.iter().filter(|(name, _)| name == "scope").map(|(_, scope)| scope.clone());
        Ok(NewKey {
            name: self.text("name").to_owned(),
            scopes: scopes.collect(),
            models: models.map(str::to_owned).collect(),
            budget: self.credits("budget")?,
            budget_per_day: self.credits("budget_per_day")?,
            budget_per_month: self.credits("budget_per_month")?,
            requests_per_minute: self.number("requests_per_minute")?,
            tokens_per_minute: self.number("tokens_per_minute")?,
            concurrent_jobs: self.number("concurrent_jobs")?,
            expires_at: start_of("expires_on", self.text("expires_on"), 0, zone)?,
        })
    }

    fn credits(&self, name: &str) -> ApiResult<Option<Credits>> {
        self.parsed(name, "a budget is an amount such as 12.5")
    }

    fn number<T: FromStr>(&self, name: &str) -> ApiResult<Option<T>> {
        self.parsed(name, "a limit is a whole number")
    }

    fn parsed<T: FromStr>(&self, name: &str, wrong: &'static str) -> ApiResult<Option<T>> {
        let text = Some(self.text(name)).filter(|text| !text.is_empty());
        text.map(|text| text.parse().map_err(|_| ApiError::parameter(name, wrong))).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(pairs: &[(&str, &str)]) -> KeyForm {
        KeyForm(pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect())
    }

    #[test]
    fn what_is_left_empty_sets_no_limit() {
        let sent = [
            ("name", " ci "),
            ("scope", "generate"),
            ("scope", "jobs"),
            ("models", "a, b"),
            ("budget", "1.5"),
            ("budget_per_day", ""),
            ("concurrent_jobs", "4"),
            ("expires_on", "2026-12-01"),
        ];
        let key = form(&sent).new_key(chrono_tz::Asia::Shanghai).expect("a key");
        assert_eq!((key.name.as_str(), key.scopes.len(), key.models), ("ci", 2, vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!(
            (key.budget.map(Credits::micro), key.budget_per_day, key.concurrent_jobs),
            (Some(1_500_000), None, Some(4))
        );
        assert_eq!(key.expires_at.map(|at| at.to_rfc3339()).as_deref(), Some("2026-11-30T16:00:00+00:00"));
        assert!(form(&[("budget", "much")]).new_key(chrono_tz::UTC).is_err());
    }
}
