//! Our store: one committer on an account.

use domain::{
    Credits,
    account::{AccountCommand, Allowance, Overrun},
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
    let (amount, allowance) = (Credits::from_micro(1), Allowance::default());
    AccountCommand::HoldCredits { job_id, amount, api_key_id: None, model: "m".into(), allowance }
}

pub fn settle(job_id: JobId) -> AccountCommand {
    AccountCommand::SettleHold { job_id, cost: Credits::from_micro(1), overrun: Overrun::FromBalance }
}

/// An account behind this process's committer.
#[derive(Clone)]
pub struct Ours {
    store: Store,
    tenant: TenantId,
}

impl Ours {
    /// A new account with enough on it.
    pub async fn new(url: &str) -> anyhow::Result<Self> {
        let ours = Self::attach(url, TenantId::from_uuid(Uuid::now_v7())).await?;
        ours.execute(AccountCommand::OpenAccount).await?;
        ours.execute(recharge()).await?;
        Ok(ours)
    }

    /// An account that another process may write to as well.
    pub async fn attach(url: &str, tenant: TenantId) -> anyhow::Result<Self> {
        Ok(Self { store: Store::new(store::connect(url, 4).await?), tenant })
    }

    /// Whose account it is.
    pub const fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// A conflict would be an error, and end the benchmark.
    async fn execute(&self, command: AccountCommand) -> anyhow::Result<()> {
        let unit = Unit::of(&self.tenant, command);
        let context = Context { actor: "bench".into(), request_id: "bench".into() };
        self.store.execute(Work { unit, context, side: Side::default() }).await?;
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
