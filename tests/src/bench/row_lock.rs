//! What most gateways do: a balance in a row, and a table of entries beside it.

use domain::id::JobId;
use sqlx::PgPool;
use uuid::Uuid;

use crate::contender::{Ledger, pool};

/// The function takes the row's lock last, so that it is held for as short as can be.
pub const SCHEMA: &str = "
create table balances (id text primary key, posted bigint not null, held bigint not null) with (fillfactor = 50);
create table entries (
    account text not null, job text not null, kind text not null, amount bigint not null,
    created_at timestamptz not null default clock_timestamp(), primary key (job, kind));
create function hold(a text, j text, n bigint) returns bigint language plpgsql as $$
declare rest bigint;
begin
    insert into entries (account, job, kind, amount) values (a, j, 'hold', n);
    update balances set held = held + n where id = a and posted - held >= n returning posted - held into strict rest;
    return rest;
end $$;
create function settle(a text, j text, n bigint) returns bigint language plpgsql as $$
declare rest bigint;
begin
    insert into entries (account, job, kind, amount) values (a, j, 'settle', n);
    update balances set held = held - n, posted = posted - n where id = a returning posted - held into strict rest;
    return rest;
end $$;";

async fn new_account(pool: &PgPool) -> anyhow::Result<String> {
    let id = Uuid::new_v4().to_string();
    sqlx::query("insert into balances values ($1, 1000000000, 0)").bind(&id).execute(pool).await?;
    Ok(id)
}

/// One call a step.
#[derive(Clone)]
pub struct Function {
    pool: PgPool,
    account: String,
}

impl Function {
    pub async fn new(url: &str, connections: u32) -> anyhow::Result<Self> {
        let pool = pool(url, connections).await?;
        Ok(Self { account: new_account(&pool).await?, pool })
    }

    async fn call(&self, sql: &'static str, job: JobId) -> anyhow::Result<()> {
        let query = sqlx::query_scalar::<_, i64>(sql).bind(&self.account).bind(job.to_string());
        query.fetch_one(&self.pool).await?;
        Ok(())
    }
}

impl Ledger for Function {
    async fn hold(&self, job: JobId) -> anyhow::Result<()> {
        self.call("select hold($1, $2, 1)", job).await
    }

    async fn settle(&self, job: JobId) -> anyhow::Result<()> {
        self.call("select settle($1, $2, 1)", job).await
    }
}

/// A transaction a step, which reads before it writes.
#[derive(Clone)]
pub struct Transaction {
    pool: PgPool,
    account: String,
}

impl Transaction {
    pub async fn new(url: &str, connections: u32) -> anyhow::Result<Self> {
        let pool = pool(url, connections).await?;
        Ok(Self { account: new_account(&pool).await?, pool })
    }

    async fn step(&self, job: JobId, kind: &str, posted: i64, held: i64) -> anyhow::Result<()> {
        let mut transaction = self.pool.begin().await?;
        let lock = "select posted - held from balances where id = $1 for update";
        let available: i64 = sqlx::query_scalar(lock).bind(&self.account).fetch_one(&mut *transaction).await?;
        anyhow::ensure!(available >= held, "the account is empty");
        let entry = "insert into entries (account, job, kind, amount) values ($1, $2, $3, 1)";
        let query = sqlx::query(entry).bind(&self.account).bind(job.to_string()).bind(kind);
        query.execute(&mut *transaction).await?;
        let update = "update balances set posted = posted + $2, held = held + $3 where id = $1";
        let query = sqlx::query(update).bind(&self.account).bind(posted).bind(held);
        query.execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(())
    }
}

impl Ledger for Transaction {
    async fn hold(&self, job: JobId) -> anyhow::Result<()> {
        self.step(job, "hold", 0, 1).await
    }

    async fn settle(&self, job: JobId) -> anyhow::Result<()> {
        self.step(job, "settle", -1, -1).await
    }
}
