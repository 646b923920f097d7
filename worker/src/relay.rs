//! The relay: takes messages from the outbox to the bus, a window at a time, and deletes them once they are confirmed.
//! What is not confirmed goes out again: consumers take every message twice.

use std::time::Duration;

use bus::{Bus, EventMessage, JobMessage};
use store::{
    Pool,
    follow::Follower,
    outbox::{self, OutboxMessage},
};
use tokio_util::sync::CancellationToken;

/// The most messages that are on their way at a time.
const WINDOW: i64 = 512;
/// The outbox is looked at this often even when nobody calls.
const LOOK_ANYWAY: Duration = Duration::from_secs(1);
/// The pause after messages were not confirmed.
const PAUSE: Duration = Duration::from_millis(500);

/// Relays until `shutdown`. A message whose relay died goes out again after `lease`.
pub(crate) async fn run(pool: Pool, bus: Bus, follower: Follower, lease: Duration, shutdown: CancellationToken) {
    while !shutdown.is_cancelled() {
        // Anew before each look: of what came before it nothing has to be told, and nothing is kept for it.
        let mut appended = follower.subscribe();
        let pause = match relay_once(&pool, &bus, lease).await {
            Ok(Relayed::More) => continue,
            Ok(Relayed::All) => LOOK_ANYWAY,
            Ok(Relayed::Unconfirmed) => PAUSE,
            Err(error) => {
                tracing::warn!(%error, "the outbox can't be read");
                PAUSE
            }
        };
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
            // Whatever was appended may have written to the outbox; a lag says so as well.
            _ = appended.recv() => {}
        }
    }
}

enum Relayed {
    More,
    All,
    Unconfirmed,
}

async fn relay_once(pool: &Pool, bus: &Bus, lease: Duration) -> Result<Relayed, store::DatabaseError> {
    let now = chrono::Utc::now();
    let messages = outbox::lease(pool, WINDOW, now, now + lease).await?;
    if messages.is_empty() {
        return Ok(Relayed::All);
    }
    let full = i64::try_from(messages.len()).is_ok_and(|count| count == WINDOW);
    let (jobs, events): (Vec<_>, Vec<_>) = messages.into_iter().partition(|message| message.topic == "jobs");
    let (mut sent, mut kept) = (Vec::new(), Vec::new());
    let confirms = bus.publish_jobs(jobs.iter().map(job_message).collect()).await;
    sort_out(&jobs, confirms, &mut sent, &mut kept);
    let confirms = bus.publish_events(events.iter().map(event_message).collect()).await;
    sort_out(&events, confirms, &mut sent, &mut kept);
    metrics::counter!("zephyr_outbox_relayed_total").increment(u64::try_from(sent.len()).unwrap_or(u64::MAX));
    outbox::delete(pool, &sent).await?;
    if kept.is_empty() {
        return Ok(if full { Relayed::More } else { Relayed::All });
    }
    outbox::give_back(pool, &kept).await?;
    Ok(Relayed::Unconfirmed)
}

fn sort_out(
    messages: &[OutboxMessage],
    confirms: Vec<Result<(), bus::PublishError>>,
    sent: &mut Vec<i64>,
    kept: &mut Vec<i64>,
) {
    for (message, confirm) in messages.iter().zip(confirms) {
        match confirm {
            Ok(()) => sent.push(message.id),
            Err(error) => {
                tracing::warn!(%error, outbox_id = message.id, "a message is not confirmed; it goes out again");
                kept.push(message.id);
            }
        }
    }
}

fn job_message(message: &OutboxMessage) -> JobMessage {
    JobMessage {
        id: message.id.to_string(),
        job_id: message.reference.clone(),
        payload: message.payload.clone().into(),
    }
}

fn event_message(message: &OutboxMessage) -> EventMessage {
    EventMessage {
        routing_key: "job.ended".into(),
        message_id: message.id.to_string(),
        payload: message.payload.clone().into(),
    }
}
