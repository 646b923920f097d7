//! cqrs-es and postgres-es as they come, over our own account, trying again when another was faster.

use std::sync::Arc;

use cqrs_es::{AggregateError, CqrsFramework, persist::PersistedEventStore};
use domain::{account::Account, account::AccountCommand, id::JobId};
use postgres_es::{PostgresCqrs, PostgresEventRepository};
use uuid::Uuid;

use crate::{
    contender::{Ledger, pool},
    ours,
};

/// Their tables, beside ours.
pub const SCHEMA: &str = "
create table stock_events (
    aggregate_type text not null, aggregate_id text not null, sequence bigint not null check (sequence >= 0),
    event_type text not null, event_version text not null, payload json not null, metadata json not null,
    primary key (aggregate_type, aggregate_id, sequence));";

/// An account behind the stock framework.
#[derive(Clone)]
pub struct Stock {
    cqrs: Arc<PostgresCqrs<Account>>,
    account: String,
}

impl Stock {
    pub async fn new(url: &str, connections: u32) -> anyhow::Result<Self> {
        let repository =
            PostgresEventRepository::new(pool(url, connections).await?).with_tables("stock_events", "stock_snapshots");
        let store = PersistedEventStore::new_event_store(repository);
        let cqrs = Arc::new(CqrsFramework::new(store, vec![], ()));
        let stock = Self { cqrs, account: Uuid::new_v4().to_string() };
        stock.execute(AccountCommand::OpenAccount).await?;
        stock.execute(ours::recharge()).await?;
        Ok(stock)
    }

    async fn execute(&self, command: AccountCommand) -> anyhow::Result<()> {
        loop {
            match self.cqrs.execute(&self.account, command.clone()).await {
                Err(AggregateError::AggregateConflict) => {}
                done => return Ok(done?),
            }
        }
    }
}

impl Ledger for Stock {
    async fn hold(&self, job: JobId) -> anyhow::Result<()> {
        self.execute(ours::hold(job)).await
    }

    async fn settle(&self, job: JobId) -> anyhow::Result<()> {
        self.execute(ours::settle(job)).await
    }
}
