//! What is compared.

use std::future::Future;

use domain::id::JobId;
use sqlx::{PgPool, postgres::PgPoolOptions};

/// A way to keep the balance of one account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Contender {
    /// One plpgsql function a step, a conditional update of the balance's row.
    RowLock,
    /// A transaction that selects the balance for update.
    ForUpdate,
    /// cqrs-es with postgres-es, tried again on conflict.
    Stock,
    /// Our committer.
    Ours,
    /// Two processes, each with its committer.
    OursTwice,
}

impl Contender {
    /// In the order in which they are shown.
    pub const ALL: [Self; 5] = [Self::RowLock, Self::ForUpdate, Self::Stock, Self::Ours, Self::OursTwice];

    /// Its name in the table.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RowLock => "row lock (function)",
            Self::ForUpdate => "select for update",
            Self::Stock => "cqrs-es + postgres-es",
            Self::Ours => "ours",
            Self::OursTwice => "ours, two processes",
        }
    }
}

/// The two steps that move credits.
pub trait Ledger: Clone + Send + Sync + 'static {
    /// Sets credits aside for a job.
    fn hold(&self, job: JobId) -> impl Future<Output = anyhow::Result<()>> + Send;
    /// Charges for the job.
    fn settle(&self, job: JobId) -> impl Future<Output = anyhow::Result<()>> + Send;
}

/// A pool that costs the contender nothing: warm, and without a ping before each use.
pub async fn pool(url: &str, connections: u32) -> anyhow::Result<PgPool> {
    let options = PgPoolOptions::new().min_connections(connections).max_connections(connections);
    let patience = std::time::Duration::from_secs(60);
    Ok(options.test_before_acquire(false).acquire_timeout(patience).connect(url).await?)
}
