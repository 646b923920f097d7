//! What a unit comes to: its steps are decided on the working state, and what they write is encoded. Nothing is changed
//! here, so that a unit which is refused in its last step leaves nothing behind.

use std::{borrow::Cow, sync::Arc};

use chrono::{DateTime, SecondsFormat, Utc};
use domain::{
    stream::{EncodedEvent, Event, Refusal, State},
    unit::Step,
};
use serde::Serialize;
use uuid::Uuid;

use super::hot::HotStreams;
use crate::{
    proof::Hash,
    version::{StreamKey, Version},
    work::Work,
};

/// The stream that a step is for.
pub(crate) fn key_of(step: &Step) -> StreamKey {
    StreamKey { aggregate_type: step.command.aggregate_type(), aggregate_id: step.aggregate_id.as_str().into() }
}

/// The last event that a decision was made on, by number and leaf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Point {
    pub(super) key: StreamKey,
    pub(super) sequence: i64,
    pub(super) leaf: Option<Hash>,
}

/// What the steps of a unit come to.
pub(super) enum Decided {
    /// These events, each with the place of the point that its stream was found at.
    Events(Vec<Point>, Vec<(usize, Event)>),
    /// Nothing: it was done before.
    Already(Vec<Point>),
    /// Nothing: a step is refused.
    Refused(Vec<Point>, Refusal),
    /// These streams have to be read first.
    Cold(Vec<StreamKey>),
}

/// What the steps of a unit came to so far. Nothing of it is seen outside before all of them are decided.
#[derive(Default)]
struct Scratch<'hot> {
    streams: Vec<Touched<'hot>>,
    /// Each with the place of its stream.
    events: Vec<(usize, Event)>,
}

/// A stream of a unit. Its number and leaf stay those that were found.
struct Touched<'hot> {
    key: StreamKey,
    /// Copied only when a second step of the unit meets what the first has decided.
    version: Cow<'hot, Version>,
    /// How many of the unit's events its state has seen.
    seen: usize,
}

impl<'hot> Scratch<'hot> {
    /// The place of a stream among those of the unit, taken from memory at its first step. None is cold.
    fn stream(&mut self, hot: &'hot HotStreams, step: &Step) -> Option<usize> {
        let key = key_of(step);
        if let Some(known) = self.streams.iter().position(|earlier| earlier.key == key) {
            return Some(known);
        }
        let version = match hot.working(&key) {
            Some(version) => Cow::Borrowed(version),
            None if step.fresh => Cow::Owned(key.initial()),
            None => return None,
        };
        self.streams.push(Touched { key, version, seen: 0 });
        Some(self.streams.len() - 1)
    }

    /// The state of a stream after all that the unit has decided so far.
    fn state(&mut self, stream: usize) -> &State {
        let touched = &mut self.streams[stream];
        for (of, event) in &self.events[touched.seen..] {
            if *of == stream {
                Arc::make_mut(&mut touched.version.to_mut().state).apply(event.clone());
            }
        }
        touched.seen = self.events.len();
        &touched.version.state
    }

    fn points(&self) -> Vec<Point> {
        let point = |touched: &Touched<'_>| Point {
            key: touched.key.clone(),
            sequence: touched.version.sequence,
            leaf: touched.version.leaf,
        };
        self.streams.iter().map(point).collect()
    }
}

/// Decides the steps of a unit in their order, each on what those before it have decided. Changes nothing.
pub(super) fn decide(hot: &HotStreams, work: &Work) -> Decided {
    let mut scratch = Scratch::default();
    for (number, step) in work.unit.steps.iter().enumerate() {
        let Some(stream) = scratch.stream(hot, step) else { return Decided::Cold(cold_streams(hot, work)) };
        let events = match scratch.state(stream).decide(&step.command) {
            Ok(events) => events,
            Err(refusal) => return Decided::Refused(scratch.points(), refusal),
        };
        if number == work.unit.key && events.is_empty() {
            return Decided::Already(scratch.points());
        }
        scratch.events.extend(events.into_iter().map(|event| (stream, event)));
    }
    let points = scratch.points();
    if scratch.events.is_empty() { Decided::Already(points) } else { Decided::Events(points, scratch.events) }
}

fn cold_streams(hot: &HotStreams, work: &Work) -> Vec<StreamKey> {
    let cold = work.unit.steps.iter().filter(|step| !step.fresh).map(key_of);
    cold.filter(|key| hot.working(key).is_none()).collect()
}

/// What a unit would write if it were decided now, encoded while it waits for the lock, so that others wait less for
/// it. Under the lock it is decided again: of the draft only what turned out the same is used.
#[derive(Debug, Default)]
pub(super) struct Draft {
    metadata: Option<Arc<str>>,
    events: Vec<(Event, EncodedEvent)>,
}

/// What a unit writes: its events, each with the place of its stream.
pub(super) struct Written {
    pub(super) metadata: Arc<str>,
    pub(super) events: Vec<(usize, Event, EncodedEvent)>,
}

impl Draft {
    pub(super) fn of(work: &Work, events: Vec<(usize, Event)>, now: DateTime<Utc>) -> Self {
        let encode = |(_, event): (usize, Event)| {
            let encoded = event.encode();
            (event, encoded)
        };
        Self { metadata: Some(describe(work, now)), events: events.into_iter().map(encode).collect() }
    }

    /// What is written of a unit that has come to these events.
    pub(super) fn complete(self, work: &Work, events: Vec<(usize, Event)>, now: DateTime<Utc>) -> Written {
        let mut drafted = self.events.into_iter();
        let encode = |(stream, event): (usize, Event)| {
            let same = drafted.next().filter(|(draft, _)| *draft == event);
            let encoded = same.map_or_else(|| event.encode(), |(_, encoded)| encoded);
            (stream, event, encoded)
        };
        let events = events.into_iter().map(encode).collect();
        Written { metadata: self.metadata.unwrap_or_else(|| describe(work, now)), events }
    }
}

#[derive(Serialize)]
struct Metadata<'a> {
    actor: &'a str,
    occurred_at: String,
    request_id: &'a str,
    unit_id: String,
}

fn describe(work: &Work, now: DateTime<Utc>) -> Arc<str> {
    let metadata = Metadata {
        actor: &work.context.actor,
        occurred_at: now.to_rfc3339_opts(SecondsFormat::Micros, true),
        request_id: &work.context.request_id,
        unit_id: Uuid::new_v4().simple().to_string(),
    };
    serde_json::to_string(&metadata).expect("text is JSON").into()
}

#[cfg(test)]
mod tests {
    use domain::{
        Credits,
        account::{AccountCommand, AccountEvent},
        unit::Unit,
    };

    use super::*;
    use crate::work::{Context, Side};

    fn recharged(micro: i64, reference: &str) -> Event {
        let amount = Credits::from_micro(micro);
        Event::Account(AccountEvent::CreditsRecharged { amount, source: "card".into(), reference: reference.into() })
    }

    #[test]
    fn of_a_draft_only_what_turned_out_the_same_is_written() {
        let unit = Unit::of("t", AccountCommand::OpenAccount);
        let context = Context { actor: "a".into(), request_id: "r".into() };
        let work = Work { unit, context, side: Side::default() };
        let drafted = vec![(0, recharged(1, "one")), (0, recharged(2, "two"))];
        let draft = Draft::of(&work, drafted, DateTime::UNIX_EPOCH);
        let came_to = vec![(0, recharged(1, "one")), (0, recharged(3, "two")), (0, recharged(4, "three"))];
        let written = draft.complete(&work, came_to.clone(), Utc::now());
        assert!(written.metadata.contains("1970-01-01"), "{}", written.metadata);
        let fresh: Vec<_> =
            came_to.into_iter().map(|(stream, event)| (stream, event.clone(), event.encode())).collect();
        assert_eq!(written.events, fresh);
    }
}
