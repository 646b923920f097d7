//! The shape of every aggregate here: it decides first and only then writes.
//!
//! cqrs-es mutates an aggregate while its handler writes. `decide` returns all events before the first one is applied,
//! so a refusal never leaves half a decision behind; it does no IO, and asks no service.

use cqrs_es::Aggregate;

/// An aggregate that decides on a reference: `Ok(vec![])` means *already done*, an error means *refused*.
pub trait Decide: Aggregate<Services = ()> + Clone {
    /// The events that the command leads to, in order.
    ///
    /// # Errors
    /// A refusal, which leaves the state as it was.
    fn decide(&self, command: &Self::Command) -> Result<Vec<Self::Event>, Self::Error>;
}

/// Implements cqrs-es's `Aggregate` on top of `Decide` and of an inherent `fn evolve(&mut self, event: Event)`.
macro_rules! aggregate {
    ($aggregate:ty, $type_name:literal, $command:ty, $event:ty, $error:ty) => {
        impl cqrs_es::Aggregate for $aggregate {
            const TYPE: &'static str = $type_name;
            type Command = $command;
            type Event = $event;
            type Error = $error;
            type Services = ();

            async fn handle(
                &mut self,
                command: Self::Command,
                (): &Self::Services,
                sink: &cqrs_es::event_sink::EventSink<Self>,
            ) -> Result<(), Self::Error> {
                for event in $crate::decide::Decide::decide(self, &command)? {
                    sink.write(event, self).await;
                }
                Ok(())
            }

            fn apply(&mut self, event: Self::Event) {
                self.evolve(event);
            }
        }
    };
}

/// Implements cqrs-es's `DomainEvent` for an event enum: the type is the variant's name, the version the given one.
macro_rules! domain_event {
    ($event:ident, $version:literal, [$($variant:ident),+ $(,)?]) => {
        impl cqrs_es::DomainEvent for $event {
            fn event_type(&self) -> String {
                match self {
                    $(Self::$variant { .. } => stringify!($variant).to_owned(),)+
                }
            }

            fn event_version(&self) -> String {
                $version.to_owned()
            }
        }
    };
}

pub(crate) use {aggregate, domain_event};
