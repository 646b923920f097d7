//! Messages between processes: jobs out, frames back, events to whatever else a company runs.
//!
//! One [`Bus`], two ways: RabbitMQ between machines, or memory within one process. Delivery is at least once, in both.
//! The bus never decides anything about a job, never reads a payload, never waits on an upstream, and is never the truth:
//! what it loses, the log and the outbox still hold. No other crate knows that lapin exists.

mod delivery;
mod in_process;
mod message;
mod rabbitmq;

pub use delivery::Delivery;
pub use message::{EventMessage, Frame, JobMessage, NotReady, PublishError};
pub use rabbitmq::RabbitMqSettings;

use bytes::Bytes;
use futures::{StreamExt, stream::BoxStream};
use std::sync::Arc;
use tokio_stream::wrappers::BroadcastStream;
use tokio_util::sync::CancellationToken;

/// How often a job may come back to the queue before it is taken for poison.
pub const DELIVERY_LIMIT: u32 = 20;
/// How many dead letters are kept; then the oldest goes.
pub const DEAD_LETTERS_MAX: usize = 10_000;
/// How many frames wait for a slow listener; then it misses the oldest.
pub const FRAMES_BUFFERED: usize = 4_096;

/// The bus, shared by cloning.
#[derive(Debug, Clone)]
pub struct Bus {
    backend: Backend,
    closed: CancellationToken,
}

/// The queue of jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JobQueue {
    /// Messages that nobody has taken.
    pub waiting: u64,
    /// How many take them; within one process nobody counts.
    pub consumers: Option<u64>,
}

#[derive(Debug, Clone)]
enum Backend {
    InProcess(Arc<in_process::InProcess>),
    RabbitMq(Arc<rabbitmq::RabbitMq>),
}

impl Bus {
    /// A bus for everything that runs in this process.
    #[must_use]
    pub fn in_process() -> Self {
        let closed = CancellationToken::new();
        let bus = in_process::InProcess::new(closed.clone());
        Self { backend: Backend::InProcess(Arc::new(bus)), closed }
    }

    /// A bus over RabbitMQ. Returns within seconds: when the broker is absent it keeps trying in the background,
    /// reports itself not ready meanwhile, and fails only when the URL is no AMQP URL.
    pub async fn rabbitmq(url: &str, connection_name: &str) -> Result<Self, NotReady> {
        Self::rabbitmq_with(RabbitMqSettings::new(url, connection_name)).await
    }

    /// A bus over RabbitMQ with its own names, for several installations on one broker.
    pub async fn rabbitmq_with(settings: RabbitMqSettings) -> Result<Self, NotReady> {
        let closed = CancellationToken::new();
        let bus = rabbitmq::RabbitMq::start(settings, closed.clone()).await?;
        Ok(Self { backend: Backend::RabbitMq(Arc::new(bus)), closed })
    }

    /// Whether an accepted job survives the death of every process. When not, queued jobs are published again at start.
    #[must_use]
    pub fn is_durable(&self) -> bool {
        matches!(self.backend, Backend::RabbitMq(_))
    }

    /// Publishes jobs; each answer stands where its message stood. `Ok` means that the bus holds the job, and that it
    /// will be delivered at least once. Order is not kept: publishing again after a failure would break it anyway.
    pub async fn publish_jobs(&self, messages: Vec<JobMessage>) -> Vec<Result<(), PublishError>> {
        match &self.backend {
            Backend::InProcess(bus) => messages.into_iter().map(|m| bus.publish_job(m)).collect(),
            Backend::RabbitMq(bus) => bus.publish_jobs(messages).await,
        }
    }

    /// Jobs as they come, at most `prefetch` unsettled at a time. The stream survives the loss of the connection and
    /// ends only by [`Bus::close`].
    #[must_use]
    pub fn consume_jobs(&self, prefetch: u16) -> BoxStream<'static, Delivery> {
        let prefetch = prefetch.max(1);
        let jobs = match &self.backend {
            Backend::InProcess(bus) => bus.consume_jobs(prefetch),
            Backend::RabbitMq(bus) => bus.consume_jobs(prefetch),
        };
        jobs.take_until(self.closed.clone().cancelled_owned()).boxed()
    }

    /// Shows a frame to whoever listens, in this process at once. Never waits; may be dropped on the way to others.
    pub fn publish_frame(&self, job_id: &str, payload: impl Into<Bytes>) {
        let frame = Frame { job_id: job_id.to_owned(), payload: payload.into() };
        match &self.backend {
            Backend::InProcess(bus) => bus.publish_frame(frame),
            Backend::RabbitMq(bus) => bus.publish_frame(frame),
        }
    }

    /// The frames of all processes from now on. A listener that falls behind misses the oldest.
    #[must_use]
    pub fn subscribe_frames(&self) -> BoxStream<'static, Frame> {
        let frames = match &self.backend {
            Backend::InProcess(bus) => bus.frames(),
            Backend::RabbitMq(bus) => bus.frames(),
        };
        BroadcastStream::new(frames)
            .filter_map(|frame| std::future::ready(frame.ok()))
            .take_until(self.closed.clone().cancelled_owned())
            .boxed()
    }

    /// Tells the world of one event. In one process nobody outside can listen, so there it only succeeds.
    pub async fn publish_event(
        &self,
        routing_key: &str,
        message_id: &str,
        payload: impl Into<Bytes>,
    ) -> Result<(), PublishError> {
        let event = EventMessage {
            routing_key: routing_key.to_owned(),
            message_id: message_id.to_owned(),
            payload: payload.into(),
        };
        let mut answers = self.publish_events(vec![event]).await;
        answers.pop().expect("one message has one answer")
    }

    /// Tells the world of many events; each answer stands where its event stood.
    pub async fn publish_events(&self, events: Vec<EventMessage>) -> Vec<Result<(), PublishError>> {
        match &self.backend {
            Backend::InProcess(bus) => events.iter().map(|_| bus.publish_event()).collect(),
            Backend::RabbitMq(bus) => bus.publish_events(events).await,
        }
    }

    /// How many jobs lie among the dead letters.
    pub async fn dead_letters(&self) -> Result<u64, NotReady> {
        match &self.backend {
            Backend::InProcess(bus) => Ok(bus.dead_letters() as u64),
            Backend::RabbitMq(bus) => bus.dead_letters().await,
        }
    }

    /// What waits in the queue of jobs, and who takes it.
    pub async fn job_queue(&self) -> Result<JobQueue, NotReady> {
        match &self.backend {
            Backend::InProcess(bus) => Ok(JobQueue { waiting: bus.jobs_waiting() as u64, consumers: None }),
            Backend::RabbitMq(bus) => bus.job_queue().await,
        }
    }

    /// Takes the oldest dead letter, for an operator to look at, drop, or publish again.
    pub async fn take_dead_letter(&self) -> Result<Option<JobMessage>, NotReady> {
        match &self.backend {
            Backend::InProcess(bus) => Ok(bus.take_dead_letter()),
            Backend::RabbitMq(bus) => bus.take_dead_letter().await,
        }
    }

    /// Whether messages can pass now; else the reason.
    pub fn ready(&self) -> Result<(), NotReady> {
        match &self.backend {
            Backend::InProcess(bus) => bus.ready(),
            Backend::RabbitMq(bus) => bus.ready(),
        }
    }

    /// Ends the streams and leaves the broker. What is unsettled by then is delivered to somebody else. A bus that is
    /// not closed keeps its connections as long as the process lives.
    pub async fn close(&self) {
        self.closed.cancel();
        if let Backend::RabbitMq(bus) = &self.backend {
            bus.close().await;
        }
    }
}
