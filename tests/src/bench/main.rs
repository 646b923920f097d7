//! `make bench`: hold-and-settle pairs per second on one account, beside what the ledger is compared with.
//!
//! All contenders run interleaved in one go, on one PostgreSQL with real flushes, and medians are shown: a number from
//! another day or machine is never compared with.

#![expect(clippy::print_stdout, reason = "a benchmark prints its results")]

mod contender;
mod machine;
mod measure;
mod ours;
mod report;
mod row_lock;
mod stock;
mod twice;

use std::collections::BTreeMap;

use contender::Contender;
use measure::{Measured, RUN, measure};
use report::Results;
use sqlx::{Connection, PgConnection};

/// How many commands are under way at once, unless arguments say otherwise.
const CLIENTS: [usize; 5] = [1, 8, 32, 256, 1_024];
/// How often everything is measured.
const ROUNDS: usize = 5;
/// The connections that the row locks are tried with.
const POOLS: [u32; 4] = [2, 8, 16, 32];

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.split_first() {
        Some((first, rest)) if first == twice::WRITER => twice::write(rest).await,
        _ => compare(&asked_for(&arguments)?).await,
    }
}

/// With how many clients to measure: those that the arguments name, or all.
fn asked_for(arguments: &[String]) -> anyhow::Result<Vec<usize>> {
    if arguments.is_empty() {
        Ok(CLIENTS.to_vec())
    } else {
        Ok(arguments.iter().map(|text| text.parse()).collect::<Result<_, _>>()?)
    }
}

async fn compare(clients: &[usize]) -> anyhow::Result<()> {
    let url = new_database().await?;
    let flush_us = machine::flush_us()?;
    println!("a flush of this disk takes {flush_us} µs (median of fdatasync after 8 KiB)");
    let pool = tuned_pool(&url).await?;
    println!("row locks do best with {pool} connections; {ROUNDS} rounds of {RUN:?} each follow");
    let mut results: Results = BTreeMap::new();
    for round in 1..=ROUNDS {
        for &clients in clients {
            for contender in Contender::ALL {
                let measured = run(contender, &url, clients, pool).await?;
                results.entry((contender, clients)).or_default().push(measured);
            }
        }
        println!("round {round} of {ROUNDS} is done");
    }
    report::print(&results, clients);
    Ok(())
}

async fn run(contender: Contender, url: &str, clients: usize, pool: u32) -> anyhow::Result<Measured> {
    let connections = u32::try_from(clients)?.min(pool);
    match contender {
        Contender::RowLock => measure(row_lock::Function::new(url, connections).await?, clients).await,
        Contender::ForUpdate => measure(row_lock::Transaction::new(url, connections).await?, clients).await,
        Contender::Stock => measure(stock::Stock::new(url, connections).await?, clients).await,
        Contender::Ours => measure(ours::Ours::new(url).await?, clients).await,
        Contender::OursTwice => twice::measure_two(url, clients).await,
    }
}

/// How many connections serve the row locks best when many wait.
async fn tuned_pool(url: &str) -> anyhow::Result<u32> {
    let mut best = (0.0, POOLS[0]);
    for connections in POOLS {
        let measured = measure(row_lock::Function::new(url, connections).await?, 256).await?;
        if measured.pairs_per_s > best.0 {
            best = (measured.pairs_per_s, connections);
        }
    }
    Ok(best.1)
}

/// An empty database with our schema and the tables of the others.
async fn new_database() -> anyhow::Result<String> {
    #[expect(clippy::disallowed_methods, reason = "the runner of the tests says where the server is")]
    let server_url = std::env::var("TEST_DATABASE_URL")?;
    let mut connection = PgConnection::connect(&server_url).await?;
    sqlx::raw_sql("create database bench").execute(&mut connection).await?;
    let (server, _) = server_url.rsplit_once('/').ok_or_else(|| anyhow::anyhow!("the URL names no database"))?;
    let url = format!("{server}/bench");
    let pool = store::connect(&url, 2).await?;
    store::migrate(&pool).await?;
    sqlx::raw_sql(row_lock::SCHEMA).execute(&pool).await?;
    sqlx::raw_sql(stock::SCHEMA).execute(&pool).await?;
    Ok(url)
}
