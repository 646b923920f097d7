//! The consumer of the job queue: one attempt a delivery, a bounded number at a time. A delivery is acked when the log
//! says what became of it; a timer owns whatever lasts longer.

use bus::{Bus, Delivery};
use dispatch::{Dispatcher, Handled};
use domain::id::JobId;
use futures::StreamExt;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

/// The pause before a delivery that could not be handled goes back.
const PAUSE: std::time::Duration = std::time::Duration::from_millis(500);

pub(crate) async fn run(dispatcher: Dispatcher, bus: Bus, concurrency: u16, shutdown: CancellationToken) {
    let mut deliveries = bus.consume_jobs(concurrency);
    let mut handling = JoinSet::new();
    loop {
        let full = handling.len() >= usize::from(concurrency);
        tokio::select! {
            () = shutdown.cancelled() => break,
            Some(_) = handling.join_next(), if !handling.is_empty() => {}
            delivery = deliveries.next(), if !full => match delivery {
                Some(delivery) => {
                    let span = tracing::info_span!("delivery", job_id = delivery.job_id);
                    handling.spawn(handle(dispatcher.clone(), delivery).instrument(span));
                }
                None => break,
            },
        }
    }
    // What is under way ends; what was not begun is delivered to somebody else.
    drop(deliveries);
    while handling.join_next().await.is_some() {}
}

async fn handle(dispatcher: Dispatcher, delivery: Delivery) {
    let Ok(job_id) = delivery.job_id.parse::<JobId>() else {
        tracing::error!("a delivery names no job");
        return delivery.reject().await;
    };
    match dispatcher.run_queued(&job_id).await {
        Ok(Handled::Done) => delivery.ack().await,
        Ok(Handled::Poison) => delivery.reject().await,
        Err(error) => {
            tracing::warn!(%error, attempt = delivery.attempt, "a delivery goes back");
            tokio::time::sleep(PAUSE).await;
            delivery.nack_requeue().await;
        }
    }
}
