//! One job handed to one consumer, until it says what became of it.
//!
//! A delivery that is dropped unsettled goes back to the queue. Settling never fails: when the connection it came on is
//! gone, the broker delivers the job again, and the worker's own idempotence decides.

use crate::{in_process, rabbitmq};
use bytes::Bytes;

/// One job handed to one consumer. Hold it for moments, not for the length of an upstream task.
#[derive(Debug)]
pub struct Delivery {
    /// The outbox row's id.
    pub message_id: String,
    /// The job to take up.
    pub job_id: String,
    /// The payload as it was published.
    pub payload: Bytes,
    /// Whether it may have been delivered before.
    pub redelivered: bool,
    /// Which delivery this is, from 1. Past [`crate::DELIVERY_LIMIT`] returns it becomes a dead letter.
    pub attempt: u32,
    pub(crate) claim: Option<Claim>,
}

impl Delivery {
    /// The job is taken care of: it never comes back.
    pub async fn ack(self) {
        self.settle(Verdict::Ack).await;
    }

    /// The job goes back to the queue and is delivered again at once.
    pub async fn nack_requeue(self) {
        self.settle(Verdict::Requeue).await;
    }

    /// The message is poison: it goes to the dead letters.
    pub async fn reject(self) {
        self.settle(Verdict::Reject).await;
    }

    async fn settle(mut self, verdict: Verdict) {
        match self.claim.take() {
            Some(Claim::InProcess(claim)) => claim.settle(verdict),
            Some(Claim::RabbitMq(claim)) => claim.settle(&self.message_id, verdict).await,
            None => {}
        }
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        match self.claim.take() {
            Some(Claim::InProcess(claim)) => claim.settle(Verdict::Requeue),
            Some(Claim::RabbitMq(claim)) => claim.requeue_in_background(self.message_id.clone()),
            None => {}
        }
    }
}

/// What a consumer says of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Ack,
    Requeue,
    Reject,
}

/// The right to settle one delivery, once.
#[derive(Debug)]
pub(crate) enum Claim {
    InProcess(in_process::Claim),
    RabbitMq(rabbitmq::Claim),
}
