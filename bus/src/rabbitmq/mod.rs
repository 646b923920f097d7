//! The bus between machines: publishing with pipelined confirms, and the parts that consume.
//!
//! | file | what |
//! |---|---|
//! | `topology` | names and shapes on the broker |
//! | `link` | one connection that comes back |
//! | `jobs` | the consumer of jobs, and settling |
//! | `frames` | progress and text, best effort |
//!
//! Two connections, because a broker that holds back publishers stops reading their socket, and acks must still pass.

mod frames;
mod jobs;
mod link;
mod topology;

pub(crate) use jobs::Claim;

use crate::{Delivery, EventMessage, Frame, JobMessage, JobQueue, NotReady, PublishError};
use bytes::Bytes;
use frames::Frames;
use futures::{StreamExt, stream, stream::BoxStream};
use lapin::{
    BasicProperties, Confirmation,
    options::{BasicGetOptions, BasicPublishOptions, QueueDeclareOptions},
    types::{FieldTable, ShortString},
};
use link::{Link, Session};
use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::{Semaphore, broadcast},
    time::timeout,
};
use tokio_util::sync::CancellationToken;
use topology::Names;

/// How many publishes of this process await their confirm at one time.
const CONFIRM_WINDOW: usize = 512;
/// How long a publish may take until its confirm; then its outcome is unknown, and it is published again.
const CONFIRM_TIMEOUT: Duration = Duration::from_secs(5);
/// How long publishing, or the start, waits for a connection.
const LINK_TIMEOUT: Duration = Duration::from_secs(3);
/// How long one question to the broker may take.
const ASK_TIMEOUT: Duration = Duration::from_secs(3);
/// The delivery mode that survives a restart of the broker.
const PERSISTENT: u8 = 2;

/// Where the broker is, and under which names.
#[derive(Clone)]
pub struct RabbitMqSettings {
    pub(crate) url: String,
    pub(crate) connection_name: String,
    pub(crate) prefix: String,
}

impl RabbitMqSettings {
    /// The usual names, under `zephyr`.
    #[must_use]
    pub fn new(url: &str, connection_name: &str) -> Self {
        Self { url: url.to_owned(), connection_name: connection_name.to_owned(), prefix: "zephyr".to_owned() }
    }

    /// Other names, for a second installation on the same broker.
    #[must_use]
    pub fn with_prefix(mut self, prefix: &str) -> Self {
        prefix.clone_into(&mut self.prefix);
        self
    }
}

impl fmt::Debug for RabbitMqSettings {
    /// Without the URL: it holds a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RabbitMqSettings")
            .field("connection_name", &self.connection_name)
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}

/// The bus between machines.
#[derive(Debug)]
pub(crate) struct RabbitMq {
    names: Names,
    outgoing: Link,
    incoming: Link,
    window: Arc<Semaphore>,
    frames: Frames,
}

impl RabbitMq {
    pub(crate) async fn start(settings: RabbitMqSettings, closed: CancellationToken) -> Result<Self, NotReady> {
        let link = |role| Link::start(&settings, role, closed.clone()).map_err(NotReady);
        let (outgoing, incoming) = (link("out")?, link("in")?);
        let names = Names::new(&settings.prefix);
        let frames = Frames::start(&names, outgoing.clone(), incoming.clone(), closed);
        // Absent or not, the bus starts; the link goes on trying.
        let _ = tokio::join!(outgoing.within(LINK_TIMEOUT), incoming.within(LINK_TIMEOUT));
        Ok(Self { names, outgoing, incoming, window: Arc::new(Semaphore::new(CONFIRM_WINDOW)), frames })
    }

    pub(crate) async fn publish_jobs(&self, messages: Vec<JobMessage>) -> Vec<Result<(), PublishError>> {
        let outgoing = messages.into_iter().map(|message| Outgoing {
            exchange: self.names.exchange.clone(),
            routing_key: self.names.jobs.as_str().to_owned(),
            mandatory: true,
            message_id: message.id,
            job_id: Some(message.job_id),
            payload: message.payload,
        });
        self.publish(outgoing.collect()).await
    }

    pub(crate) async fn publish_events(&self, events: Vec<EventMessage>) -> Vec<Result<(), PublishError>> {
        let outgoing = events.into_iter().map(|event| Outgoing {
            exchange: self.names.events.clone(),
            routing_key: event.routing_key,
            mandatory: false,
            message_id: event.message_id,
            job_id: None,
            payload: event.payload,
        });
        self.publish(outgoing.collect()).await
    }

    pub(crate) fn consume_jobs(&self, prefetch: u16) -> BoxStream<'static, Delivery> {
        jobs::consume(self.incoming.clone(), self.names.jobs.clone(), prefetch)
    }

    pub(crate) fn publish_frame(&self, frame: Frame) {
        self.frames.publish(frame);
    }

    pub(crate) fn frames(&self) -> broadcast::Receiver<Frame> {
        self.frames.subscribe()
    }

    pub(crate) async fn dead_letters(&self) -> Result<u64, NotReady> {
        self.look_at(self.names.dead.clone()).await.map(|(messages, _)| messages)
    }

    pub(crate) async fn job_queue(&self) -> Result<JobQueue, NotReady> {
        let (waiting, consumers) = self.look_at(self.names.jobs.clone()).await?;
        Ok(JobQueue { waiting, consumers: Some(consumers) })
    }

    /// The messages and the consumers of a queue that is there.
    async fn look_at(&self, name: ShortString) -> Result<(u64, u64), NotReady> {
        let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::durable() };
        let session = self.incoming.now().map_err(NotReady)?;
        let queue = ask(session.plain.queue_declare(name, passive, FieldTable::default())).await?;
        Ok((u64::from(queue.message_count()), u64::from(queue.consumer_count())))
    }

    pub(crate) async fn take_dead_letter(&self) -> Result<Option<JobMessage>, NotReady> {
        let session = self.incoming.now().map_err(NotReady)?;
        let (name, no_ack) = (self.names.dead.clone(), BasicGetOptions { no_ack: true });
        let message = ask(session.plain.basic_get(name, no_ack)).await?;
        Ok(message.map(|m| jobs::message(&m.delivery)))
    }

    pub(crate) fn ready(&self) -> Result<(), NotReady> {
        self.outgoing.now().map_err(NotReady)?;
        self.incoming.now().map_err(NotReady)?;
        Ok(())
    }

    pub(crate) async fn close(&self) {
        tokio::join!(self.outgoing.ended(), self.incoming.ended());
    }

    /// Sends all, up to the window at a time. After the first silence the rest is not sent: the relay tries again later.
    async fn publish(&self, messages: Vec<Outgoing>) -> Vec<Result<(), PublishError>> {
        let session = match self.outgoing.within(LINK_TIMEOUT).await {
            Ok(session) => session,
            Err(reason) => {
                let unavailable = Err(PublishError::Unavailable(reason));
                return vec![unavailable; messages.len()];
            }
        };
        let batch = Arc::new(Batch { session, window: self.window.clone(), silent: AtomicBool::new(false) });
        stream::iter(messages)
            .map(|message| batch.clone().publish_one(message))
            .buffered(CONFIRM_WINDOW)
            .collect()
            .await
    }
}

/// A question to the broker, bounded in time.
async fn ask<T>(question: impl Future<Output = lapin::Result<T>>) -> Result<T, NotReady> {
    match timeout(ASK_TIMEOUT, question).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(NotReady(error.to_string())),
        Err(_) => Err(NotReady("the broker does not answer".into())),
    }
}

/// One message with its address.
struct Outgoing {
    exchange: ShortString,
    routing_key: String,
    mandatory: bool,
    message_id: String,
    job_id: Option<String>,
    payload: Bytes,
}

/// What the messages of one call share.
struct Batch {
    session: Arc<Session>,
    window: Arc<Semaphore>,
    silent: AtomicBool,
}

impl Batch {
    async fn publish_one(self: Arc<Self>, message: Outgoing) -> Result<(), PublishError> {
        let _place = self.window.acquire().await;
        if self.silent.load(Ordering::Relaxed) {
            return Err(PublishError::Unavailable("an earlier message found no answer".into()));
        }
        let sending = self.session.ended.run_until_cancelled(self.send(message));
        let result = match timeout(CONFIRM_TIMEOUT, sending).await {
            Ok(Some(result)) => result,
            Ok(None) => Err(PublishError::Unknown("the connection ended".into())),
            Err(_) => Err(PublishError::Unknown("no confirm in time".into())),
        };
        if let Err(PublishError::Unknown(_) | PublishError::Unavailable(_) | PublishError::Unroutable) = &result {
            self.silent.store(true, Ordering::Relaxed);
            self.session.retire();
        }
        let outcome = if result.is_ok() { "confirmed" } else { "failed" };
        metrics::counter!("zephyr_bus_published_total", "outcome" => outcome).increment(1);
        result
    }

    async fn send(&self, message: Outgoing) -> Result<(), PublishError> {
        let properties = properties(&message)?;
        let routing_key = short(message.routing_key)?;
        let options = BasicPublishOptions { mandatory: message.mandatory, immediate: false };
        let channel = &self.session.confirmed;
        let confirm = channel
            .basic_publish(message.exchange, routing_key, options, &message.payload, properties)
            .await
            .map_err(|e| PublishError::Unavailable(e.to_string()))?;
        match confirm.await {
            Ok(Confirmation::Ack(None)) => Ok(()),
            // A returned message is acked, and comes back inside the ack.
            Ok(Confirmation::Ack(Some(_))) => Err(PublishError::Unroutable),
            Ok(Confirmation::Nack(_)) => Err(PublishError::Refused("the queue takes no more".into())),
            Ok(Confirmation::NotRequested) => Err(PublishError::Unknown("the channel confirms nothing".into())),
            Err(error) => Err(PublishError::Unknown(error.to_string())),
        }
    }
}

fn properties(message: &Outgoing) -> Result<BasicProperties, PublishError> {
    let properties = BasicProperties::default()
        .with_delivery_mode(PERSISTENT)
        .with_content_type("application/json".into())
        .with_message_id(short(message.message_id.clone())?);
    Ok(match &message.job_id {
        Some(job_id) => properties.with_correlation_id(short(job_id.clone())?),
        None => properties,
    })
}

/// AMQP's short strings hold 255 bytes.
fn short(text: String) -> Result<ShortString, PublishError> {
    ShortString::try_new(text).map_err(|e| PublishError::Refused(e.to_string()))
}
