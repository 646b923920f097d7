//! `zephyr migrate`: brings the database's schema up to date, and makes the read models' tables. Forward only.

use anyhow::Context as _;
use projections::ReadModels;
use secrecy::ExposeSecret as _;
use sqlx::PgPool;

use crate::{config::Config, console::say};

/// The connections of a command that does one thing after the other.
const CONNECTIONS: u32 = 4;

/// Runs the command.
///
/// # Errors
/// When the database can't be reached, or a migration fails.
pub async fn run(config: &Config) -> anyhow::Result<()> {
    let pool = connect(config).await?;
    schema(&pool).await?;
    say("the database's schema is up to date");
    Ok(())
}

/// Brings the schema up to date.
///
/// # Errors
/// When a migration fails, or one that was applied has changed since.
pub async fn schema(pool: &PgPool) -> anyhow::Result<()> {
    store::migrate(pool).await.context("the database's schema can't be brought up to date")?;
    ReadModels::open(pool.clone()).await.context("the read models can't be made")?;
    Ok(())
}

/// The pool of a command that needs nothing but the database.
///
/// # Errors
/// When `DATABASE_URL` is missing, or the database can't be reached.
pub async fn connect(config: &Config) -> anyhow::Result<PgPool> {
    let url = config.parts.database()?;
    let connected = store::connect(url.expose_secret(), CONNECTIONS).await;
    connected.context("the database can't be reached; look at DATABASE_URL and whether PostgreSQL runs")
}
