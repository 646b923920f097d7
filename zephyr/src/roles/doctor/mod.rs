//! `zephyr doctor`: looks at configuration and parts, one line each: ok, or what to do. It changes nothing.

mod catalog;
mod parts;

use anyhow::bail;
use projections::live::Live;
use sqlx::PgPool;

use crate::{
    config::{Config, ConfigError},
    console::say,
};

/// What a check found: what is good, or what to do.
type Finding = Result<String, String>;

/// Runs all checks.
///
/// # Errors
/// When one of them found something.
pub async fn run(config: &Config) -> anyhow::Result<()> {
    let mut report = Report::default();
    report.add("configuration", configuration(config));
    report.add("binaries", parts::binaries(config));
    let pool = report.keep("database", parts::database(config).await);
    if let Some(pool) = &pool {
        in_database(config, pool, &mut report).await;
    }
    report.add("broker", parts::broker(config).await);
    report.add("limits", parts::limits(config).await);
    report.add("objects", parts::objects(config).await);
    report.add("delivered catalog", catalog::delivered());
    match report.problems {
        0 => Ok(()),
        problems => bail!("{problems} of {} checks found something to do", report.checks),
    }
}

async fn in_database(config: &Config, pool: &PgPool, report: &mut Report) {
    report.add("log", parts::log(pool).await);
    report.add("clock", parts::clock(pool).await);
    let live = Live::load(pool).await.map(|(live, _)| live);
    match live {
        Ok(live) => {
            report.add("published catalog", catalog::published(&live));
            report.add("provider keys", catalog::keys(config, pool, &live).await);
            report.add("vault", catalog::vault(config, pool).await);
        }
        Err(error) => report.add("published catalog", Err(format!("{error}; run `zephyr migrate`"))),
    }
}

fn configuration(config: &Config) -> Finding {
    match config.parts.production() {
        Ok(_) => Ok("complete for api and worker".to_owned()),
        Err(ConfigError::Missing { name, purpose }) => {
            Err(format!("{name} is not set, which only `zephyr up` can do without; {purpose}"))
        }
        Err(error) => Err(error.to_string()),
    }
}

#[derive(Default)]
struct Report {
    checks: u32,
    problems: u32,
}

impl Report {
    fn add(&mut self, what: &str, finding: Finding) {
        self.checks += 1;
        match finding {
            Ok(good) => say(&format!("ok    {what}: {good}")),
            Err(remedy) => {
                self.problems += 1;
                say(&format!("FAIL  {what}: {remedy}"));
            }
        }
    }

    /// Adds a finding that brings something along.
    fn keep<T>(&mut self, what: &str, finding: Result<(String, T), String>) -> Option<T> {
        let (finding, kept) = match finding {
            Ok((good, kept)) => (Ok(good), Some(kept)),
            Err(remedy) => (Err(remedy), None),
        };
        self.add(what, finding);
        kept
    }
}
