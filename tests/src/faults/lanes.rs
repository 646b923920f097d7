//! Many seeds, two at a time: one lane for those in one process, one for those in several, which share a queue.

use crate::{faults::run, gateway::Template, services::Services};

/// What is told of each seed as soon as it is known.
pub type Tell<'a> = &'a (dyn Fn(&str) + Sync);

/// Runs seeds and tells of each. Gives what was told of those where something did not hold.
///
/// # Errors
/// When the services are missing or the gateway can't be furnished.
pub async fn run_all(seeds: &[u64], tell: Tell<'_>) -> anyhow::Result<Vec<String>> {
    let template = Template::furnish(Services::find()?).await?;
    let (even, odd): (Vec<u64>, Vec<u64>) = seeds.iter().partition(|seed| seed.is_multiple_of(2));
    let (one_process, several) = tokio::join!(lane(&template, &even, tell), lane(&template, &odd, tell));
    template.remove().await?;
    Ok([one_process, several].concat())
}

async fn lane(template: &Template, seeds: &[u64], tell: Tell<'_>) -> Vec<String> {
    let mut failed = Vec::new();
    for seed in seeds {
        let (told, holds) = match run::run(template, *seed).await {
            Ok(report) => (report.to_string(), report.holds()),
            Err(error) => (format!("seed {seed}: {error:#}\n  alone: make faults SEED={seed}"), false),
        };
        tell(&told);
        if !holds {
            failed.push(told);
        }
    }
    failed
}
