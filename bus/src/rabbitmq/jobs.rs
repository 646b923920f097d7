//! The consumer of jobs: subscribes, and after every loss subscribes again.
//!
//! It never answers for a delivery whose channel is gone: the broker gives that job to somebody again.

use super::{
    ASK_TIMEOUT,
    link::{Link, Session},
};
use crate::{
    Delivery, JobMessage,
    delivery::{self, Verdict},
};
use bytes::Bytes;
use futures::{StreamExt, stream::BoxStream};
use lapin::{
    Acker, Channel, Consumer,
    options::{BasicAckOptions, BasicConsumeOptions, BasicNackOptions, BasicQosOptions, BasicRejectOptions},
    types::{FieldTable, ShortString},
};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::mpsc,
    time::{sleep, timeout},
};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;

/// The pause before subscribing again.
const RESUBSCRIBE_PAUSE: Duration = Duration::from_millis(200);

/// Jobs as they come, until the receiver is dropped or the link ends.
pub(super) fn consume(link: Link, queue: ShortString, prefetch: u16) -> BoxStream<'static, Delivery> {
    // One place: what is not taken stays in the broker's window.
    let (deliveries, receiver) = mpsc::channel(1);
    tokio::spawn(async move {
        tokio::select! {
            () = deliveries.closed() => {}
            () = pump(link, queue, prefetch, &deliveries) => {}
        }
    });
    ReceiverStream::new(receiver).boxed()
}

async fn pump(link: Link, queue: ShortString, prefetch: u16, deliveries: &mpsc::Sender<Delivery>) {
    while let Some(session) = link.wait().await {
        match subscribe(&session, &queue, prefetch).await {
            Ok((channel, consumer)) => {
                let subscription = Subscription { _channel: channel, ended: session.ended.clone() };
                session.ended.run_until_cancelled(subscription.forward(consumer, deliveries)).await;
            }
            Err(reason) => {
                tracing::warn!(%queue, reason, "could not subscribe to jobs");
                // A new connection declares again what is missing.
                session.retire();
            }
        }
        sleep(RESUBSCRIBE_PAUSE).await;
    }
}

async fn subscribe(session: &Arc<Session>, queue: &ShortString, prefetch: u16) -> Result<(Channel, Consumer), String> {
    let subscribe = async {
        let channel = session.connection.create_channel().await?;
        channel.basic_qos(prefetch, BasicQosOptions::default()).await?;
        let (options, arguments) = (BasicConsumeOptions::default(), FieldTable::default());
        let consumer = channel.basic_consume(queue.clone(), "".into(), options, arguments).await?;
        Ok((channel, consumer))
    };
    match timeout(ASK_TIMEOUT, subscribe).await {
        Ok(result) => result.map_err(|e: lapin::Error| e.to_string()),
        Err(_) => Err("the broker does not answer".into()),
    }
}

/// What every delivery of one subscription rests on. It keeps the channel open, as long as the connection lives.
#[derive(Debug, Clone)]
struct Subscription {
    _channel: Channel,
    ended: CancellationToken,
}

impl Subscription {
    async fn forward(&self, mut consumer: Consumer, deliveries: &mpsc::Sender<Delivery>) {
        while let Some(next) = consumer.next().await {
            match next {
                Ok(raw) => {
                    if deliveries.send(self.delivery(raw)).await.is_err() {
                        return;
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "the subscription to jobs ended");
                    return;
                }
            }
        }
    }

    fn delivery(&self, raw: lapin::message::Delivery) -> Delivery {
        let JobMessage { id, job_id, payload } = message(&raw);
        let claim = Claim { acker: raw.acker.clone(), subscription: self.clone() };
        Delivery {
            message_id: id,
            job_id,
            payload,
            redelivered: raw.redelivered,
            attempt: earlier_returns(&raw) + 1,
            claim: Some(delivery::Claim::RabbitMq(claim)),
        }
    }
}

/// The message inside a delivery. One that was not published here has empty ids, which no worker knows.
pub(super) fn message(raw: &lapin::message::Delivery) -> JobMessage {
    let text = |field: &Option<ShortString>| field.as_ref().map(ToString::to_string).unwrap_or_default();
    JobMessage {
        id: text(raw.properties.message_id()),
        job_id: text(raw.properties.correlation_id()),
        payload: Bytes::copy_from_slice(&raw.data),
    }
}

/// A quorum queue counts how often a message came back.
fn earlier_returns(raw: &lapin::message::Delivery) -> u32 {
    let headers = raw.properties.headers().as_ref();
    let count = headers.and_then(|h| h.inner().get("x-delivery-count"));
    let count = count.and_then(|v| v.as_long_long_int()).unwrap_or(0);
    u32::try_from(count).unwrap_or(u32::MAX - 1)
}

/// The right to settle one delivery.
#[derive(Debug)]
pub(crate) struct Claim {
    acker: Acker,
    subscription: Subscription,
}

impl Claim {
    pub(crate) async fn settle(self, message_id: &str, verdict: Verdict) {
        let settled = async {
            match verdict {
                Verdict::Ack => self.acker.ack(BasicAckOptions::default()).await,
                Verdict::Requeue => self.acker.nack(BasicNackOptions { requeue: true, ..Default::default() }).await,
                Verdict::Reject => self.acker.reject(BasicRejectOptions { requeue: false }).await,
            }
        };
        // lapin may leave an ack pending that raced with the loss of the connection.
        let settled = self.subscription.ended.run_until_cancelled(settled);
        let reason = match timeout(ASK_TIMEOUT, settled).await {
            Ok(Some(Ok(true))) => return,
            Ok(Some(Ok(false))) => "its channel is gone".to_owned(),
            Ok(Some(Err(error))) => error.to_string(),
            Ok(None) => "its connection is gone".to_owned(),
            Err(_) => "the broker does not answer".to_owned(),
        };
        tracing::info!(message_id, ?verdict, reason, "delivery not settled, it will come again");
    }

    /// For a delivery that was dropped: without a runtime the broker notices when the connection ends.
    pub(crate) fn requeue_in_background(self, message_id: String) {
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { self.settle(&message_id, Verdict::Requeue).await });
        }
    }
}
