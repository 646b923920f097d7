//! PostgreSQL itself crashes under load: it recovers from its write-ahead log, the gateway goes on by itself, and what
//! was acknowledged is there. Every job ends once, and the statement adds up.

use std::{
    fs,
    path::Path,
    process::Command,
    sync::atomic::{AtomicUsize, Ordering},
};

use anyhow::{Context as _, ensure};
use domain::Credits;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::Value;
use tests::api_client::ApiClient;
use tokio::sync::Notify;

use crate::{
    FLAT,
    answer::send,
    outage::ready,
    question, statement, video,
    world::{World, credits, text},
};

const CALLS: usize = 120;
const VIDEOS: usize = 6;
const AT_ONCE: usize = 12;
/// After how many answers the server crashes.
const CRASHES: [usize; 3] = [15, 50, 90];
/// Leases and policies of seconds, so that what was under way is judged soon.
const SOON: [(&str, &str); 2] = [("ZEPHYR_ATTEMPT_LEASE_MS", "1500"), ("ZEPHYR_POLICY_TIME_DIVISOR", "1000")];

/// Answers that came, for whoever waits for so many.
#[derive(Default)]
struct Answers {
    came: AtomicUsize,
    more: Notify,
}

impl Answers {
    fn add(&self) {
        self.came.fetch_add(1, Ordering::Relaxed);
        self.more.notify_one();
    }

    async fn reached(&self, count: usize) {
        while self.came.load(Ordering::Relaxed) < count {
            self.more.notified().await;
        }
    }
}

#[tokio::test]
async fn a_database_that_crashes_loses_nothing_that_was_acknowledged() -> anyhow::Result<()> {
    let world = World::embedded(&SOON).await?;
    let person = world.person("1000").await?;
    let answers = Answers::default();
    let chats = stream::iter(0..CALLS).map(|_| chat(&person.api, &answers)).buffer_unordered(AT_ONCE);
    let videos = stream::iter(0..VIDEOS).map(|number| video_job(&person.api, number, &answers)).buffer_unordered(2);
    let crashing = async {
        for count in CRASHES {
            answers.reached(count).await;
            crash_a_backend(&world.data_dir().join("postgres"))?;
        }
        anyhow::Ok(())
    };
    let (paid, submitted, ()) =
        tokio::try_join!(chats.try_collect::<Vec<_>>(), videos.try_collect::<Vec<_>>(), crashing)?;
    ready(&world, None).await?;

    let jobs = all_jobs(&person.api).await?;
    ensure!(submitted.iter().all(|id| jobs.iter().any(|job| job["id"] == id.as_str())), "an accepted job is there");
    let mut charged = Credits::ZERO;
    for job in &jobs {
        charged += end_of(&person.api, &text(&job["id"])?).await?;
    }
    let sums = statement::check(&person.api).await?;
    ensure!(sums.charged == charged && sums.held == sums.charged + sums.returned, "{charged} by jobs, but {sums:?}");
    let answered: Credits = paid.into_iter().fold(Credits::ZERO, |sum, cost| sum + cost);
    ensure!(answered > Credits::ZERO && answered <= charged, "{answered} was answered for, {charged} was charged");
    Ok(())
}

/// One call; what it cost, or nothing while the database is away.
async fn chat(api: &ApiClient, answers: &Answers) -> anyhow::Result<Credits> {
    let answer = send(api.post("/v1/chat/completions", &question(FLAT))).await?;
    answers.add();
    match answer.status {
        200 => Ok(answer.header("x-zephyr-cost").parse()?),
        503 => Ok(Credits::ZERO),
        other => anyhow::bail!("{other}: {}", answer.body),
    }
}

/// Submits a job until it is taken, as clients with an idempotency key do.
async fn video_job(api: &ApiClient, number: usize, answers: &Answers) -> anyhow::Result<String> {
    loop {
        let answer = send(api.post("/v1/jobs", &video()).header("idempotency-key", format!("video-{number}"))).await?;
        answers.add();
        match answer.status {
            202 => return text(&answer.body["id"]),
            // The first try may still be under way.
            409 | 503 => {}
            other => anyhow::bail!("{other}: {}", answer.body),
        }
    }
}

/// Kills a server process of the cluster without warning; its postmaster then ends all others and recovers.
fn crash_a_backend(cluster: &Path) -> anyhow::Result<()> {
    let told = fs::read_to_string(cluster.join("postmaster.pid")).context("the server runs")?;
    let postmaster: u32 = told.lines().next().context("it has a number")?.trim().parse()?;
    let children = fs::read_to_string(format!("/proc/{postmaster}/task/{postmaster}/children"))?;
    let serves = |pid: &&str| {
        let title = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        title.starts_with("postgres: zephyr ")
    };
    let backend = children.split_whitespace().find(serves).context("somebody is connected")?;
    let killed = Command::new("kill").args(["-9", backend]).status()?;
    ensure!(killed.success(), "the process {backend} was not killed");
    Ok(())
}

async fn all_jobs(api: &ApiClient) -> anyhow::Result<Vec<Value>> {
    let (mut all, mut after) = (Vec::new(), String::new());
    loop {
        let mut page: Value = api.get(&format!("/v1/jobs?limit=100{after}")).await?;
        all.extend(page["data"].as_array_mut().map(std::mem::take).unwrap_or_default());
        match page["next_cursor"].as_str() {
            Some(cursor) => after = format!("&after={cursor}"),
            None => return Ok(all),
        }
    }
}

/// Waits for a job's last event; what it charged.
async fn end_of(api: &ApiClient, job_id: &str) -> anyhow::Result<Credits> {
    let events = api.request(reqwest::Method::GET, &format!("/v1/jobs/{job_id}/events"));
    // The stream ends with the job.
    events.header("accept", "text/event-stream").send().await?.error_for_status()?.text().await?;
    let job: Value = api.get(&format!("/v1/jobs/{job_id}")).await?;
    let status = text(&job["status"])?;
    ensure!(["succeeded", "failed"].contains(&status.as_str()), "{job}");
    credits(&job["cost"]["charged"])
}
