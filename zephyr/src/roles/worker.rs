//! `zephyr worker`: what goes on after a response. Any number of them may run over the same parts.

use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use worker::WorkerSettings;

use crate::{config::Config, parts::Running, shutdown};

/// Works until it is asked to stop, then ends what is under way.
///
/// # Errors
/// When a setting is missing, or a part can't be reached.
pub async fn run(config: &Config) -> anyhow::Result<()> {
    let deployment = config.parts.production()?;
    let stop = shutdown::on_signals()?;
    let running = Running::assemble(config, &deployment, "worker").await?;
    tracing::info!(concurrency = config.worker.concurrency, "the worker works");
    let working = async {
        work(config, &running, stop.clone()).await;
        Ok(())
    };
    shutdown::bounded("worker", &stop, config.server.shutdown_within, working).await?;
    running.close().await;
    Ok(())
}

/// Works until `stop`, under a name that no other worker has.
pub async fn work(config: &Config, running: &Running, stop: CancellationToken) {
    let settings =
        WorkerSettings { name: format!("worker-{}", Uuid::now_v7().simple()), concurrency: config.worker.concurrency };
    worker::run(running.dispatcher.clone(), running.follower.clone(), settings, stop).await;
}
