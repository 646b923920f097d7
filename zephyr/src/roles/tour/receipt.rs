//! A receipt: what a job was quoted, held, charged and given back, beside what the ledger says of it.

use anyhow::{Context as _, bail};
use domain::Credits;
use serde_json::Value;

use super::gateway::{Gateway, credits};

/// How often the ledger is asked until it shows the end of a job: its projection follows the log.
const LOOKS: u32 = 50;
const LOOK_EVERY: std::time::Duration = std::time::Duration::from_millis(200);

/// What one job cost.
#[derive(Clone, Debug)]
pub struct Receipt {
    what: &'static str,
    job_id: String,
    quoted: Credits,
    job: Amounts,
    ledger: Amounts,
}

/// What moved for a job.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Amounts {
    held: Credits,
    charged: Credits,
    returned: Credits,
}

impl Receipt {
    /// The receipt of a job that is over.
    pub async fn of(gateway: &Gateway, what: &'static str, quoted: Credits, job_id: &str) -> anyhow::Result<Self> {
        let cost = &gateway.job(job_id).await?["cost"];
        let (held, charged) = (credits(&cost["held"])?, credits(&cost["charged"])?);
        let job = Amounts { held, charged, returned: held - charged };
        for _ in 0..LOOKS {
            let ledger = sum(&gateway.ledger(job_id).await?)?;
            if ledger.held == ledger.charged + ledger.returned && ledger.held != Credits::ZERO {
                return Ok(Self { what, job_id: job_id.to_owned(), quoted, job, ledger });
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        bail!("the ledger does not show the end of {job_id}")
    }

    /// The titles of the columns.
    pub fn header() -> String {
        format!("{:6} {:30} {:>12} {:>12} {:>12} {:>12}", "", "job", "quoted", "held", "charged", "returned")
    }

    /// The receipt as a line.
    pub fn line(&self) -> String {
        let Self { what, job_id, quoted, job, .. } = self;
        let [quoted, held, charged, returned] =
            [*quoted, job.held, job.charged, job.returned].map(|one| one.to_string());
        format!("{what:6} {job_id:30} {quoted:>12} {held:>12} {charged:>12} {returned:>12}")
    }

    /// Where the receipt and the ledger differ, in sentences.
    pub fn differences(&self) -> Vec<String> {
        let pairs = [
            ("held, against the quote", self.job.held, self.quoted),
            ("held, against the ledger", self.job.held, self.ledger.held),
            ("charged, against the ledger", self.job.charged, self.ledger.charged),
            ("returned, against the ledger", self.job.returned, self.ledger.returned),
        ];
        let different = pairs.into_iter().filter(|(_, said, expected)| said != expected);
        different.map(|(what, said, expected)| format!("{}: {what}: {said} is not {expected}", self.what)).collect()
    }
}

fn sum(lines: &[Value]) -> anyhow::Result<Amounts> {
    let mut amounts = Amounts::default();
    for line in lines {
        let amount = credits(&line["amount"])?;
        let amount = if amount.is_negative() { Credits::ZERO - amount } else { amount };
        match line["type"].as_str().context("a line without a type")? {
            "hold" => amounts.held += amount,
            "consume" => amounts.charged += amount,
            "release" => amounts.returned += amount,
            _ => {}
        }
    }
    Ok(amounts)
}
