//! A batch: units that were decided, their events, guards and side rows, and the callers who wait.

use std::{collections::HashMap, ops::Range, sync::Arc};

use chrono::{DateTime, Utc};
use domain::stream::{EncodedEvent, Event, Refusal};
use tokio::sync::oneshot;
use uuid::Uuid;

use super::{
    Answer, BATCH_EVENTS, BATCH_UNITS,
    columns::Columns,
    decide::{self, Decided, Draft, Point, Written, key_of},
    flush::End,
    hot::HotStreams,
};
use crate::{
    proof::{self, LeafParts},
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
    draft: Draft,
}

/// On the heap, so that queues, batches and answers move a pointer.
pub(crate) type Waiting = Box<Pending>;

impl Pending {
    pub(crate) fn new(work: Work) -> Self {
        Self { work, brought: Vec::new(), reply: None, draft: Draft::default() }
    }

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

/// What stays of an event in memory until its append is answered.
pub(super) struct KeptEvent {
    pub(super) key: StreamKey,
    pub(super) sequence: i64,
    pub(super) event: Event,
    pub(super) metadata: Arc<str>,
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

/// What a batch builds on in a stream, and whether it goes on from there.
pub(super) struct Guard {
    pub(super) point: Point,
    /// A stream that was only read stays where it is: the batch rests on it.
    moves: bool,
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
    /// For each touched stream, the event that this batch rests on.
    pub(super) guards: HashMap<StreamKey, Guard>,
    pub(super) timers: HashMap<String, TimerChange>,
    pub(super) waiters: Vec<Waiter>,
}

impl Batch {
    pub(super) fn new() -> Self {
        Self::with_room(0)
    }

    /// With room for so many events, so that it need not grow while others wait for it.
    pub(super) fn with_room(events: usize) -> Self {
        Self {
            id: Uuid::new_v4(),
            events: Vec::with_capacity(events),
            columns: Columns::with_room(events),
            guards: HashMap::new(),
            timers: HashMap::new(),
            waiters: Vec::with_capacity(events),
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
    pub(super) fn park_for_lock(&mut self, hot: &mut HotStreams, mut pending: Waiting, now: DateTime<Utc>) {
        hot.admit_all(&mut pending.brought);
        match decide::decide(hot, &pending.work) {
            Decided::Cold(keys) => return pending.bring(keys),
            Decided::Events(_, events) => pending.draft = Draft::of(&pending.work, events, now),
            Decided::Already(_) | Decided::Refused(..) => {}
        }
        self.park([pending]);
    }

    pub(super) fn into_pending(self) -> Vec<Waiting> {
        self.waiters.into_iter().map(|waiter| waiter.pending).collect()
    }

    /// Decides a unit and adds it, or sends its caller to read what is cold.
    pub(super) fn decide(&mut self, hot: &mut HotStreams, mut pending: Waiting, now: DateTime<Utc>) {
        hot.admit_all(&mut pending.brought);
        let outcome = match decide::decide(hot, &pending.work) {
            Decided::Cold(keys) => return pending.bring(keys),
            Decided::Events(points, events) => {
                let draft = std::mem::take(&mut pending.draft);
                Outcome::Appended(self.adopt(hot, points, draft.complete(&pending.work, events, now)))
            }
            Decided::Already(points) => Outcome::Rests(points, None),
            Decided::Refused(points, refusal) => Outcome::Rests(points, Some(refusal)),
        };
        if let (Outcome::Appended(_), Some(timer)) = (&outcome, &pending.work.side.timer) {
            self.timers.insert(timer.reference().to_owned(), timer.clone());
        }
        self.waiters.push(Waiter { pending, outcome });
    }

    /// Takes in what a unit has decided, moving its streams on in place: a state is not copied for each unit.
    fn adopt(&mut self, hot: &mut HotStreams, points: Vec<Point>, written: Written) -> Range<usize> {
        let start = self.events.len();
        let mut versions: Vec<Option<Version>> = points.iter().map(|_| None).collect();
        for (stream, event, encoded) in written.events {
            let key = &points[stream].key;
            let version = versions[stream].get_or_insert_with(|| hot.take_working(key));
            self.append(key, version, event, encoded, &written.metadata);
        }
        for (point, version) in points.into_iter().zip(versions) {
            let moves = version.is_some();
            if let Some(version) = version {
                hot.work_on(&point.key, version);
            }
            let guard = self.guards.entry(point.key.clone()).or_insert(Guard { point, moves });
            guard.moves |= moves;
        }
        start..self.events.len()
    }

    fn append(
        &mut self,
        key: &StreamKey,
        version: &mut Version,
        event: Event,
        encoded: EncodedEvent,
        metadata: &Arc<str>,
    ) {
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
        let kept = KeptEvent { key: key.clone(), sequence, event, metadata: metadata.clone() };
        self.columns.push(&kept, &encoded, &leaf);
        self.events.push(kept);
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
        self.guards.values().any(|guard| !guard.moves)
    }

    /// The streams that this batch appends to.
    pub(super) fn moved(&self) -> impl Iterator<Item = &StreamKey> {
        self.guards.iter().filter(|(_, guard)| guard.moves).map(|(key, _)| key)
    }

    fn moves(&self, key: &StreamKey) -> bool {
        self.guards.get(key).is_some_and(|guard| guard.moves)
    }

    /// The points that answers rest on and that this batch appends nothing to.
    pub(super) fn unguarded_points(&self) -> Vec<Point> {
        let mut points: HashMap<&StreamKey, &Point> = HashMap::new();
        for waiter in &self.waiters {
            if let Outcome::Rests(rests, _) = &waiter.outcome {
                // A guard alone says that the point was there, an event that follows it that it was the last.
                let unguarded = rests.iter().filter(|point| !self.moves(&point.key));
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
