//! The books after a random workload: rebuilt byte for byte, accepted by two independent judges, equal to every account.
//!
//! The workload goes through the gateway; upstream fails, lies and drops as it likes. A failure names the seed, which
//! `TEST_BOOKS_SEED` sets again.

mod judges;
mod workload;

use anyhow::{Context as _, ensure};
use domain::Credits;
use futures::TryStreamExt as _;
use projections::export::{Format, Range, export};
use reqwest::Method;
use tests::{answer, program::Program, world};

use crate::{
    workload::Workload,
    world::{Person, World},
};

const TENANTS: usize = 6;
const STEPS: usize = 420;
/// A day that no entry of the books is of.
const AFTER_ALL: &str = "9999-01-01";

#[tokio::test]
async fn the_books_of_a_random_workload_hold() -> anyhow::Result<()> {
    let seed = seed()?;
    let world = World::start(&[]).await?;
    let people = Workload::new(seed).run(&world, TENANTS, STEPS).await;
    let people = people.with_context(|| format!("the workload of seed {seed}"))?;
    let checked = check(&world, &people).await;
    checked.with_context(|| format!("the books of seed {seed}"))
}

#[expect(clippy::disallowed_methods, reason = "whoever runs the test may say which workload")]
fn seed() -> anyhow::Result<u64> {
    match std::env::var("TEST_BOOKS_SEED") {
        Ok(seed) => seed.parse().context("TEST_BOOKS_SEED is a number"),
        Err(_) => Ok(rand::random()),
    }
}

async fn check(world: &World, people: &[Person]) -> anyhow::Result<()> {
    // Compared, switched to, and compared once more with what was switched to.
    for (arguments, said) in [
        (["rebuild", "--compare"].as_slice(), "at position"),
        (&["rebuild"], "at position"),
        (&["rebuild", "--compare"], "at position"),
        (&["audit", "verify"], "the log is whole"),
    ] {
        let outcome = command(world, arguments, said).await.with_context(|| arguments.join(" "))?;
        ensure!(said != "at position" || outcome.contains("are equal, byte for byte"), "{arguments:?}: {outcome}");
    }
    for person in people {
        check_tenant(world, person).await.with_context(|| person.tenant_id.clone())?;
    }
    check_all(world, people).await.context("the books of all tenants")
}

/// What a tenant exports, by both judges, against its account.
async fn check_tenant(world: &World, person: &Person) -> anyhow::Result<()> {
    for format in ["jsonl", "csv"] {
        let once = exported(person, format).await?;
        ensure!(!once.is_empty() && once == exported(person, format).await?, "{format} differs from itself");
    }
    let (hledger, beancount) = (exported(person, "hledger").await?, exported(person, "beancount").await?);
    let entries = String::from_utf8_lossy(&hledger);
    for kind in ["CreditsRecharged", "CreditsHeld", "HoldSettled"] {
        ensure!(entries.contains(kind), "the workload was idle: no {kind}");
    }
    judge(world, &person.tenant_id, (hledger, beancount), std::slice::from_ref(person)).await
}

async fn exported(person: &Person, format: &str) -> anyhow::Result<Vec<u8>> {
    let path = format!("/v1/ledger/export?format={format}");
    let answer = person.api.request(Method::GET, &path).send().await?.error_for_status()?;
    Ok(answer.bytes().await?.to_vec())
}

/// The books of the whole platform, as an auditor reads them.
async fn check_all(world: &World, people: &[Person]) -> anyhow::Result<()> {
    let pool = sqlx::PgPool::connect(&world.database_url()?).await?;
    let journals = (whole(&pool, Format::Hledger).await?, whole(&pool, Format::Beancount).await?);
    pool.close().await;
    ensure!(String::from_utf8_lossy(&journals.0).contains("HoldReleased"), "nothing ever failed");
    judge(world, "all", journals, people).await
}

async fn whole(pool: &sqlx::PgPool, format: Format) -> anyhow::Result<Vec<u8>> {
    let pieces: Vec<_> = export(pool.clone(), Range::default(), format).try_collect().await?;
    Ok(pieces.concat())
}

/// Both judges take the journal, also when it ends in what the accounts say.
async fn judge(
    world: &World,
    name: &str,
    (hledger, mut beancount): (Vec<u8>, Vec<u8>),
    people: &[Person],
) -> anyhow::Result<()> {
    let file = world.folder().join(format!("{name}.journal"));
    tokio::fs::write(&file, hledger).await?;
    let balances = judges::hledger(&file).await?;
    ensure!(balances.sum() == Credits::ZERO, "the postings do not sum to zero: {balances:?}");
    for person in people {
        let (account, tenant_id) = (person.api.account().await?, person.tenant_id.parse()?);
        for (branch, amount) in [("Liabilities:Credits", account.available), ("Liabilities:Holds", account.held)] {
            ensure!(balances.of(branch, &tenant_id) == -amount, "{balances:?} is not {account:?}");
            let name = judges::account(branch, &tenant_id);
            if beancount.windows(name.len()).any(|text| text == name.as_bytes()) {
                beancount.extend(format!("{AFTER_ALL} balance {name}  {} CREDIT\n", -amount).into_bytes());
            }
        }
    }
    let file = world.folder().join(format!("{name}.beancount"));
    tokio::fs::write(&file, beancount).await?;
    judges::bean_check(&file).await
}

/// A command of ours on this gateway's database; gives what it says after these words.
async fn command(world: &World, arguments: &[&str], said: &str) -> anyhow::Result<String> {
    let variables = [("DATABASE_URL".to_owned(), world.database_url()?)];
    let program = Program::of_this_build("zephyr", &arguments.join("-"), world.folder())?;
    program.with_arguments(arguments).with_variables(&variables).start_until(said).await
}
