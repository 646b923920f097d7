//! One type for the state, the commands and the events of every aggregate, so that one unit of work may touch several.
//!
//! The list stands once, in the macro call below. Nothing else needs to change when an aggregate is added.

use cqrs_es::{Aggregate, DomainEvent};

use crate::{
    account::{Account, AccountCommand},
    decide::Decide,
    job::{Job, JobCommand},
    model::{Model, ModelCommand},
    once::{Once, OnceCommand},
    provider::{Provider, ProviderCommand},
    provider_key::{ProviderKey, ProviderKeyCommand},
    tenant::{Tenant, TenantCommand},
};

/// An event as it is written: its type, version and JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedEvent {
    /// The name of the variant.
    pub event_type: String,
    /// The version of its schema.
    pub event_version: String,
    /// The event as JSON, the way cqrs-es reads it.
    pub payload: String,
}

/// Why a stored event or state can't be read: the code is older than the log.
#[derive(Debug, thiserror::Error)]
#[error("a stored {what} of type {aggregate_type} can't be read")]
pub struct DecodeError {
    /// The aggregate's type.
    pub aggregate_type: String,
    /// `event` or `state`.
    pub what: &'static str,
    /// What the reader said.
    #[source]
    pub source: Option<serde_json::Error>,
}

fn encode<E: DomainEvent>(event: &E) -> EncodedEvent {
    EncodedEvent {
        event_type: event.event_type(),
        event_version: event.event_version(),
        payload: serde_json::to_string(event).expect("an event of plain data is JSON"),
    }
}

fn unreadable<A: Aggregate>(what: &'static str) -> impl FnOnce(serde_json::Error) -> DecodeError {
    move |source| DecodeError { aggregate_type: A::TYPE.to_owned(), what, source: Some(source) }
}

macro_rules! streams {
    ($($(#[$doc:meta])* $variant:ident($aggregate:ty, $command:ty);)*) => {
        /// The state of an aggregate of any type.
        #[derive(Clone, Debug, PartialEq)]
        pub enum State { $($(#[$doc])* $variant($aggregate)),* }

        /// A command to an aggregate of any type.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Command { $($(#[$doc])* $variant($command)),* }

        /// An event of an aggregate of any type.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Event { $($(#[$doc])* $variant(<$aggregate as Aggregate>::Event)),* }

        /// A refusal by an aggregate of any type.
        #[derive(Clone, Debug, PartialEq, thiserror::Error)]
        pub enum Refusal { $($(#[$doc])* #[error(transparent)] $variant(#[from] <$aggregate as Aggregate>::Error)),* }

        impl State {
            /// The state before the first event, by the aggregate's type.
            ///
            /// # Errors
            /// When no aggregate has this type.
            pub fn initial(aggregate_type: &str) -> Result<Self, DecodeError> {
                $(if aggregate_type == <$aggregate>::TYPE { return Ok(Self::$variant(Default::default())); })*
                Err(DecodeError { aggregate_type: aggregate_type.to_owned(), what: "state", source: None })
            }

            /// The aggregate's type.
            #[must_use]
            pub fn aggregate_type(&self) -> &'static str {
                match self { $(Self::$variant(_) => <$aggregate>::TYPE),* }
            }

            /// Decides a command, without changing the state.
            ///
            /// # Errors
            /// The refusal of the aggregate.
            ///
            /// # Panics
            /// When the command is for another type: the store pairs them.
            pub fn decide(&self, command: &Command) -> Result<Vec<Event>, Refusal> {
                match (self, command) {
                    $((Self::$variant(state), Command::$variant(command)) => {
                        Ok(state.decide(command)?.into_iter().map(Event::$variant).collect())
                    })*
                    _ => unreachable!("a command meets an aggregate of its own type"),
                }
            }

            /// Applies an event that was decided or read.
            ///
            /// # Panics
            /// When the event is of another type: the store pairs them.
            pub fn apply(&mut self, event: Event) {
                match (self, event) {
                    $((Self::$variant(state), Event::$variant(event)) => state.apply(event),)*
                    _ => unreachable!("an event meets an aggregate of its own type"),
                }
            }

            /// The state as JSON, for a snapshot.
            #[must_use]
            pub fn encode(&self) -> String {
                let json = match self { $(Self::$variant(state) => serde_json::to_string(state)),* };
                json.expect("a state of plain data is JSON")
            }

            /// The state from a snapshot's JSON.
            ///
            /// # Errors
            /// When it was written by other code.
            pub fn decode(aggregate_type: &str, json: &str) -> Result<Self, DecodeError> {
                $(if aggregate_type == <$aggregate>::TYPE {
                    return serde_json::from_str(json).map(Self::$variant).map_err(unreadable::<$aggregate>("state"));
                })*
                Err(DecodeError { aggregate_type: aggregate_type.to_owned(), what: "state", source: None })
            }
        }

        impl Command {
            /// The type of the aggregate that it is for.
            #[must_use]
            pub fn aggregate_type(&self) -> &'static str {
                match self { $(Self::$variant(_) => <$aggregate>::TYPE),* }
            }
        }

        impl Event {
            /// The event as it is written.
            #[must_use]
            pub fn encode(&self) -> EncodedEvent {
                match self { $(Self::$variant(event) => encode(event)),* }
            }

            /// The event from what was written.
            ///
            /// # Errors
            /// When no aggregate has this type or its events have another form.
            pub fn decode(aggregate_type: &str, payload: &str) -> Result<Self, DecodeError> {
                $(if aggregate_type == <$aggregate>::TYPE {
                    return serde_json::from_str(payload).map(Self::$variant).map_err(unreadable::<$aggregate>("event"));
                })*
                Err(DecodeError { aggregate_type: aggregate_type.to_owned(), what: "event", source: None })
            }
        }

        $(impl From<$command> for Command {
            fn from(command: $command) -> Self {
                Self::$variant(command)
            }
        }

        impl TryFrom<State> for $aggregate {
            type Error = State;

            fn try_from(state: State) -> Result<Self, State> {
                match state {
                    State::$variant(state) => Ok(state),
                    other => Err(other),
                }
            }
        })*
    };
}

streams! {
    /// A tenant's account.
    Account(Account, AccountCommand);
    /// A job.
    Job(Job, JobCommand);
    /// A model of the catalog.
    Model(Model, ModelCommand);
    /// A once-only key.
    Once(Once, OnceCommand);
    /// A provider.
    Provider(Provider, ProviderCommand);
    /// A provider key.
    ProviderKey(ProviderKey, ProviderKeyCommand);
    /// A tenant.
    Tenant(Tenant, TenantCommand);
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::account::AccountEvent;

    #[rstest]
    fn every_type_has_a_first_state_that_is_read_back(
        #[values("account", "job", "model", "once", "provider", "provider_key", "tenant")] aggregate_type: &str,
    ) {
        let state = State::initial(aggregate_type).expect("a type of ours");
        assert_eq!(state.aggregate_type(), aggregate_type);
        assert_eq!(State::decode(aggregate_type, &state.encode()).expect("a state"), state);
    }

    #[test]
    fn a_type_that_is_not_ours_is_an_error() {
        assert!(State::initial("invoice").is_err());
        assert!(State::decode("invoice", "{}").is_err());
        assert!(Event::decode("invoice", "{}").is_err());
    }

    #[test]
    fn deciding_changes_nothing_until_the_events_are_applied() {
        let mut state = State::initial("account").expect("a type of ours");
        let open = Command::from(AccountCommand::OpenAccount);
        let events = state.decide(&open).expect("events");
        assert_eq!(state, State::initial("account").expect("a type of ours"));
        events.into_iter().for_each(|event| state.apply(event));
        assert_eq!(state.decide(&open), Ok(vec![]));
        assert!(Account::try_from(state).is_ok_and(|account| account.is_open()));
    }

    #[test]
    fn an_event_is_written_with_its_name_and_version() {
        let encoded = Event::Account(AccountEvent::AccountOpened {}).encode();
        let EncodedEvent { event_type, event_version, payload } = encoded;
        assert_eq!((&*event_type, &*event_version, &*payload), ("AccountOpened", "1", r#"{"AccountOpened":{}}"#));
    }

    #[test]
    fn a_snapshot_by_other_code_is_an_error() {
        let error = State::decode("account", r#"{"open":true}"#).expect_err("fields are missing");
        assert_eq!(error.to_string(), "a stored state of type account can't be read");
    }
}
