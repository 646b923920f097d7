//! A provider: an upstream that we buy from, and where it is reached.

use serde::{Deserialize, Serialize};

use crate::decide::{Decide, aggregate, domain_event};

/// Where a provider is reached and how it is spoken to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderSettings {
    /// Its name in the catalog, such as `ark`.
    pub name: String,
    /// Which adapter speaks to it: `ark`, `openai` or `runway`.
    pub adapter: String,
    /// What stands before every path, without a slash at its end.
    pub base_url: String,
    /// How many failures in a row disable a key; [`FAILURES_TO_DISABLE`] unless set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failures_to_disable: Option<u32>,
}

/// How many failures in a row disable a key, unless its provider's settings say otherwise.
pub const FAILURES_TO_DISABLE: u32 = 5;

impl ProviderSettings {
    /// How many failures in a row disable a key.
    #[must_use]
    pub fn failures_to_disable(&self) -> u32 {
        self.failures_to_disable.unwrap_or(FAILURES_TO_DISABLE).max(1)
    }
}

/// A command to a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProviderCommand {
    /// Registers it, or changes its settings.
    RegisterProvider(ProviderSettings),
    /// Sends it nothing new.
    PauseProvider {
        /// Why.
        reason: String,
    },
    /// Sends it work again.
    ResumeProvider,
}

/// An event of a provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields are documented on the commands")]
pub enum ProviderEvent {
    ProviderRegistered(ProviderSettings),
    ProviderChanged(ProviderSettings),
    ProviderPaused { reason: String },
    ProviderResumed {},
}

domain_event!(ProviderEvent, "1", [ProviderRegistered, ProviderChanged, ProviderPaused, ProviderResumed]);

/// Why a provider refuses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// There is no such provider.
    #[error("the provider does not exist")]
    Absent,
    /// Not an http or https URL.
    #[error("a base URL begins with http:// or https://")]
    BaseUrl,
}

/// The state of a provider.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provider {
    settings: Option<ProviderSettings>,
    paused: Option<String>,
}

aggregate!(Provider, "provider", ProviderCommand, ProviderEvent, ProviderError);

impl Provider {
    /// Its settings, if it exists.
    #[must_use]
    pub const fn settings(&self) -> Option<&ProviderSettings> {
        self.settings.as_ref()
    }

    /// Why it gets nothing new, if so.
    #[must_use]
    pub fn paused(&self) -> Option<&str> {
        self.paused.as_deref()
    }

    fn evolve(&mut self, event: ProviderEvent) {
        match event {
            ProviderEvent::ProviderRegistered(settings) | ProviderEvent::ProviderChanged(settings) => {
                self.settings = Some(settings);
            }
            ProviderEvent::ProviderPaused { reason } => self.paused = Some(reason),
            ProviderEvent::ProviderResumed {} => self.paused = None,
        }
    }
}

impl Decide for Provider {
    fn decide(&self, command: &ProviderCommand) -> Result<Vec<ProviderEvent>, ProviderError> {
        match command.clone() {
            ProviderCommand::RegisterProvider(settings) => {
                if !settings.base_url.starts_with("http://") && !settings.base_url.starts_with("https://") {
                    return Err(ProviderError::BaseUrl);
                }
                match &self.settings {
                    None => Ok(vec![ProviderEvent::ProviderRegistered(settings)]),
                    Some(earlier) if *earlier == settings => Ok(vec![]),
                    Some(_) => Ok(vec![ProviderEvent::ProviderChanged(settings)]),
                }
            }
            _ if self.settings.is_none() => Err(ProviderError::Absent),
            ProviderCommand::PauseProvider { reason } if self.paused.is_none() => {
                Ok(vec![ProviderEvent::ProviderPaused { reason }])
            }
            ProviderCommand::ResumeProvider if self.paused.is_some() => Ok(vec![ProviderEvent::ProviderResumed {}]),
            ProviderCommand::PauseProvider { .. } | ProviderCommand::ResumeProvider => Ok(vec![]),
        }
    }
}

#[cfg(test)]
mod tests {
    use cqrs_es::test::TestFramework;

    use super::*;

    fn settings(base_url: &str) -> ProviderSettings {
        ProviderSettings {
            name: "ark".into(),
            adapter: "ark".into(),
            base_url: base_url.into(),
            failures_to_disable: None,
        }
    }

    fn register(base_url: &str) -> ProviderCommand {
        ProviderCommand::RegisterProvider(settings(base_url))
    }

    fn registered() -> ProviderEvent {
        ProviderEvent::ProviderRegistered(settings("https://a.example"))
    }

    /// The command leads to this event, and sent again to none.
    fn once(given: &[ProviderEvent], when: ProviderCommand, then: &ProviderEvent) {
        let framework = || TestFramework::<Provider>::with(()).given(given.to_vec());
        framework().when(when.clone()).then_expect_events(vec![then.clone()]);
        framework().and(vec![then.clone()]).when(when).then_expect_events(vec![]);
    }

    fn refused(when: ProviderCommand, then: ProviderError) {
        TestFramework::<Provider>::with(()).given_no_previous_events().when(when).then_expect_error(then);
    }

    #[test]
    fn a_provider_is_registered_once_and_again_with_other_settings() {
        once(&[], register("https://a.example"), &registered());
        let changed = ProviderEvent::ProviderChanged(settings("http://b.example"));
        once(&[registered()], register("http://b.example"), &changed);
    }

    #[test]
    fn a_base_url_is_one() {
        for base_url in ["", "ark.example", "ftp://ark.example", "file:///etc/passwd"] {
            refused(register(base_url), ProviderError::BaseUrl);
        }
    }

    #[test]
    fn a_provider_is_paused_and_resumed_once() {
        let paused = ProviderEvent::ProviderPaused { reason: "an incident".into() };
        let pause = ProviderCommand::PauseProvider { reason: "an incident".into() };
        once(&[registered()], pause.clone(), &paused);
        once(&[registered(), paused], ProviderCommand::ResumeProvider, &ProviderEvent::ProviderResumed {});
        refused(pause, ProviderError::Absent);
        refused(ProviderCommand::ResumeProvider, ProviderError::Absent);
    }
}
