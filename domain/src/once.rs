//! Once-only keys: a top-up's reference and an `Idempotency-Key` are streams of their own.
//!
//! Their first event stands in the same unit as what they guard, and the log's primary key makes it unique across
//! processes. So the account may forget them, and a replay is found however late it comes.

use serde::{Deserialize, Serialize};

use crate::decide::{Decide, aggregate, domain_event};

/// The command to a once-only key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OnceCommand {
    /// Uses the key up.
    UseKey {
        /// What it guards: the id of a job, or of a tenant that was credited.
        subject: String,
        /// The hash of the whole request, so that the same key with another request is told apart.
        fingerprint: String,
    },
}

/// The event of a once-only key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields are documented on the command")]
pub enum OnceEvent {
    KeyUsed { subject: String, fingerprint: String },
}

domain_event!(OnceEvent, "1", [KeyUsed]);

/// Why a once-only key refuses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OnceError {
    /// The same request was made before.
    #[error("the request was made before, for {subject}")]
    Replayed {
        /// What it led to.
        subject: String,
    },
    /// The key was used for another request.
    #[error("the key was used for another request")]
    UsedForAnother,
}

/// The state of a once-only key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Once {
    used: Option<(String, String)>,
}

aggregate!(Once, "once", OnceCommand, OnceEvent, OnceError);

impl Once {
    /// What the key guards, once it is used.
    #[must_use]
    pub fn subject(&self) -> Option<&str> {
        self.used.as_ref().map(|(subject, _)| subject.as_str())
    }

    fn evolve(&mut self, event: OnceEvent) {
        let OnceEvent::KeyUsed { subject, fingerprint } = event;
        self.used = Some((subject, fingerprint));
    }
}

impl Decide for Once {
    fn decide(&self, command: &OnceCommand) -> Result<Vec<OnceEvent>, OnceError> {
        let OnceCommand::UseKey { subject, fingerprint } = command.clone();
        match &self.used {
            None => Ok(vec![OnceEvent::KeyUsed { subject, fingerprint }]),
            Some((earlier, same)) if *same == fingerprint => Err(OnceError::Replayed { subject: earlier.clone() }),
            Some(_) => Err(OnceError::UsedForAnother),
        }
    }
}

#[cfg(test)]
mod tests {
    use cqrs_es::test::TestFramework;

    use super::*;

    fn use_key(subject: &str, fingerprint: &str) -> OnceCommand {
        OnceCommand::UseKey { subject: subject.into(), fingerprint: fingerprint.into() }
    }

    fn used() -> OnceEvent {
        OnceEvent::KeyUsed { subject: "job_1".into(), fingerprint: "f".into() }
    }

    #[test]
    fn a_key_is_used_once() {
        TestFramework::<Once>::with(())
            .given_no_previous_events()
            .when(use_key("job_1", "f"))
            .then_expect_events(vec![used()]);
    }

    #[test]
    fn the_same_request_again_names_what_it_led_to() {
        TestFramework::<Once>::with(())
            .given(vec![used()])
            .when(use_key("job_2", "f"))
            .then_expect_error(OnceError::Replayed { subject: "job_1".into() });
    }

    #[test]
    fn another_request_under_the_key_is_refused() {
        TestFramework::<Once>::with(())
            .given(vec![used()])
            .when(use_key("job_2", "g"))
            .then_expect_error(OnceError::UsedForAnother);
    }
}
