//! RabbitMQ going away in all the ways it does, with nothing lost and nobody waiting for ever.

use crate::broker::{self, Proxy, job, jobs, soon, until_ready};
use bus::{Bus, EventMessage, JobMessage, PublishError};
use futures::StreamExt;
use lapin::{
    Connection, ConnectionProperties, Consumer,
    options::{BasicConsumeOptions, QueueBindOptions, QueueDeclareOptions, QueueDeleteOptions},
    types::FieldTable,
};
use std::{
    collections::HashSet,
    time::{Duration, Instant},
};
use tokio::net::TcpListener;

/// The bound that publishing and starting promise, with room for a busy machine.
const BOUND: Duration = Duration::from_secs(15);

/// Publishes until the bus has everything, as the relay does.
async fn relay(bus: &Bus, mut messages: Vec<JobMessage>) {
    while !messages.is_empty() {
        let answers = bus.publish_jobs(messages.clone()).await;
        let mut answers = answers.into_iter();
        messages.retain(|_| answers.next().expect("an answer each").is_err());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_when_connections_are_cut() {
    const JOBS: usize = 2_000;
    let proxy = Proxy::open().await;
    let bus = broker::bus(&proxy.url, &broker::prefix()).await;
    let mut stream = bus.consume_jobs(50);
    let publisher = bus.clone();
    let published = tokio::spawn(async move {
        for batch in jobs(JOBS).chunks(200) {
            relay(&publisher, batch.to_vec()).await;
        }
    });
    let (mut seen, mut next_cut) = (HashSet::new(), 150);
    while seen.len() < JOBS {
        let delivery = soon(stream.next()).await.expect("a delivery");
        seen.insert(delivery.message_id.clone());
        delivery.ack().await;
        if seen.len() >= next_cut {
            proxy.cut();
            next_cut += 300;
        }
    }
    soon(published).await.expect("no panic");
    assert_eq!(seen, jobs(JOBS).into_iter().map(|j| j.id).collect());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settling_after_the_connection_is_gone_is_harmless() {
    let proxy = Proxy::open().await;
    let bus = broker::bus(&proxy.url, &broker::prefix()).await;
    relay(&bus, jobs(3)).await;
    let mut stream = bus.consume_jobs(3);
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(soon(stream.next()).await.expect("a delivery"));
    }
    proxy.cut();
    until_ready(&bus, false).await;
    let (dropped, rejected, acked) = (held.pop(), held.pop(), held.pop());
    drop(dropped);
    soon(rejected.expect("three").reject()).await;
    soon(acked.expect("three").ack()).await;
    let mut again = HashSet::new();
    while again.len() < 3 {
        let delivery = soon(stream.next()).await.expect("a delivery");
        assert!(delivery.redelivered);
        again.insert(delivery.message_id.clone());
        delivery.ack().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_absent_broker_hangs_nobody_and_is_found_when_it_comes() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let url = broker::url().replace(&broker::broker_address(), &address.to_string());
    let start = Instant::now();
    let bus = broker::bus(&url, &broker::prefix()).await;
    let mut stream = bus.consume_jobs(1);
    bus.publish_frame("job_1", "into the void");
    assert!(bus.ready().is_err());
    let answers = bus.publish_jobs(jobs(2)).await;
    assert!(answers.iter().all(|a| matches!(a, Err(PublishError::Unavailable(_)))), "{answers:?}");
    assert!(bus.dead_letters().await.is_err());
    assert!(start.elapsed() < BOUND, "{:?}", start.elapsed());

    let _proxy = Proxy::on(TcpListener::bind(address).await.expect("the same port"));
    until_ready(&bus, true).await;
    relay(&bus, jobs(1)).await;
    let delivery = soon(stream.next()).await.expect("a delivery");
    assert_eq!(delivery.job_id, job(0).job_id);
    delivery.ack().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_broker_is_an_unknown_outcome_in_bounded_time() {
    let proxy = Proxy::open().await;
    let bus = broker::bus(&proxy.url, &broker::prefix()).await;
    let mut stream = bus.consume_jobs(10);
    relay(&bus, jobs(1)).await;
    soon(stream.next()).await.expect("a delivery").ack().await;

    proxy.freeze();
    let start = Instant::now();
    let answers = bus.publish_jobs(jobs(2_000)).await;
    assert!(start.elapsed() < BOUND, "{:?}", start.elapsed());
    assert_eq!(answers.len(), 2_000);
    assert!(answers.iter().all(Result::is_err));
    assert!(matches!(answers[0], Err(PublishError::Unknown(_))), "{:?}", answers[0]);
    until_ready(&bus, false).await;

    proxy.thaw();
    proxy.cut();
    relay(&bus, vec![job(7)]).await;
    // What was unknown may come too; the one that was confirmed must.
    loop {
        let delivery = soon(stream.next()).await.expect("a delivery");
        let found = delivery.message_id == job(7).id && delivery.payload == job(7).payload;
        delivery.ack().await;
        if found {
            break;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_queue_is_declared_again() {
    let prefix = broker::prefix();
    let bus = broker::bus(&broker::url(), &prefix).await;
    delete_jobs_queue(&prefix).await;
    let answers = bus.publish_jobs(jobs(1)).await;
    assert_eq!(answers, [Err(PublishError::Unroutable)]);
    soon(relay(&bus, jobs(1))).await;
    let mut stream = bus.consume_jobs(1);
    soon(stream.next()).await.expect("a delivery").ack().await;

    // Under a consumer: it brings the queue back by itself.
    delete_jobs_queue(&prefix).await;
    soon(relay(&bus, jobs(1))).await;
    soon(stream.next()).await.expect("a delivery").ack().await;
}

async fn delete_jobs_queue(prefix: &str) {
    let connection = outsider().await;
    let channel = connection.create_channel().await.expect("a channel");
    let queue = format!("{prefix}.jobs");
    let deleted = channel.queue_delete(queue.as_str().into(), QueueDeleteOptions::default());
    deleted.await.expect("deleted");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frames_cross_processes_once_and_come_back_after_a_cut() {
    let (proxy, prefix) = (Proxy::open().await, broker::prefix());
    let here = broker::bus(&proxy.url, &prefix).await;
    let there = broker::bus(&broker::url(), &prefix).await;
    let (mut own, mut far) = (here.subscribe_frames(), there.subscribe_frames());
    publish_until_heard(&here, &mut far).await;
    // The listener here hears its own frames without the broker, each once.
    here.publish_frame("job_1", "last");
    let mut heard = Vec::new();
    while heard.last().is_none_or(|f| f != "last") {
        heard.push(soon(own.next()).await.expect("a frame").payload);
    }
    let unique: HashSet<_> = heard.iter().collect();
    assert_eq!(unique.len(), heard.len());

    proxy.cut();
    publish_until_heard(&there, &mut own).await;
    publish_until_heard(&here, &mut far).await;
}

/// Frames are best effort: until the other side listens they go nowhere.
async fn publish_until_heard(from: &Bus, to: &mut futures::stream::BoxStream<'static, bus::Frame>) {
    let marker = uuid::Uuid::now_v7();
    soon(async {
        for number in 0.. {
            from.publish_frame("job_1", format!("{marker} {number}"));
            let heard = tokio::time::timeout(Duration::from_millis(50), to.next()).await;
            if matches!(heard, Ok(Some(frame)) if frame.payload.starts_with(marker.to_string().as_bytes())) {
                return;
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_reach_an_outsider_that_listens_to_their_topic() {
    let prefix = broker::prefix();
    let bus = broker::bus(&broker::url(), &prefix).await;
    let connection = outsider().await;
    let mut consumer = listen(&connection, &format!("{prefix}.events"), "job.*").await;
    let event = |key: &str| EventMessage {
        routing_key: key.to_owned(),
        message_id: format!("{key}#1"),
        payload: "{\"v\":1}".into(),
    };
    let answers = bus.publish_events(vec![event("ledger.settled"), event("job.succeeded")]).await;
    assert_eq!(answers, [Ok(()), Ok(())]);
    let heard = soon(consumer.next()).await.expect("an event").expect("a delivery");
    assert_eq!(heard.routing_key.as_str(), "job.succeeded");
    assert_eq!(heard.data, b"{\"v\":1}");
    let properties = &heard.properties;
    assert_eq!(properties.message_id().as_ref().expect("an id").as_str(), "job.succeeded#1");
    assert_eq!(*properties.delivery_mode(), Some(2), "it survives a restart of the broker");
    assert!(matches!(bus.publish_event(&"x".repeat(256), "id", "{}").await, Err(PublishError::Refused(_))));
}

async fn outsider() -> Connection {
    let url = broker::url();
    let connection = Connection::connect(&url, ConnectionProperties::default());
    connection.await.expect("the broker")
}

async fn listen(connection: &Connection, exchange: &str, topic: &str) -> Consumer {
    let channel = connection.create_channel().await.expect("a channel");
    let none = FieldTable::default;
    let queue = channel.queue_declare("".into(), QueueDeclareOptions::exclusive(), none()).await.expect("a queue");
    let name = queue.name().clone();
    let bound = channel.queue_bind(name.clone(), exchange.into(), topic.into(), QueueBindOptions::default(), none());
    bound.await.expect("bound");
    let consumer = channel.basic_consume(name, "".into(), BasicConsumeOptions::default(), none());
    consumer.await.expect("a consumer")
}

#[tokio::test]
async fn a_wrong_url_is_an_error_at_once() {
    assert!(Bus::rabbitmq("http://nowhere", "bus test").await.is_err());
}
