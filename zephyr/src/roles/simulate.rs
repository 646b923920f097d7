//! `zephyr simulator`: the pretended upstreams alone, for tests of clients and for several gateways on one simulator.

use anyhow::Context as _;
use tokio::net::TcpListener;

use crate::{cli::SimulatorArgs, config::Config, console::say, shutdown};

/// Serves until it is asked to stop, then drops what is open, as a provider that goes away would.
///
/// # Errors
/// When it can't listen, or its state can't be read.
pub async fn run(config: &Config, arguments: SimulatorArgs) -> anyhow::Result<()> {
    let stop = shutdown::on_signals()?;
    let listener = TcpListener::bind(arguments.listen).await;
    let listener = listener.with_context(|| format!("nothing can listen on {}", arguments.listen))?;
    say(&format!("listening on http://{}", listener.local_addr()?));
    let settings = simulator::Config {
        seed: arguments.seed,
        time_scale: config.simulator.time_scale,
        state_dir: arguments.state_dir,
        ..simulator::Config::default()
    };
    Ok(simulator::serve(listener, settings, stop.cancelled_owned()).await?)
}
