//! A batch: units decided on the working state, their events, guards and side rows, and the callers who wait.

use std::{collections::HashMap, ops::Range, sync::Arc};

use chrono::{DateTime, SecondsFormat, Utc};
use domain::{
    stream::{EncodedEvent, Event, Refusal},
    unit::Step,
};
use serde::Serialize;
use tokio::sync::oneshot;
use uuid::Uuid;

use super::{Answer, BATCH_EVENTS, BATCH_UNITS, columns::Columns, flush::End, hot::HotStreams};
use crate::{
    proof::{self, Hash, LeafParts},
    version::{StreamKey, Version},
    work::{Committed, OutboxRow, Recorded, TimerChange, Work},
};

/// The most callers that one task answers.
const ANSWERS_AT_ONCE: usize = 64;

/// A unit that waits for its answer.
#[derive(Debug)]
pub(crate) struct Pending {
    pub(crate) work: Work,
    /// What the caller read of streams that were cold.
    pub(crate) brought: Vec<(StreamKey, Version)>,
    pub(crate) reply: Option<oneshot::Sender<Answer>>,
}

/// On the heap, so that queues, batches and answers move a pointer.
pub(crate) type Waiting = Box<Pending>;

impl Pending {
    pub(super) fn keys(&self) -> Vec<StreamKey> {
        self.work.unit.steps.iter().map(key_of).collect()
    }

    /// Whether nobody waits for the answer any more. Such a unit was not sent, and need not be.
    pub(super) fn is_abandoned(&self) -> bool {
        self.reply.as_ref().is_none_or(oneshot::Sender::is_closed)
    }

    pub(super) fn answer(mut self: Box<Self>, answer: Answer) {
        if let Some(reply) = self.reply.take() {
            // A caller who has gone does not mind.
            drop(reply.send(answer));
        }
    }

    /// Sends the caller to read everything again.
    pub(super) fn reload(mut self: Box<Self>) {
        let keys = self.keys();
        self.brought.clear();
        self.bring(keys);
    }

    /// Sends the caller to read these streams.
    fn bring(mut self: Box<Self>, keys: Vec<StreamKey>) {
        if let Some(reply) = self.reply.take() {
            drop(reply.send(Answer::Cold(keys, self)));
        }
    }
}

/// The stream that a step is for.
pub(crate) fn key_of(step: &Step) -> StreamKey {
    StreamKey { aggregate_type: step.command.aggregate_type(), aggregate_id: step.aggregate_id.as_str().into() }
}

/// An event that was decided, and what is written of it.
pub(super) struct NewEvent {
    pub(super) kept: KeptEvent,
    pub(super) encoded: EncodedEvent,
    pub(super) leaf: Hash,
}

/// What stays of an event in memory until its append is answered.
pub(super) struct KeptEvent {
    pub(super) key: StreamKey,
    pub(super) sequence: i64,
    pub(super) event: Event,
    pub(super) metadata: Arc<str>,
}

/// The last event that a decision was made on, by number and leaf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Point {
    pub(super) key: StreamKey,
    pub(super) sequence: i64,
    pub(super) leaf: Option<Hash>,
}

impl Point {
    fn of(key: &StreamKey, version: &Version) -> Self {
        Self { key: key.clone(), sequence: version.sequence, leaf: version.leaf }
    }
}

/// What a unit came to.
pub(super) enum Outcome {
    /// These of the batch's events.
    Appended(Range<usize>),
    /// Nothing to append: done already, or refused. True only while these points are the last of their streams.
    Rests(Vec<Point>, Option<Refusal>),
    /// Nothing yet: it is decided under the lock.
    Undecided,
}

pub(super) struct Waiter {
    pub(super) pending: Waiting,
    pub(super) outcome: Outcome,
}

pub(super) struct Batch {
    pub(super) id: Uuid,
    pub(super) events: Vec<KeptEvent>,
    /// The same, as they are written.
    pub(super) columns: Columns,
    /// For each touched stream, the event that this batch continues.
    pub(super) guards: HashMap<StreamKey, Point>,
    /// The version of each touched stream that this batch leaves.
    pub(super) after: HashMap<StreamKey, Version>,
    pub(super) timers: HashMap<String, TimerChange>,
    pub(super) waiters: Vec<Waiter>,
}

#[derive(Serialize)]
struct Metadata<'a> {
    actor: &'a str,
    occurred_at: String,
    request_id: &'a str,
    unit_id: String,
}

/// A unit's versions while it is decided; dropped whole when a later step refuses.
#[derive(Default)]
struct Scratch {
    /// The stream, the version that was found, and the one that the unit has made of it.
    streams: Vec<(StreamKey, Version, Version)>,
    events: Vec<NewEvent>,
}

enum Decided {
    Events(Scratch),
    Already(Scratch),
    Refused(Scratch, Refusal),
    Cold(Vec<StreamKey>),
}

impl Batch {
    pub(super) fn new() -> Self {
        Self {
            id: Uuid::new_v4(),
            events: Vec::new(),
            columns: Columns::new(),
            guards: HashMap::new(),
            after: HashMap::new(),
            timers: HashMap::new(),
            waiters: Vec::new(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiters.is_empty()
    }

    pub(super) fn units(&self) -> usize {
        self.waiters.len()
    }

    pub(super) fn is_full(&self) -> bool {
        self.units() >= BATCH_UNITS || self.events.len() >= BATCH_EVENTS
    }

    /// Keeps units undecided: for the lock, or to be started over.
    pub(super) fn park(&mut self, units: impl IntoIterator<Item = Waiting>) {
        let undecided = |pending| Waiter { pending, outcome: Outcome::Undecided };
        self.waiters.extend(units.into_iter().map(undecided));
    }

    /// Keeps a unit for the lock, or sends its caller to read what is cold: nobody else should wait for that.
    pub(super) fn park_for_lock(&mut self, hot: &mut HotStreams, mut pending: Waiting) {
        hot.admit_all(&mut pending.brought);
        let cold = cold_streams(hot, &pending.work);
        if cold.is_empty() { self.park([pending]) } else { pending.bring(cold) }
    }

    pub(super) fn into_pending(self) -> Vec<Waiting> {
        self.waiters.into_iter().map(|waiter| waiter.pending).collect()
    }

    /// Decides a unit and adds it, or sends its caller to read what is cold.
    pub(super) fn decide(&mut self, hot: &mut HotStreams, mut pending: Waiting, now: DateTime<Utc>) {
        hot.admit_all(&mut pending.brought);
        let outcome = match decide_steps(hot, &pending.work, now) {
            Decided::Cold(keys) => return pending.bring(keys),
            Decided::Events(scratch) => Outcome::Appended(self.adopt(hot, scratch, &pending.work)),
            Decided::Already(scratch) => Outcome::Rests(scratch.points(), None),
            Decided::Refused(scratch, refusal) => Outcome::Rests(scratch.points(), Some(refusal)),
        };
        self.waiters.push(Waiter { pending, outcome });
    }

    fn adopt(&mut self, hot: &mut HotStreams, scratch: Scratch, work: &Work) -> Range<usize> {
        let start = self.events.len();
        for event in scratch.events {
            self.columns.push(&event);
            self.events.push(event.kept);
        }
        for (key, found, version) in scratch.streams {
            // A stream that was only read is guarded too: the unit rests on it.
            self.guards.entry(key.clone()).or_insert_with(|| Point::of(&key, &found));
            if version.sequence > found.sequence {
                hot.admit(key.clone(), found);
                hot.work_on(&key, version.clone());
                self.after.insert(key, version);
            }
        }
        if let Some(timer) = &work.side.timer {
            self.timers.insert(timer.reference().to_owned(), timer.clone());
        }
        start..self.events.len()
    }

    /// The side rows of the units that append something.
    pub(super) fn outbox(&self) -> impl Iterator<Item = &OutboxRow> {
        self.appending().flat_map(|work| &work.side.outbox)
    }

    pub(super) fn appending(&self) -> impl Iterator<Item = &Work> {
        let appended = |waiter: &&Waiter| matches!(waiter.outcome, Outcome::Appended(_));
        self.waiters.iter().filter(appended).map(|waiter| &waiter.pending.work)
    }

    /// Whether an appending unit also rests on a stream that this batch leaves as it is. No guard can tell that such
    /// a stream has not moved on, so the batch has to be decided under the lock.
    pub(super) fn needs_lock(&self) -> bool {
        self.guards.keys().any(|key| !self.after.contains_key(key))
    }

    /// The points that answers rest on and that this batch appends nothing to.
    pub(super) fn unguarded_points(&self) -> Vec<Point> {
        let mut points: HashMap<&StreamKey, &Point> = HashMap::new();
        for waiter in &self.waiters {
            if let Outcome::Rests(rests, _) = &waiter.outcome {
                // A guard alone says that the point was there, an event that follows it that it was the last.
                let unguarded = rests.iter().filter(|point| !self.after.contains_key(&point.key));
                points.extend(unguarded.map(|point| (&point.key, point)));
            }
        }
        points.into_values().cloned().collect()
    }

    /// Answers every caller of a durable batch. Returns those whose answer rests on a point that was overtaken.
    pub(super) fn answer(self, end: &End) -> Vec<Waiting> {
        let count = i64::try_from(self.events.len()).expect("a batch is bounded");
        let recorded: Vec<Recorded> = (1..).zip(self.events).map(|(n, event)| record(event, n - count, end)).collect();
        let mut stale = Vec::new();
        let mut answers = Vec::with_capacity(self.waiters.len());
        for Waiter { pending, outcome } in self.waiters {
            match outcome {
                Outcome::Appended(range) => {
                    let events: Arc<[Recorded]> = recorded[range].into();
                    let position = events.last().map_or(end.position, |event| event.position);
                    answers.push((pending, Answer::Committed(Committed { events, position })));
                }
                Outcome::Undecided => stale.push(pending),
                Outcome::Rests(points, _) if points.iter().any(|point| end.stale.contains(&point.key)) => {
                    stale.push(pending);
                }
                Outcome::Rests(_, Some(refusal)) => answers.push((pending, Answer::Failed(refusal.into()))),
                Outcome::Rests(_, None) => {
                    let nothing = Committed { events: Arc::new([]), position: end.position };
                    answers.push((pending, Answer::Committed(nothing)));
                }
            }
        }
        give(answers);
        stale
    }
}

/// Answers the callers, those of a large batch by tasks of their own. Were all answered here, the next batch could
/// be back before one of them had been decided again, and the database would wait for them.
fn give(mut answers: Vec<(Waiting, Answer)>) {
    let give_each =
        |some: Vec<(Waiting, Answer)>| some.into_iter().for_each(|(pending, answer)| pending.answer(answer));
    while answers.len() > ANSWERS_AT_ONCE {
        let some = answers.split_off(answers.len() - ANSWERS_AT_ONCE);
        tokio::spawn(async move { give_each(some) });
    }
    give_each(answers);
}

fn record(kept: KeptEvent, offset: i64, end: &End) -> Recorded {
    Recorded {
        position: end.position + offset,
        aggregate_type: kept.key.aggregate_type.into(),
        aggregate_id: kept.key.aggregate_id,
        sequence: kept.sequence,
        event: kept.event,
        metadata: kept.metadata,
        recorded_at: end.recorded_at,
    }
}

impl Scratch {
    fn points(self) -> Vec<Point> {
        self.streams.iter().map(|(key, found, _)| Point::of(key, found)).collect()
    }

    /// The place of a stream among those of the unit, taken from memory at its first step.
    fn stream(&mut self, hot: &HotStreams, step: &Step) -> Result<usize, StreamKey> {
        let key = key_of(step);
        if let Some(known) = self.streams.iter().position(|(earlier, ..)| *earlier == key) {
            return Ok(known);
        }
        let version = match hot.working(&key) {
            Some(version) => version.clone(),
            None if step.fresh => Version::initial(key.aggregate_type).expect("a command's aggregate type exists"),
            None => return Err(key),
        };
        self.streams.push((key, version.clone(), version));
        Ok(self.streams.len() - 1)
    }

    fn advance(&mut self, stream: usize, event: Event, metadata: &Arc<str>) {
        let (key, _, version) = &mut self.streams[stream];
        let encoded = event.encode();
        let sequence = version.sequence + 1;
        let leaf = proof::leaf(&LeafParts {
            aggregate_type: key.aggregate_type,
            aggregate_id: &key.aggregate_id,
            sequence,
            event_type: &encoded.event_type,
            event_version: &encoded.event_version,
            payload: &encoded.payload,
            metadata,
        });
        version.advance(event.clone(), leaf);
        let (key, metadata) = (key.clone(), metadata.clone());
        let kept = KeptEvent { key, sequence, event, metadata };
        self.events.push(NewEvent { kept, encoded, leaf });
    }
}

fn decide_steps(hot: &HotStreams, work: &Work, now: DateTime<Utc>) -> Decided {
    let mut scratch = Scratch::default();
    let mut metadata: Option<Arc<str>> = None;
    for (number, step) in work.unit.steps.iter().enumerate() {
        let stream = match scratch.stream(hot, step) {
            Ok(stream) => stream,
            Err(_) => return Decided::Cold(cold_streams(hot, work)),
        };
        let events = match scratch.streams[stream].2.state.decide(&step.command) {
            Ok(events) => events,
            Err(refusal) => return Decided::Refused(scratch, refusal),
        };
        if number == work.unit.key && events.is_empty() {
            return Decided::Already(scratch);
        }
        let metadata = metadata.get_or_insert_with(|| describe(work, now));
        for event in events {
            scratch.advance(stream, event, metadata);
        }
    }
    if scratch.events.is_empty() { Decided::Already(scratch) } else { Decided::Events(scratch) }
}

fn cold_streams(hot: &HotStreams, work: &Work) -> Vec<StreamKey> {
    let cold = work.unit.steps.iter().filter(|step| !step.fresh).map(key_of);
    cold.filter(|key| hot.working(key).is_none()).collect()
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
