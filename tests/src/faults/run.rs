//! One seed from its plan to its verdict. What a failing run leaves behind is kept, and the report says where.

use std::{fmt, path::PathBuf, time::Instant};

use sqlx::Connection as _;

use super::{
    ending::drive_to_end,
    errand::{Clients, Told},
    history::{History, read_log, shown},
    invariants::{Violation, judge},
    kill::{Killed, carry_out},
    plan::Plan,
};
use crate::{
    gateway::{Gateway, Template},
    scratch::ScratchFolder,
};

/// The events of jobs that show what a run went through.
const TOLD_OF: [&str; 6] =
    ["JobSucceeded", "JobFailed", "JobCanceled", "AttemptStarted", "AttemptFailed", "OutcomeUnknown"];

/// What became of a run.
#[derive(Debug)]
pub struct Report {
    /// The run.
    pub plan: Plan,
    /// What was killed.
    pub killed: Vec<Killed>,
    /// How many jobs there were.
    pub jobs: usize,
    /// How often each of the events that [`TOLD_OF`] names happened to them.
    pub happened: Vec<(&'static str, usize)>,
    /// How long it took, in seconds.
    pub took_s: f64,
    /// What does not hold.
    pub violations: Vec<Violation>,
    /// Where logs and data are, when something does not hold.
    pub kept: Option<PathBuf>,
}

impl Report {
    /// Whether everything held.
    #[must_use]
    pub const fn holds(&self) -> bool {
        self.violations.is_empty()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Plan { seed, mode, .. } = self.plan;
        write!(f, "seed {seed:<4} {mode:?}: {:.1} s, {} jobs", self.took_s, self.jobs)?;
        for (event_type, count) in self.happened.iter().filter(|(_, count)| *count > 0) {
            write!(f, ", {count} {event_type}")?;
        }
        for Killed { kill, position, calls, sign_seen } in &self.killed {
            let sign = if *sign_seen { "at" } else { "at rest, after waiting for" };
            write!(f, "; killed {:?} {sign} {:?} + {:?}", kill.victims, kill.sign, kill.offset)?;
            write!(f, " (position {position}, {calls} calls)")?;
        }
        for violation in &self.violations {
            write!(f, "\n  BROKEN {violation}")?;
        }
        if let Some(kept) = &self.kept {
            write!(f, "\n  logs and data: {}\n  alone: make faults SEED={seed}", kept.display())?;
        }
        Ok(())
    }
}

/// Runs one seed.
///
/// # Errors
/// When the run could not be carried out, which says nothing good either.
pub async fn run(template: &Template, seed: u64) -> anyhow::Result<Report> {
    let began = Instant::now();
    let plan = Plan::of(seed);
    let folder = ScratchFolder::create(&format!("zephyr-faults-{seed}"))?;
    let mut gateway = match Gateway::start(template, plan.mode, folder.path(), plan.time_scale).await {
        Ok(gateway) => gateway,
        Err(error) => return Err(error.context(format!("logs: {}", folder.keep().display()))),
    };
    let played = play(&plan, &mut gateway).await;
    let (killed, history) = match played {
        Ok(played) => played,
        Err(error) => return Err(error.context(format!("logs: {}", folder.keep().display()))),
    };
    let violations = judge(&history);
    let kept = if violations.is_empty() {
        gateway.remove().await?;
        None
    } else {
        Some(folder.keep())
    };
    let (jobs, took_s) = (history.streams("job").len(), began.elapsed().as_secs_f64());
    Ok(Report { plan, killed, jobs, happened: happened(&history), took_s, violations, kept })
}

fn happened(history: &History) -> Vec<(&'static str, usize)> {
    let count = |event_type: &str| history.events.iter().filter(|event| event.event_type == event_type).count();
    TOLD_OF.iter().map(|event_type| (*event_type, count(event_type))).collect()
}

async fn play(plan: &Plan, gateway: &mut Gateway) -> anyhow::Result<(Vec<Killed>, History)> {
    gateway.upstream.schedule(&plan.faults).await?;
    let clients = Clients::of(gateway.api.clone(), plan.seed);
    let (told, killed) = tokio::join!(clients.run_all(plan), carry_out(plan, gateway));
    let (mut told, killed) = (told?, killed?);
    told.extend(clients.repeat_jobs(plan).await?);
    let history = look(gateway, told).await?;
    Ok((killed, history))
}

async fn look(gateway: &mut Gateway, told: Vec<Told>) -> anyhow::Result<History> {
    let mut ledger = gateway.database.connect().await?;
    let left = drive_to_end(&mut ledger).await?;
    gateway.must_live()?;
    let history = History {
        events: read_log(&mut ledger).await?,
        calls: gateway.upstream.calls().await?,
        account: Some(gateway.api.account().await?),
        shown: shown(&gateway.api, &told).await?,
        told,
        left,
    };
    ledger.close().await?;
    Ok(history)
}
