//! Twenty-five seeds of the fault harness, as part of the tests. `make faults SEEDS=200` runs more, `SEED=n` one alone.

use std::io::Write as _;

use tests::faults::lanes;

/// How many seeds.
const SEEDS: u64 = 25;

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_doubled_or_stuck_when_processes_are_killed_at_random_moments() {
    let seeds: Vec<u64> = (0..SEEDS).collect();
    let tell = |line: &str| drop(writeln!(std::io::stderr(), "{line}"));
    let failed = lanes::run_all(&seeds, &tell).await.expect("the seeds can be run");
    assert!(failed.is_empty(), "these seeds failed:\n{}", failed.join("\n"));
}
