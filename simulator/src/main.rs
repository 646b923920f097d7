//! The simulator as a program of its own, for client tests: prints where it listens, serves until it is stopped.

use std::io::Write;
use std::path::PathBuf;

use clap::Parser;
use simulator::{Config, serve};

#[derive(Parser)]
#[command(about = "Pretended AI providers on their own wire formats")]
struct Arguments {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: std::net::SocketAddr,
    /// Real time per simulated time.
    #[arg(long, default_value_t = 1.0)]
    time_scale: f64,
    /// Decides everything that is random.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Keeps tasks, files and the request log here across restarts.
    #[arg(long)]
    state_dir: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let arguments = Arguments::parse();
    let listener = tokio::net::TcpListener::bind(arguments.listen).await?;
    writeln!(std::io::stdout(), "listening on http://{}", listener.local_addr()?)?;
    let config = Config {
        time_scale: arguments.time_scale,
        seed: arguments.seed,
        state_dir: arguments.state_dir,
        ..Config::default()
    };
    serve(listener, config, stopped()).await
}

async fn stopped() {
    // Without a signal handler the program would still end on the signal itself.
    let _ = tokio::signal::ctrl_c().await;
}
