//! `zephyr up`: all roles in one process.
//!
//! | phase | what it does |
//! |---|---|
//! | `bring_up` | the data folder, and an embedded part for each that is not configured |
//! | `demo` | catalog, people, credits and a key, each once for ever |
//! | `serve` | API and worker, until it is asked to stop |
//! | `tear_down` | roles first, then the simulator and objects, the database last |
//!
//! The same code paths as in production; only the parts differ. A second start finds the data of the first.

mod demo;
mod parts;

use anyhow::Context as _;
pub use demo::ENV_FILE;
use parts::Embedded;

use super::{api, migrate, worker};
use crate::{
    config::{Config, local_url},
    console::say,
    metrics,
    parts::{Running, connect},
    shutdown,
};

/// What guarded calls may reach although it is not public: the simulator on this machine.
const LOOPBACK: [&str; 2] = ["127.0.0.0/8", "::1/128"];

/// Runs until it is asked to stop.
///
/// # Errors
/// When a part can't be started or reached; says which, and what to do.
pub async fn run(config: &Config) -> anyhow::Result<()> {
    let stop = shutdown::on_signals()?;
    let mut config = config.clone();
    config.server.egress_allow.extend(LOOPBACK.map(str::to_owned));
    config.server.development = true;
    let listener = api::listen(&config).await?;
    let base_url = config.server.public_url.clone().unwrap_or(local_url(listener.local_addr()?));
    // Upstream is on this machine, so that it can call back.
    config.server.public_url = Some(base_url.clone());
    let embedded = Embedded::bring_up(&config).await?;
    let served = serve(&config, &embedded, listener, &base_url, stop).await;
    embedded.tear_down().await;
    served
}

async fn serve(
    config: &Config,
    embedded: &Embedded,
    listener: tokio::net::TcpListener,
    base_url: &str,
    stop: tokio_util::sync::CancellationToken,
) -> anyhow::Result<()> {
    let deployment = &embedded.deployment;
    let pool = connect(deployment).await?;
    migrate::schema(&pool).await?;
    pool.close().await;
    let running = Running::assemble(config, deployment, "up").await?;
    running.objects.ensure_bucket().await.context("the bucket can't be made; look at S3_ENDPOINT and its keys")?;
    let demo = demo::furnish(embedded, &running, base_url).await?;
    let ended = stop.clone();
    let serving = async {
        let served = api::serve(config, &running, &deployment.jwt_secret, listener, metrics::install()?, stop.clone());
        let served = served.await;
        // Whichever role ends takes the other with it.
        stop.cancel();
        served
    };
    let working = async {
        worker::work(config, &running, stop.clone()).await;
        stop.cancel();
    };
    tell(&demo, base_url);
    let both = async {
        let (served, ()) = tokio::join!(serving, working);
        served
    };
    let outcome = shutdown::bounded("up", &ended, config.server.shutdown_within, both).await;
    running.close().await;
    outcome.map(|_| ())
}

fn tell(demo: &demo::Demo, base_url: &str) {
    say(&format!("the gateway is ready at {base_url}"));
    say(&format!(
        "  log in   {base_url}/login   as {}, {} or {}",
        demo.user_email, demo.admin_email, demo.auditor_email
    ));
    say(&format!("  the API  {base_url}/v1      documented at {base_url}/docs"));
    say(&format!("  passwords, keys and URLs for scripts are in {}", demo.env_file.display()));
    say("  upstream is a simulator; `make tour` in another terminal shows a text, an image and a video");
}
