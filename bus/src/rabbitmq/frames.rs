//! Frames over the broker: to listeners in this process at once, to other processes as well as it goes.
//!
//! Publishing never waits and never fails: what the broker can't take is dropped and counted. Each process that listens
//! has one exclusive queue, which keeps the newest frames and goes with the connection.

use super::{ASK_TIMEOUT, Link, Names, link::Session, topology};
use crate::{FRAMES_BUFFERED, Frame};
use bytes::Bytes;
use futures::StreamExt;
use lapin::{
    BasicProperties, Consumer,
    options::{
        BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions, QueueBindOptions,
        QueueDeclareOptions,
    },
    types::{FieldTable, ShortString},
};
use std::{
    sync::{
        Arc, Once,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::{broadcast, mpsc},
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

/// How many frames the broker sends ahead of our acks.
const PREFETCH: u16 = 1_024;
/// How many frames are acked together; below the prefetch, or the broker would wait for us.
const ACK_EVERY: usize = 256;
/// How long one frame may take to the socket before it is dropped.
const SEND_TIMEOUT: Duration = Duration::from_millis(500);
/// The pause before listening again.
const LISTEN_PAUSE: Duration = Duration::from_millis(200);

/// Numbers the buses of this process, so that each knows its own frames when they come back.
static INSTANCES: AtomicU64 = AtomicU64::new(0);

/// Both directions of the frames of one process.
#[derive(Debug)]
pub(super) struct Frames {
    outgoing: mpsc::Sender<Frame>,
    local: broadcast::Sender<Frame>,
    listener: Listener,
    listening: Once,
    closed: CancellationToken,
}

impl Frames {
    pub(super) fn start(names: &Names, outgoing: Link, incoming: Link, closed: CancellationToken) -> Self {
        let (sender, frames) = mpsc::channel(FRAMES_BUFFERED);
        let local = broadcast::channel(FRAMES_BUFFERED).0;
        let origin = origin();
        let (exchange, own) = (names.frames.clone(), origin.clone());
        tokio::spawn(closed.clone().run_until_cancelled_owned(async move {
            send_all(frames, outgoing, exchange, own).await;
        }));
        Self {
            outgoing: sender,
            local: local.clone(),
            listener: Listener { link: incoming, exchange: names.frames.clone(), origin, local },
            listening: Once::new(),
            closed,
        }
    }

    pub(super) fn publish(&self, frame: Frame) {
        // An error means that nobody listens here.
        let _ = self.local.send(frame.clone());
        if self.outgoing.try_send(frame).is_err() {
            dropped();
        }
    }

    /// The first listener opens this process's queue.
    pub(super) fn subscribe(&self) -> broadcast::Receiver<Frame> {
        self.listening.call_once(|| {
            let listener = self.listener.clone();
            let closed = self.closed.clone();
            tokio::spawn(closed.run_until_cancelled_owned(async move { listener.listen().await }));
        });
        self.local.subscribe()
    }
}

async fn send_all(mut frames: mpsc::Receiver<Frame>, link: Link, exchange: ShortString, origin: ShortString) {
    while let Some(frame) = frames.recv().await {
        let Ok(session) = link.now() else {
            dropped();
            continue;
        };
        let sent = timeout(SEND_TIMEOUT, send(&session, &exchange, &origin, frame)).await;
        if !matches!(sent, Ok(Ok(()))) {
            dropped();
        }
    }
}

async fn send(session: &Session, exchange: &ShortString, origin: &ShortString, frame: Frame) -> lapin::Result<()> {
    let Ok(job_id) = ShortString::try_new(frame.job_id) else {
        return Ok(());
    };
    let properties = BasicProperties::default().with_app_id(origin.clone()).with_correlation_id(job_id);
    let options = BasicPublishOptions::default();
    session.plain.basic_publish(exchange.clone(), "".into(), options, &frame.payload, properties).await.map(drop)
}

/// The task that hears the frames of other processes.
#[derive(Debug, Clone)]
struct Listener {
    link: Link,
    exchange: ShortString,
    origin: ShortString,
    local: broadcast::Sender<Frame>,
}

impl Listener {
    async fn listen(&self) {
        while let Some(session) = self.link.wait().await {
            match timeout(ASK_TIMEOUT, self.subscribe(&session)).await {
                Ok(Ok(consumer)) => {
                    session.ended.run_until_cancelled(self.forward(consumer)).await;
                }
                Ok(Err(error)) => tracing::warn!(%error, "could not subscribe to frames"),
                Err(_) => tracing::warn!("could not subscribe to frames in time"),
            }
            sleep(LISTEN_PAUSE).await;
        }
    }

    async fn subscribe(&self, session: &Arc<Session>) -> lapin::Result<Consumer> {
        let channel = session.connection.create_channel().await?;
        channel.basic_qos(PREFETCH, BasicQosOptions::default()).await?;
        let own = QueueDeclareOptions { exclusive: true, auto_delete: true, ..Default::default() };
        let queue = channel.queue_declare("".into(), own, topology::frames_arguments()).await?;
        let (name, none) = (queue.name().clone(), FieldTable::default());
        channel
            .queue_bind(name.clone(), self.exchange.clone(), "".into(), QueueBindOptions::default(), none.clone())
            .await?;
        channel.basic_consume(name, "".into(), BasicConsumeOptions::default(), none).await
    }

    async fn forward(&self, mut consumer: Consumer) {
        let mut heard = 0_usize;
        while let Some(Ok(raw)) = consumer.next().await {
            heard += 1;
            if heard.is_multiple_of(ACK_EVERY) {
                // A failed ack ends the subscription by itself.
                let _ = raw.acker.ack(BasicAckOptions { multiple: true }).await;
            }
            if raw.properties.app_id().as_ref() == Some(&self.origin) {
                continue;
            }
            let job_id = raw.properties.correlation_id().as_ref().map(ToString::to_string);
            let frame = Frame { job_id: job_id.unwrap_or_default(), payload: Bytes::from(raw.data) };
            // An error means that nobody listens here.
            let _ = self.local.send(frame);
        }
    }
}

/// Tells this bus from every other, on this machine and elsewhere.
fn origin() -> ShortString {
    let instance = INSTANCES.fetch_add(1, Ordering::Relaxed);
    let started = std::time::UNIX_EPOCH.elapsed().map_or(0, |d| d.as_nanos());
    format!("{}-{instance}-{started}", std::process::id()).into()
}

fn dropped() {
    metrics::counter!("zephyr_bus_frames_dropped_total").increment(1);
}
