//! What every bus promises, run against the one in process and the one over RabbitMQ.

use crate::broker::{PATIENCE, job, jobs, soon, until_ready};
use bus::{Bus, DELIVERY_LIMIT, Delivery, JobMessage, PublishError};
use futures::{StreamExt, stream::BoxStream};
use std::{collections::HashSet, time::Duration};

/// How long nothing must happen to be taken for never.
const QUIET: Duration = Duration::from_millis(300);

/// Runs one contract against both buses.
macro_rules! contract {
    ($($name:ident),* $(,)?) => {
        mod in_process {
            $(#[tokio::test] async fn $name() { super::$name(bus::Bus::in_process()).await; })*
        }
        mod rabbitmq {
            use crate::broker;
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { super::$name(broker::bus(&broker::url(), &broker::prefix()).await).await; })*
        }
    };
}

contract!(
    delivers_two_thousand_jobs,
    shares_jobs_between_consumers,
    redelivers_what_is_dropped,
    redelivers_what_is_given_back,
    a_delivery_outlives_its_stream,
    holds_back_what_exceeds_the_prefetch,
    poison_becomes_a_dead_letter,
    a_rejected_job_becomes_a_dead_letter,
    frames_reach_every_listener,
    events_are_accepted,
    closing_ends_the_streams,
);

async fn publish(bus: &Bus, count: usize) {
    for answer in soon(bus.publish_jobs(jobs(count))).await {
        assert_eq!(answer, Ok(()));
    }
}

async fn next(stream: &mut BoxStream<'static, Delivery>) -> Delivery {
    soon(stream.next()).await.expect("a delivery")
}

async fn delivers_two_thousand_jobs(bus: Bus) {
    publish(&bus, 2_000).await;
    let mut stream = bus.consume_jobs(100);
    let mut seen = HashSet::new();
    while seen.len() < 2_000 {
        let delivery = next(&mut stream).await;
        assert_eq!((delivery.redelivered, delivery.attempt), (false, 1));
        seen.insert(JobMessage {
            id: delivery.message_id.clone(),
            job_id: delivery.job_id.clone(),
            payload: delivery.payload.clone(),
        });
        delivery.ack().await;
    }
    assert_eq!(seen, jobs(2_000).into_iter().collect());
    assert!(is_quiet(&mut stream).await, "a job came twice");
}

async fn shares_jobs_between_consumers(bus: Bus) {
    let (mut one, mut two) = (bus.consume_jobs(1), bus.consume_jobs(1));
    publish(&bus, 2).await;
    let (first, second) = (next(&mut one).await, next(&mut two).await);
    assert_ne!(first.job_id, second.job_id);
    first.ack().await;
    second.ack().await;
}

async fn redelivers_what_is_dropped(bus: Bus) {
    publish(&bus, 1).await;
    let mut stream = bus.consume_jobs(1);
    drop(next(&mut stream).await);
    let again = next(&mut stream).await;
    assert_eq!((again.redelivered, again.attempt), (true, 2));
    assert_eq!((&again.message_id, &again.payload), (&job(0).id, &job(0).payload));
    again.ack().await;
    assert!(is_quiet(&mut stream).await, "an acked job came back");
}

async fn redelivers_what_is_given_back(bus: Bus) {
    publish(&bus, 1).await;
    let mut stream = bus.consume_jobs(1);
    for attempt in 1..=3 {
        let delivery = next(&mut stream).await;
        assert_eq!(delivery.attempt, attempt);
        delivery.nack_requeue().await;
    }
    next(&mut stream).await.ack().await;
}

async fn a_delivery_outlives_its_stream(bus: Bus) {
    publish(&bus, 1).await;
    let mut stream = bus.consume_jobs(5);
    let delivery = next(&mut stream).await;
    drop(stream);
    let mut stream = bus.consume_jobs(5);
    assert!(is_quiet(&mut stream).await, "a job in work was given to another");
    delivery.ack().await;
    assert!(is_quiet(&mut stream).await, "an acked job came back");
}

async fn holds_back_what_exceeds_the_prefetch(bus: Bus) {
    publish(&bus, 3).await;
    let mut stream = bus.consume_jobs(2);
    let (first, second) = (next(&mut stream).await, next(&mut stream).await);
    assert!(is_quiet(&mut stream).await, "a third of two");
    first.ack().await;
    let third = next(&mut stream).await;
    assert_eq!(third.job_id, job(2).job_id);
    second.ack().await;
    third.ack().await;
}

async fn poison_becomes_a_dead_letter(bus: Bus) {
    publish(&bus, 1).await;
    let mut stream = bus.consume_jobs(1);
    for attempt in 1..=DELIVERY_LIMIT + 1 {
        let delivery = next(&mut stream).await;
        assert_eq!(delivery.attempt, attempt);
        delivery.nack_requeue().await;
    }
    assert!(is_quiet(&mut stream).await, "poison came back");
    expect_dead_letter(&bus).await;
}

async fn a_rejected_job_becomes_a_dead_letter(bus: Bus) {
    publish(&bus, 1).await;
    let mut stream = bus.consume_jobs(1);
    next(&mut stream).await.reject().await;
    assert!(is_quiet(&mut stream).await, "a rejected job came back");
    expect_dead_letter(&bus).await;
}

async fn expect_dead_letter(bus: &Bus) {
    soon(async {
        // The broker moves it in its own time and tells nobody.
        while bus.dead_letters().await != Ok(1) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
    assert_eq!(bus.take_dead_letter().await, Ok(Some(job(0))));
    assert_eq!(bus.take_dead_letter().await, Ok(None));
}

async fn frames_reach_every_listener(bus: Bus) {
    let listeners = [bus.subscribe_frames(), bus.subscribe_frames()];
    for number in 0..100 {
        bus.publish_frame("job_1", format!("frame {number}"));
    }
    for mut listener in listeners {
        for number in 0..100 {
            let frame = soon(listener.next()).await.expect("a frame");
            assert_eq!(frame.job_id, "job_1");
            assert_eq!(frame.payload, format!("frame {number}"), "once, in order");
        }
    }
}

async fn events_are_accepted(bus: Bus) {
    for _ in 0..2 {
        let told = bus.publish_event("job.succeeded", "job_1#4", "{\"v\":1}");
        assert_eq!(soon(told).await, Ok(()));
    }
}

async fn closing_ends_the_streams(bus: Bus) {
    until_ready(&bus, true).await;
    let (mut jobs_stream, mut frames) = (bus.consume_jobs(1), bus.subscribe_frames());
    soon(bus.close()).await;
    assert!(soon(jobs_stream.next()).await.is_none());
    assert!(soon(frames.next()).await.is_none());
    assert!(bus.ready().is_err());
    let answers = soon(bus.publish_jobs(jobs(2))).await;
    assert_eq!(answers.len(), 2);
    assert!(answers.iter().all(|a| matches!(a, Err(PublishError::Unavailable(_)))), "{answers:?}");
}

async fn is_quiet(stream: &mut BoxStream<'static, Delivery>) -> bool {
    assert!(QUIET < PATIENCE);
    tokio::time::timeout(QUIET, stream.next()).await.is_err()
}
