//! One run: so many clients, each holding and settling one job after another, for a fixed time.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use domain::id::JobId;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::contender::Ledger;

/// How long one run takes.
pub const RUN: Duration = Duration::from_millis(1_500);
/// What is not counted at its beginning.
const WARM_UP: Duration = Duration::from_millis(200);

/// What one run came to.
#[derive(Clone, Copy, Debug)]
pub struct Measured {
    /// Half the commands per second.
    pub pairs_per_s: f64,
    /// The median of the holds.
    pub p50_us: u64,
    /// What 99 of 100 holds stayed below.
    pub p99_us: u64,
}

#[derive(Default)]
struct Tally {
    commands: AtomicU64,
    holds_us: Mutex<Vec<u64>>,
}

/// Lets so many clients work for one run.
pub async fn measure(ledger: impl Ledger, clients: usize) -> anyhow::Result<Measured> {
    let tally = Arc::new(Tally::default());
    let mut tasks = JoinSet::new();
    for _ in 0..clients {
        tasks.spawn(client(ledger.clone(), tally.clone()));
    }
    tokio::time::sleep(WARM_UP).await;
    tally.commands.store(0, Ordering::Relaxed);
    tally.holds_us.lock().expect("no client panics").clear();
    let began = Instant::now();
    if let Ok(Some(ended)) = tokio::time::timeout(RUN, tasks.join_next()).await {
        ended??;
    }
    let commands = tally.commands.load(Ordering::Relaxed);
    let took = began.elapsed();
    let mut holds = std::mem::take(&mut *tally.holds_us.lock().expect("no client panics"));
    tasks.shutdown().await;
    holds.sort_unstable();
    let quantile = |percent: usize| holds.get(holds.len() * percent / 100).copied().unwrap_or(u64::MAX);
    let pairs = f64::from(u32::try_from(commands)?) / 2.0;
    Ok(Measured { pairs_per_s: pairs / took.as_secs_f64(), p50_us: quantile(50), p99_us: quantile(99) })
}

async fn client(ledger: impl Ledger, tally: Arc<Tally>) -> anyhow::Result<()> {
    loop {
        let job = JobId::from_uuid(Uuid::now_v7());
        let began = Instant::now();
        ledger.hold(job.clone()).await?;
        let took = u64::try_from(began.elapsed().as_micros())?;
        tally.holds_us.lock().expect("no client panics").push(took);
        tally.commands.fetch_add(1, Ordering::Relaxed);
        ledger.settle(job).await?;
        tally.commands.fetch_add(1, Ordering::Relaxed);
    }
}
