//! How many failures in a row each provider key has had, counted from the attempts in the log. A process counts from its
//! start on; a success, or the key's disabling or enabling, begins anew.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::{
    id::{AttemptId, ProviderKeyId},
    job::JobEvent,
    provider_key::ProviderKeyEvent,
    stream::Event,
};

use super::tally::Tally;

/// How many attempts under way are remembered; the oldest is forgotten first.
const ATTEMPTS_AT_MOST: usize = 100_000;

/// The counts.
#[derive(Debug, Default)]
pub(super) struct Failures {
    /// Which key makes each attempt that is under way, oldest first: ids are ordered by their time.
    attempts: BTreeMap<AttemptId, ProviderKeyId>,
    in_a_row: BTreeMap<ProviderKeyId, u32>,
    tallies: BTreeMap<ProviderKeyId, Tally>,
}

impl Failures {
    /// Folds one event. True when a key has one failure more.
    pub(super) fn apply(&mut self, aggregate_id: &str, event: &Event, at: DateTime<Utc>) -> bool {
        match event {
            Event::Job(event) => self.apply_job(event, at),
            Event::ProviderKey(event) => self.apply_key(aggregate_id, event),
            _ => false,
        }
    }

    /// The keys that have failed since they last did well.
    pub(super) fn in_a_row(&self) -> Vec<(ProviderKeyId, u32)> {
        self.in_a_row.iter().map(|(key, failures)| (key.clone(), *failures)).collect()
    }

    /// How often a key has failed since it last did well.
    pub(super) fn of(&self, key_id: &ProviderKeyId) -> u32 {
        self.in_a_row.get(key_id).copied().unwrap_or_default()
    }

    /// How the last calls with a key went.
    pub(super) fn tally_of(&self, key_id: &ProviderKeyId) -> Tally {
        self.tallies.get(key_id).cloned().unwrap_or_default()
    }

    fn apply_job(&mut self, event: &JobEvent, at: DateTime<Utc>) -> bool {
        match event {
            JobEvent::AttemptStarted { attempt, .. } => {
                self.remember(&attempt.attempt_id, &attempt.provider_key_id);
                false
            }
            JobEvent::AttemptFailed { attempt_id, failure } => match self.attempts.remove(attempt_id) {
                Some(key) if failure.blames_upstream() => {
                    self.tally(&key).failed(&failure.code, at);
                    self.count(key)
                }
                // A pause of its own tells of it.
                Some(key) if failure.is_of_load() => {
                    self.tally(&key).failed(&failure.code, at);
                    false
                }
                Some(key) => self.answered(&key),
                None => false,
            },
            JobEvent::OutcomeUnknown { attempt_id, why } => match self.attempts.remove(attempt_id) {
                Some(key) if why.starts_with("upstream_") => {
                    self.tally(&key).failed(why, at);
                    self.count(key)
                }
                _ => false,
            },
            JobEvent::UpstreamAccepted { attempt_id, .. } | JobEvent::JobSucceeded { attempt_id, .. } => {
                self.attempts.remove(attempt_id).is_some_and(|key| self.answered(&key))
            }
            _ => false,
        }
    }

    fn apply_key(&mut self, aggregate_id: &str, event: &ProviderKeyEvent) -> bool {
        let Ok(key) = aggregate_id.parse::<ProviderKeyId>() else { return false };
        match event {
            ProviderKeyEvent::KeyCooledDown { .. } => self.count(key),
            ProviderKeyEvent::KeyDisabled { .. }
            | ProviderKeyEvent::KeyEnabled {}
            | ProviderKeyEvent::KeyRevoked {} => self.well(&key),
            _ => false,
        }
    }

    fn count(&mut self, key: ProviderKeyId) -> bool {
        let failures = self.in_a_row.entry(key).or_default();
        *failures = failures.saturating_add(1);
        true
    }

    fn answered(&mut self, key: &ProviderKeyId) -> bool {
        self.tally(key).answered();
        self.well(key)
    }

    fn tally(&mut self, key: &ProviderKeyId) -> &mut Tally {
        self.tallies.entry(key.clone()).or_default()
    }

    fn well(&mut self, key: &ProviderKeyId) -> bool {
        self.in_a_row.remove(key);
        false
    }

    fn remember(&mut self, attempt_id: &AttemptId, key: &ProviderKeyId) {
        if self.attempts.len() >= ATTEMPTS_AT_MOST {
            self.attempts.pop_first();
        }
        self.attempts.insert(attempt_id.clone(), key.clone());
    }
}

#[cfg(test)]
mod tests {
    use domain::job::{AttemptStart, Failure, Fate};
    use uuid::Uuid;

    use super::*;

    const AT: DateTime<Utc> = DateTime::UNIX_EPOCH;

    fn key() -> ProviderKeyId {
        ProviderKeyId::from_uuid(Uuid::from_u128(7))
    }

    fn attempt(number: u128) -> AttemptId {
        AttemptId::from_uuid(Uuid::from_u128(number))
    }

    fn after(code: Option<&str>, failures: &mut Failures, number: u128) -> u32 {
        let attempt_id = attempt(number);
        let (provider, upstream_model) = ("ark".to_owned(), "m".to_owned());
        let start = AttemptStart { attempt_id: attempt_id.clone(), provider, upstream_model, provider_key_id: key() };
        failures.apply("job", &Event::Job(JobEvent::AttemptStarted { number: 1, attempt: start }), AT);
        let end = match code {
            None => JobEvent::UpstreamAccepted { attempt_id, upstream_id: "t".into() },
            Some(code) => {
                let failure =
                    Failure { code: code.into(), fate: Fate::Retry, upstream_status: None, upstream_code: None };
                JobEvent::AttemptFailed { attempt_id, failure }
            }
        };
        // Delivered twice it counts once.
        failures.apply("job", &Event::Job(end.clone()), AT);
        failures.apply("job", &Event::Job(end), AT);
        failures.of(&key())
    }

    #[test]
    fn failures_in_a_row_are_those_of_upstream_since_the_last_success() {
        let mut failures = Failures::default();
        assert_eq!(after(Some("upstream_error"), &mut failures, 1), 1);
        assert_eq!(after(Some("upstream_timeout"), &mut failures, 2), 2);
        assert_eq!(after(Some("upstream_rate_limited"), &mut failures, 3), 2, "its pause tells of it");
        assert_eq!(after(Some("invalid_request"), &mut failures, 4), 0, "the key did well");
        assert_eq!(after(Some("upstream_error"), &mut failures, 5), 1);
        assert_eq!(after(None, &mut failures, 6), 0);
        let tally = failures.tally_of(&key());
        assert_eq!((tally.answers(), tally.calls()), (2, 6), "what was the request's own fault was answered");
        assert_eq!(tally.last_failure(), Some(("upstream_error", AT)));
    }

    #[test]
    fn pauses_count_and_a_disabling_begins_anew() {
        let mut failures = Failures::default();
        let (model, reason, until) = ("m".into(), "429".into(), chrono::DateTime::UNIX_EPOCH);
        let cooled = ProviderKeyEvent::KeyCooledDown { model, reason, until, pause_ms: 1 };
        assert!(failures.apply(key().as_str(), &Event::ProviderKey(cooled), AT));
        assert_eq!(failures.in_a_row(), [(key(), 1)]);
        let disabled = ProviderKeyEvent::KeyDisabled { reason: "r".into(), automatic: true, probe_at: None };
        assert!(!failures.apply(key().as_str(), &Event::ProviderKey(disabled), AT));
        assert_eq!(failures.in_a_row(), []);
    }

    #[test]
    fn what_a_dead_process_left_unknown_is_not_the_keys_fault() {
        let mut failures = Failures::default();
        after(None, &mut failures, 1);
        for (number, why, expected) in [(2, "its process is gone", 0), (3, "upstream_timeout", 1)] {
            failures.remember(&attempt(number), &key());
            let unknown = JobEvent::OutcomeUnknown { attempt_id: attempt(number), why: why.into() };
            failures.apply("job", &Event::Job(unknown), AT);
            assert_eq!(failures.of(&key()), expected, "{why}");
        }
    }

    #[test]
    fn only_so_many_attempts_are_remembered() {
        let mut failures = Failures::default();
        for number in 0..ATTEMPTS_AT_MOST + 10 {
            failures.remember(&attempt(number as u128), &key());
        }
        assert_eq!(failures.attempts.len(), ATTEMPTS_AT_MOST);
        assert!(!failures.attempts.contains_key(&attempt(9)), "the oldest goes first");
        let ended = JobEvent::UpstreamAccepted { attempt_id: attempt(10), upstream_id: "t".into() };
        failures.apply("job", &Event::Job(ended), AT);
        assert_eq!(failures.attempts.len(), ATTEMPTS_AT_MOST - 1, "of an attempt that has ended nothing stays");
    }
}
