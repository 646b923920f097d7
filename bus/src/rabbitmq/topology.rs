//! The names and shapes of everything that lives on the broker, declared on every connection.
//!
//! A shape never changes under a name: RabbitMQ refuses to declare a queue again with other arguments, so a new shape
//! takes a new name.

use crate::{DEAD_LETTERS_MAX, DELIVERY_LIMIT};
use lapin::{
    Channel, ExchangeKind,
    options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions},
    types::{AMQPValue, FieldTable, ShortString},
};

/// How many jobs wait on the broker before it refuses more and they stay in the outbox.
const JOBS_MAX: i64 = 1_000_000;

/// The names of one installation.
#[derive(Debug, Clone)]
pub(super) struct Names {
    /// Direct exchange of jobs, and their routing key.
    pub exchange: ShortString,
    /// Quorum queue of jobs, and its routing key.
    pub jobs: ShortString,
    /// Exchange and quorum queue of poison.
    pub dead: ShortString,
    /// Fan-out exchange of frames.
    pub frames: ShortString,
    /// Topic exchange of events, for the outside.
    pub events: ShortString,
}

impl Names {
    pub(super) fn new(prefix: &str) -> Self {
        Self {
            exchange: prefix.into(),
            jobs: format!("{prefix}.jobs").into(),
            dead: format!("{prefix}.jobs.dead").into(),
            frames: format!("{prefix}.frames").into(),
            events: format!("{prefix}.events").into(),
        }
    }

    /// Declares all of it; harmless when it is there.
    pub(super) async fn declare(&self, channel: &Channel) -> lapin::Result<()> {
        exchange(channel, &self.exchange, ExchangeKind::Direct).await?;
        exchange(channel, &self.dead, ExchangeKind::Fanout).await?;
        exchange(channel, &self.frames, ExchangeKind::Fanout).await?;
        exchange(channel, &self.events, ExchangeKind::Topic).await?;
        queue(channel, &self.dead, &self.dead, dead_arguments()).await?;
        queue(channel, &self.jobs, &self.exchange, self.jobs_arguments()).await
    }

    /// At-least-once dead lettering needs an overflow that rejects: nothing is dropped on the way to the dead letters.
    fn jobs_arguments(&self) -> FieldTable {
        let dead = AMQPValue::LongString(self.dead.as_str().into());
        table([
            ("x-queue-type", text("quorum")),
            ("x-delivery-limit", AMQPValue::LongLongInt(DELIVERY_LIMIT.into())),
            ("x-dead-letter-exchange", dead),
            ("x-dead-letter-strategy", text("at-least-once")),
            ("x-overflow", text("reject-publish")),
            ("x-max-length", AMQPValue::LongLongInt(JOBS_MAX)),
        ])
    }
}

/// The arguments of the queue on which one process hears frames: it keeps the newest.
pub(super) fn frames_arguments() -> FieldTable {
    let max = crate::FRAMES_BUFFERED as i64;
    table([("x-max-length", AMQPValue::LongLongInt(max))])
}

fn dead_arguments() -> FieldTable {
    let max = DEAD_LETTERS_MAX as i64;
    table([("x-queue-type", text("quorum")), ("x-max-length", AMQPValue::LongLongInt(max))])
}

async fn exchange(channel: &Channel, name: &ShortString, kind: ExchangeKind) -> lapin::Result<()> {
    let durable = ExchangeDeclareOptions { durable: true, ..Default::default() };
    channel.exchange_declare(name.clone(), kind, durable, FieldTable::default()).await
}

async fn queue(
    channel: &Channel,
    name: &ShortString,
    exchange: &ShortString,
    arguments: FieldTable,
) -> lapin::Result<()> {
    channel.queue_declare(name.clone(), QueueDeclareOptions::durable(), arguments).await?;
    let (key, options) = (name.clone(), QueueBindOptions::default());
    channel.queue_bind(name.clone(), exchange.clone(), key, options, FieldTable::default()).await
}

fn text(value: &str) -> AMQPValue {
    AMQPValue::LongString(value.into())
}

fn table<const N: usize>(entries: [(&str, AMQPValue); N]) -> FieldTable {
    let mut table = FieldTable::default();
    for (key, value) in entries {
        table.insert(key.into(), value);
    }
    table
}
