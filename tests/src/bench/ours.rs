//! Our store, as one process or as two on the same account.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use domain::{
    Credits,
    account::{AccountCommand, Overrun},
    id::{JobId, TenantId},
    unit::Unit,
};
use store::{Context, Side, Store, Work};
use uuid::Uuid;

use crate::contender::Ledger;

pub fn recharge() -> AccountCommand {
    let amount = Credits::from_whole(1_000_000_000);
    AccountCommand::RechargeCredits { amount, source: "card".into(), reference: "bench".into() }
}

pub fn hold(job_id: JobId) -> AccountCommand {
    AccountCommand::HoldCredits { job_id, amount: Credits::from_micro(1), api_key_id: None, model: "m".into() }
}

pub fn settle(job_id: JobId) -> AccountCommand {
    AccountCommand::SettleHold { job_id, cost: Credits::from_micro(1), overrun: Overrun::FromBalance }
}

/// An account behind one committer or several.
#[derive(Clone)]
pub struct Ours {
    stores: Arc<[Store]>,
    next: Arc<AtomicUsize>,
    tenant: TenantId,
}

impl Ours {
    /// Each committer has a pool and a connection of its own, as in a process of its own.
    pub async fn new(url: &str, committers: usize) -> anyhow::Result<Self> {
        let mut stores = Vec::new();
        for _ in 0..committers {
            stores.push(Store::new(store::connect(url, 4).await?));
        }
        let tenant = TenantId::from_uuid(Uuid::now_v7());
        let ours = Self { stores: stores.into(), next: Arc::default(), tenant };
        ours.execute(AccountCommand::OpenAccount).await?;
        ours.execute(recharge()).await?;
        Ok(ours)
    }

    /// Takes turns between the committers. A conflict would be an error, and end the benchmark.
    async fn execute(&self, command: AccountCommand) -> anyhow::Result<()> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed) % self.stores.len();
        let unit = Unit::of(&self.tenant, command);
        let context = Context { actor: "bench".into(), request_id: "bench".into() };
        self.stores[turn].execute(Work { unit, context, side: Side::default() }).await?;
        Ok(())
    }
}

impl Ledger for Ours {
    async fn hold(&self, job: JobId) -> anyhow::Result<()> {
        self.execute(hold(job)).await
    }

    async fn settle(&self, job: JobId) -> anyhow::Result<()> {
        self.execute(settle(job)).await
    }
}
