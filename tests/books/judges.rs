//! hledger and beancount: programs that know nothing of us, asked whether a journal holds and what its balances are.

use std::{collections::BTreeMap, path::Path};

use anyhow::{Context as _, bail, ensure};
use domain::{Credits, id::TenantId, postings::tenant_name};
use tokio::process::Command;

/// The balance of every account of a journal.
#[derive(Debug)]
pub struct Balances(BTreeMap<String, Credits>);

impl Balances {
    /// The balance of a tenant's account below a branch of the chart.
    pub fn of(&self, branch: &str, tenant_id: &TenantId) -> Credits {
        self.0.get(&account(branch, tenant_id)).copied().unwrap_or_default()
    }

    /// All of them together.
    pub fn sum(&self) -> Credits {
        self.0.values().copied().sum()
    }
}

/// The name of a tenant's account below a branch of the chart.
pub fn account(branch: &str, tenant_id: &TenantId) -> String {
    format!("{branch}:{}", tenant_name(tenant_id))
}

/// Lets hledger check a journal with its balance assertions, and gives its balances.
pub async fn hledger(journal: &Path) -> anyhow::Result<Balances> {
    let program = tool("TEST_HLEDGER")?;
    run(&program, &["-f", path(journal)?, "check"]).await?;
    let csv = run(&program, &["-f", path(journal)?, "balance", "--flat", "--empty", "-N", "-O", "csv"]).await?;
    let mut balances = BTreeMap::new();
    for line in csv.lines().skip(1) {
        let (account, balance) = line.split_once(',').with_context(|| format!("no balance: {line}"))?;
        let amount = balance.trim_matches('"').trim_end_matches("CREDIT").trim();
        let amount: Credits = amount.parse().with_context(|| format!("no amount: {line}"))?;
        balances.insert(account.trim_matches('"').to_owned(), amount);
    }
    Ok(Balances(balances))
}

/// Lets beancount check a journal with its balance assertions.
pub async fn bean_check(journal: &Path) -> anyhow::Result<()> {
    run(&tool("TEST_BEAN_CHECK")?, &[path(journal)?]).await.map(drop)
}

async fn run(program: &str, arguments: &[&str]) -> anyhow::Result<String> {
    let done = Command::new(program).args(arguments).env("LC_ALL", "C.UTF-8").kill_on_drop(true).output().await?;
    if !done.status.success() {
        let (out, problems) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
        bail!("{program} {} ended with {}:\n{out}\n{problems}", arguments.join(" "), done.status);
    }
    Ok(String::from_utf8(done.stdout)?)
}

fn path(journal: &Path) -> anyhow::Result<&str> {
    let text = journal.to_str().context("the folder's name is text")?;
    ensure!(journal.is_file(), "{text} was not written");
    Ok(text)
}

#[expect(clippy::disallowed_methods, reason = "tests/with-services tells by the environment where the judges are")]
fn tool(name: &str) -> anyhow::Result<String> {
    std::env::var(name).with_context(|| format!("{name} is not set: run this under tests/with-services, as make does"))
}
