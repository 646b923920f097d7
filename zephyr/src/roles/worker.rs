//! `zephyr worker`: what goes on after a response. Any number of them may run over the same parts.

use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use worker::{Sweeping, WorkerSettings};

use crate::{
    config::{Config, WorkerConfig},
    parts::Running,
    shutdown,
};

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
    let WorkerConfig { concurrency, sweep_every, purge_after } = config.worker;
    let name = format!("worker-{}", Uuid::now_v7().simple());
    let sweeping = Sweeping { every: sweep_every, files_kept_for: purge_after };
    let settings = WorkerSettings { name, concurrency, sweeping };
    worker::run(running.dispatcher.clone(), running.identity.clone(), settings, stop).await;
}
