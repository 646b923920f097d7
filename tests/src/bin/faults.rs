//! `make faults`: kills −9 at random moments, as many times as is asked for, and says what did not hold.

use std::{io::Write as _, process::ExitCode};

use clap::Parser;
use tests::faults::lanes;

#[derive(Parser)]
#[command(about = "Kill -9 at random moments, drive every job to its end, and judge the ledger")]
struct Arguments {
    /// Runs the seeds from 0 on.
    #[arg(long, default_value_t = 25, conflicts_with = "seed")]
    seeds: u64,
    /// Runs this seed alone.
    #[arg(long)]
    seed: Option<u64>,
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let seeds: Vec<u64> = arguments.seed.map_or_else(|| (0..arguments.seeds).collect(), |seed| vec![seed]);
    let failed = lanes::run_all(&seeds, &|line| say(line)).await?;
    if failed.is_empty() {
        say(&format!("{} seeds: everything held", seeds.len()));
        return Ok(ExitCode::SUCCESS);
    }
    say(&format!("{} of {} seeds failed:\n{}", failed.len(), seeds.len(), failed.join("\n")));
    Ok(ExitCode::FAILURE)
}

fn say(line: &str) {
    // Nobody listening any more is no reason to fail.
    drop(writeln!(std::io::stdout(), "{line}"));
}
