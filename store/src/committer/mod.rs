//! The committer: one task that decides the waiting units in memory and appends them, a batch at a time.
//!
//! | phase | file | what happens |
//! |---|---|---|
//! | gather | `decide`, `batch`, `columns` | units are decided on the state that the unflushed batch leaves, and encoded (group commit, early release) |
//! | flush | `flush` | one statement appends the batch; its guards compare every predecessor |
//! | fence | `flush` | a batch of unknown outcome is fenced off, or found committed |
//! | lock | `locked` | after a conflict: lock the head and read the tails, take what came meanwhile, decide, append, commit |
//! | answer | `mod` | callers hear only what is durable; what appends nothing waits for the batch that it read |
//!
//! It never answers from unflushed state, and never reads on the hot path: callers bring what is cold.

mod batch;
mod columns;
mod decide;
mod flush;
mod hot;
mod locked;
mod statement;

use std::{pin::Pin, sync::Arc};

pub(crate) use batch::Pending;
use batch::{Batch, Waiting};
use chrono::{DateTime, Utc};
use flush::{Flushed, Writer};
use futures::future::{BoxFuture, MaybeDone, maybe_done};
use hot::{After, HotStreams};
use locked::{Locked, Wanted};
use tokio::sync::{mpsc, oneshot};

use crate::{
    version::{StreamKey, Version},
    work::{Committed, ExecuteError},
};

/// Tells the time. A parameter, so that tests can set it.
pub type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// The most units that may wait. Above it callers hear [`ExecuteError::Busy`].
pub const QUEUE_UNITS: usize = 8_192;
/// The most units of one batch.
pub const BATCH_UNITS: usize = 1_024;
/// The most events of one batch, but for the events of its last unit.
pub const BATCH_EVENTS: usize = 2_048;
/// For how many batches after a conflict the head is locked first.
const LOCK_FIRST_BATCHES: u32 = 32;

/// What the committer tells a caller.
#[derive(Debug)]
pub(crate) enum Answer {
    /// Done, durably.
    Committed(Committed),
    /// Not done.
    Failed(ExecuteError),
    /// These streams are cold: bring them and ask again.
    Cold(Vec<StreamKey>, Waiting),
}

/// What is asked of the committer.
pub(crate) enum Ask {
    /// To decide and append a unit.
    Execute(Waiting),
    /// For the durable version of a hot stream.
    Peek(StreamKey, oneshot::Sender<Option<Version>>),
}

/// The way to the committer.
#[derive(Clone)]
pub(crate) struct Committer {
    asks: mpsc::Sender<Ask>,
}

impl Committer {
    /// Starts the task.
    pub(crate) fn start(pool: sqlx::PgPool, clock: Clock) -> Self {
        let (asks, inbox) = mpsc::channel(QUEUE_UNITS);
        let task = Task {
            inbox,
            hot: HotStreams::new(pool.clone()),
            writer: Some(Writer::new(pool)),
            gathering: Batch::new(),
            clock,
            lock_first: 0,
            diverged: None,
        };
        tokio::spawn(task.run());
        Self { asks }
    }

    /// Hands a unit over and waits for its answer.
    pub(crate) async fn execute(&self, pending: Waiting, answer: oneshot::Receiver<Answer>) -> Answer {
        match self.asks.try_send(Ask::Execute(pending)) {
            Ok(()) => answer.await.unwrap_or_else(|_| stopped()),
            Err(mpsc::error::TrySendError::Full(_)) => Answer::Failed(ExecuteError::Busy),
            Err(mpsc::error::TrySendError::Closed(_)) => stopped(),
        }
    }

    /// The durable version of a stream, if it is hot.
    pub(crate) async fn peek(&self, key: StreamKey) -> Option<Version> {
        let (reply, answer) = oneshot::channel();
        self.asks.send(Ask::Peek(key, reply)).await.ok()?;
        answer.await.ok().flatten()
    }
}

fn stopped() -> Answer {
    Answer::Failed(ExecuteError::Unavailable("the committer has stopped".into()))
}

struct Task {
    inbox: mpsc::Receiver<Ask>,
    hot: HotStreams,
    /// Taken while a batch is in flight.
    writer: Option<Writer>,
    gathering: Batch,
    clock: Clock,
    lock_first: u32,
    diverged: Option<String>,
}

/// A batch on its way to the database. Part of the committer's own task: no other has to wake up for it.
type Flight = Pin<Box<MaybeDone<BoxFuture<'static, Landing>>>>;

struct Landing {
    writer: Writer,
    batch: Batch,
    after: After,
    flushed: Flushed,
}

impl Task {
    async fn run(mut self) {
        let mut flight: Option<Flight> = None;
        loop {
            match &mut flight {
                None if self.gathering.is_empty() => match self.inbox.recv().await {
                    Some(ask) => self.take(ask),
                    None => return,
                },
                None => {
                    self.take_what_waits();
                    flight = self.depart().await;
                }
                Some(landing) => tokio::select! {
                    biased;
                    () = landing.as_mut() => {
                        let landed = landing.as_mut().take_output().expect("a flight lands once");
                        flight = self.land(landed).await;
                    }
                    Some(ask) = self.inbox.recv(), if !self.gathering.is_full() => self.take(ask),
                },
            }
        }
    }

    fn take_what_waits(&mut self) {
        while !self.gathering.is_full() {
            match self.inbox.try_recv() {
                Ok(ask) => self.take(ask),
                Err(_) => return,
            }
        }
    }

    fn take(&mut self, ask: Ask) {
        match ask {
            Ask::Execute(pending) => self.gather(pending),
            Ask::Peek(key, reply) => drop(reply.send(self.hot.durable(&key))),
        }
    }

    /// Decides a unit on the working state, into the gathering batch; or keeps it, where the lock comes first anyway.
    fn gather(&mut self, pending: Waiting) {
        if pending.is_abandoned() {
            return;
        }
        if let Some(why) = &self.diverged {
            return pending.answer(Answer::Failed(ExecuteError::Diverged(why.clone())));
        }
        let now = (self.clock)();
        if self.lock_first > 0 {
            return self.gathering.park_for_lock(&mut self.hot, pending, now);
        }
        self.gathering.decide(&mut self.hot, pending, now);
    }

    /// Sends the gathered batch off, or resolves it under the lock while an account stays contended.
    async fn depart(&mut self) -> Option<Flight> {
        if self.gathering.is_empty() {
            return None;
        }
        let next = Batch::with_room(self.gathering.events.len());
        let batch = std::mem::replace(&mut self.gathering, next);
        if self.lock_first > 0 || batch.needs_lock() {
            self.hot.roll_back();
            self.resolve_with_latecomers(batch.into_pending()).await;
            self.lock_first = self.lock_first.saturating_sub(1);
            return None;
        }
        let after = self.hot.depart(batch.moved());
        let mut writer = self.writer.take().expect("no batch is in flight");
        let landing: BoxFuture<'static, Landing> = Box::pin(async move {
            let flushed = writer.flush(&batch).await;
            Landing { writer, batch, after, flushed }
        });
        let mut flight = Box::pin(maybe_done(landing));
        // On the wire at once, so that the database works while callers are answered.
        let _ = futures::poll!(flight.as_mut());
        Some(flight)
    }

    /// Takes a batch back, sends off what was gathered meanwhile if nothing forbids it, and answers.
    async fn land(&mut self, Landing { writer, batch, after, flushed }: Landing) -> Option<Flight> {
        self.writer = Some(writer);
        match flushed {
            Flushed::Durable(end) => {
                self.hot.promote(&after);
                let next = if end.stale.is_empty() { self.depart().await } else { None };
                let stale = batch.answer(&end);
                if !stale.is_empty() {
                    let keys = stale.iter().flat_map(|pending| pending.keys());
                    self.hot.forget(keys);
                    self.redo_locked(stale).await;
                }
                return next;
            }
            Flushed::Conflict => {
                self.lock_first = LOCK_FIRST_BATCHES;
                self.redo_locked(batch.into_pending()).await;
            }
            Flushed::NeverHappened(why) => self.start_over(batch, &why),
            Flushed::Poisoned(why) => self.redo_one_by_one(batch, &why).await,
            Flushed::Diverged(why) => {
                self.diverged = Some(why.clone());
                self.fail_all(batch, &ExecuteError::Diverged(why));
            }
        }
        None
    }

    /// One of these units can't be written: each is done alone, so that only that one fails.
    async fn redo_one_by_one(&mut self, batch: Batch, why: &str) {
        tracing::error!(why, "the database refuses what a unit wants to write; each is done alone");
        let gathered = std::mem::replace(&mut self.gathering, Batch::new());
        self.hot.roll_back();
        for pending in batch.into_pending().into_iter().chain(gathered.into_pending()) {
            if let Some(why) = &self.diverged {
                pending.answer(Answer::Failed(ExecuteError::Diverged(why.clone())));
            } else {
                self.resolve_locked(vec![pending]).await;
            }
        }
    }

    /// Decides these units again under the lock, and then what was gathered on the overlay that is dropped with them.
    async fn redo_locked(&mut self, mut again: Vec<Waiting>) {
        let gathered = std::mem::replace(&mut self.gathering, Batch::new());
        again.extend(gathered.into_pending());
        self.hot.roll_back();
        self.resolve_with_latecomers(again).await;
    }

    /// Resolves these units under the lock, and while the lock comes first anyway also those that come until it is had.
    async fn resolve_with_latecomers(&mut self, mut units: Vec<Waiting>) {
        let mut locking = Box::pin(self.lock_head(&units));
        let (writer, locked) = loop {
            let has_room = units.len() + self.gathering.units() < BATCH_UNITS;
            tokio::select! {
                biased;
                done = locking.as_mut() => break done,
                Some(ask) = self.inbox.recv(), if self.lock_first > 0 && has_room => self.take(ask),
            }
        };
        if self.lock_first > 0 {
            units.extend(self.latecomers(units.len()));
        }
        self.resolve_under(writer, locked, units).await;
    }

    async fn resolve_locked(&mut self, units: Vec<Waiting>) {
        let (writer, locked) = self.lock_head(&units).await;
        self.resolve_under(writer, locked, units).await;
    }

    fn lock_head(&mut self, units: &[Waiting]) -> impl Future<Output = (Writer, Result<Locked, Flushed>)> + use<> {
        let writer = self.writer.take().expect("no batch is in flight");
        locked::lock_head(writer, Wanted::of(&self.hot, units, &[]))
    }

    async fn resolve_under(&mut self, mut writer: Writer, locked: Result<Locked, Flushed>, units: Vec<Waiting>) {
        let (batch, after, flushed) = locked::resolve(&mut writer, locked, &mut self.hot, units, &self.clock).await;
        self.writer = Some(writer);
        match flushed {
            Flushed::Durable(end) => {
                self.hot.promote(&after);
                // Under the lock nothing is stale: these are the units that the batch had no room for.
                let rest = batch.answer(&end);
                if !rest.is_empty() {
                    Box::pin(self.resolve_locked(rest)).await;
                }
            }
            Flushed::Conflict => {
                let why = "the tails were read under the lock, and still a predecessor differs".to_owned();
                self.diverged = Some(why.clone());
                self.fail_all(batch, &ExecuteError::Diverged(why));
            }
            Flushed::NeverHappened(why) => self.start_over(batch, &why),
            Flushed::Poisoned(why) => {
                self.hot.roll_back();
                self.refuse_or_split(batch, why).await;
            }
            Flushed::Diverged(why) => {
                self.diverged = Some(why.clone());
                self.fail_all(batch, &ExecuteError::Diverged(why));
            }
        }
    }

    /// What waits, as far as a batch that holds so many units has room.
    fn latecomers(&mut self, waited: usize) -> Vec<Waiting> {
        while waited + self.gathering.units() < BATCH_UNITS {
            match self.inbox.try_recv() {
                Ok(ask) => self.take(ask),
                Err(_) => break,
            }
        }
        std::mem::replace(&mut self.gathering, Batch::new()).into_pending()
    }

    /// A unit that can't be written even alone is given back; several are tried one by one.
    async fn refuse_or_split(&mut self, batch: Batch, why: String) {
        let mut units = batch.into_pending();
        if units.len() > 1 {
            let mut several = Batch::new();
            several.park(units);
            return Box::pin(self.redo_one_by_one(several, &why)).await;
        }
        if let Some(only) = units.pop() {
            only.answer(Answer::Failed(ExecuteError::Unavailable(why)));
        }
    }

    /// The connection is gone and the batch with it: all hot state is dropped, and callers bring theirs again.
    fn start_over(&mut self, batch: Batch, why: &str) {
        tracing::warn!(why, "an append did not happen; its units are decided again");
        let gathered = std::mem::replace(&mut self.gathering, Batch::new());
        self.hot.clear();
        for pending in batch.into_pending().into_iter().chain(gathered.into_pending()) {
            pending.reload();
        }
    }

    fn fail_all(&mut self, batch: Batch, error: &ExecuteError) {
        tracing::error!(%error, "the committer stops writing");
        let gathered = std::mem::replace(&mut self.gathering, Batch::new());
        self.hot.clear();
        for pending in batch.into_pending().into_iter().chain(gathered.into_pending()) {
            pending.answer(Answer::Failed(error.clone()));
        }
    }
}
