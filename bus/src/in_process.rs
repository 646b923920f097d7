//! The bus of a single process: a bounded queue of jobs and a broadcast of frames, in memory.
//!
//! It never outlives its process. A job that it accepted and did not deliver is lost by a crash, so whoever starts the
//! process publishes the queued jobs again from the log (see [`crate::Bus::is_durable`]).

use crate::{
    DEAD_LETTERS_MAX, DELIVERY_LIMIT, Delivery, FRAMES_BUFFERED, Frame, JobMessage, NotReady, PublishError,
    delivery::{self, Verdict},
};
use futures::{StreamExt, stream::BoxStream};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, broadcast};
use tokio_util::sync::CancellationToken;

/// How many jobs wait in memory before publishing is refused and they stay in the outbox.
pub(crate) const QUEUE_MAX: usize = 100_000;

/// The bus of a single process.
#[derive(Debug)]
pub(crate) struct InProcess {
    queue: Arc<Queue>,
    frames: broadcast::Sender<Frame>,
    closed: CancellationToken,
}

impl InProcess {
    pub(crate) fn new(closed: CancellationToken) -> Self {
        Self { queue: Arc::default(), frames: broadcast::channel(FRAMES_BUFFERED).0, closed }
    }

    pub(crate) fn publish_job(&self, message: JobMessage) -> Result<(), PublishError> {
        self.ready().map_err(|e| PublishError::Unavailable(e.0))?;
        let mut state = self.queue.lock();
        if state.ready.len() >= QUEUE_MAX {
            return Err(PublishError::Refused("the job queue is full".into()));
        }
        state.ready.push_back(Queued { message, returns: 0 });
        drop(state);
        self.queue.arrived.notify_one();
        Ok(())
    }

    pub(crate) fn consume_jobs(&self, prefetch: u16) -> BoxStream<'static, Delivery> {
        let window = Arc::new(Semaphore::new(usize::from(prefetch)));
        futures::stream::unfold((self.queue.clone(), window), |(queue, window)| async {
            let permit = window.clone().acquire_owned().await.ok()?;
            let queued = queue.next().await;
            Some((deliver(queue.clone(), queued, permit), (queue, window)))
        })
        .boxed()
    }

    pub(crate) fn publish_frame(&self, frame: Frame) {
        // An error means that nobody listens, which is no error for a frame.
        let _ = self.frames.send(frame);
    }

    pub(crate) fn frames(&self) -> broadcast::Receiver<Frame> {
        self.frames.subscribe()
    }

    /// Nobody outside the process can listen, so there is nothing to send.
    pub(crate) fn publish_event(&self) -> Result<(), PublishError> {
        self.ready().map_err(|e| PublishError::Unavailable(e.0))
    }

    pub(crate) fn ready(&self) -> Result<(), NotReady> {
        match self.closed.is_cancelled() {
            true => Err(NotReady("it is closed".into())),
            false => Ok(()),
        }
    }

    pub(crate) fn jobs_waiting(&self) -> usize {
        self.queue.lock().ready.len()
    }

    pub(crate) fn dead_letters(&self) -> usize {
        self.queue.lock().dead.len()
    }

    pub(crate) fn take_dead_letter(&self) -> Option<JobMessage> {
        self.queue.lock().dead.pop_front()
    }
}

/// The right to settle one delivery; while it lives, it takes one place of its consumer's prefetch.
#[derive(Debug)]
pub(crate) struct Claim {
    queue: Arc<Queue>,
    queued: Queued,
    _permit: OwnedSemaphorePermit,
}

impl Claim {
    pub(crate) fn settle(self, verdict: Verdict) {
        match verdict {
            Verdict::Ack => {}
            Verdict::Requeue => self.queue.give_back(self.queued),
            Verdict::Reject => self.queue.lock().bury(self.queued.message),
        }
    }
}

#[derive(Debug)]
struct Queued {
    message: JobMessage,
    returns: u32,
}

#[derive(Debug, Default)]
struct Queue {
    state: Mutex<State>,
    arrived: Notify,
}

#[derive(Debug, Default)]
struct State {
    ready: VecDeque<Queued>,
    dead: VecDeque<JobMessage>,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn next(&self) -> Queued {
        loop {
            let mut arrived = std::pin::pin!(self.arrived.notified());
            // Listen before looking, so that a job arriving in between wakes us.
            arrived.as_mut().enable();
            {
                let mut state = self.lock();
                if let Some(queued) = state.ready.pop_front() {
                    // One wake-up may stand for several jobs: pass it on.
                    if !state.ready.is_empty() {
                        self.arrived.notify_one();
                    }
                    return queued;
                }
            }
            arrived.await;
        }
    }

    fn give_back(&self, mut queued: Queued) {
        queued.returns += 1;
        let mut state = self.lock();
        if queued.returns > DELIVERY_LIMIT {
            state.bury(queued.message);
            return;
        }
        state.ready.push_front(queued);
        drop(state);
        self.arrived.notify_one();
    }
}

impl State {
    fn bury(&mut self, message: JobMessage) {
        tracing::error!(message_id = message.id, job_id = message.job_id, "job became a dead letter");
        if self.dead.len() >= DEAD_LETTERS_MAX {
            self.dead.pop_front();
        }
        self.dead.push_back(message);
    }
}

fn deliver(queue: Arc<Queue>, queued: Queued, permit: OwnedSemaphorePermit) -> Delivery {
    Delivery {
        message_id: queued.message.id.clone(),
        job_id: queued.message.job_id.clone(),
        payload: queued.message.payload.clone(),
        redelivered: queued.returns > 0,
        attempt: queued.returns + 1,
        claim: Some(delivery::Claim::InProcess(Claim { queue, queued, _permit: permit })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(number: usize) -> JobMessage {
        JobMessage { id: number.to_string(), job_id: number.to_string(), payload: Default::default() }
    }

    #[test]
    fn a_full_queue_refuses_and_keeps_what_it_has() {
        let bus = InProcess::new(CancellationToken::new());
        for number in 0..QUEUE_MAX {
            assert_eq!(bus.publish_job(job(number)), Ok(()));
        }
        assert!(matches!(bus.publish_job(job(0)), Err(PublishError::Refused(_))));
        assert_eq!(bus.queue.lock().ready.len(), QUEUE_MAX);
    }

    #[test]
    fn dead_letters_are_bounded_and_the_oldest_goes() {
        let bus = InProcess::new(CancellationToken::new());
        for number in 0..=DEAD_LETTERS_MAX {
            bus.queue.lock().bury(job(number));
        }
        assert_eq!(bus.dead_letters(), DEAD_LETTERS_MAX);
        assert_eq!(bus.take_dead_letter(), Some(job(1)));
    }
}
